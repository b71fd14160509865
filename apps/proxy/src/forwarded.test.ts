import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fieldsIn, fieldsOf } from './fields.test-support.ts';
import { type Client, createTrustedProxies, Peer, plainAddress } from './forwarded.ts';
import { fieldValue } from './headers.ts';

const trusted = createTrustedProxies(['10.0.0.0/8', 'fd00::/8', '::1']);

function client(peer: string, lines: string[] = []): Client {
  return new Peer(peer, 'http').identify('example.com', fieldsOf(...lines), trusted);
}

/** What upstreams are told about a request, field by field. */
function forwarding(peer: string, lines: string[] = []) {
  const fields = fieldsIn(client(peer, lines).lines);
  return (name: string) => fieldValue(fields, name);
}

describe('trusted proxies', () => {
  const cases: [address: string, isTrusted: boolean][] = [
    ['10.0.0.1', true],
    ['10.255.255.255', true],
    ['11.0.0.1', false],
    ['::ffff:10.0.0.1', true],
    ['fd12::1', true],
    ['fe80::1', false],
    ['::1', true],
    ['0:0:0:0:0:0:0:1', true],
    ['127.0.0.1', false],
  ];
  for (const [address, isTrusted] of cases) {
    it(`${isTrusted ? 'have' : 'have not'} ${address} among them`, () => {
      assert.equal(trusted.has(address), isTrusted);
    });
  }

  it('have peers over Unix sockets among them when "unix" is listed', () => {
    assert.equal(trusted.has('unix'), false);
    assert.equal(createTrustedProxies(['10.0.0.0/8', 'unix']).has('unix'), true);
  });

  it('are nobody unless listed', () => {
    assert.equal(createTrustedProxies([]).has('127.0.0.1'), false);
  });

  for (const range of ['', 'localhost', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/-1', '10.0/8']) {
    it(`cannot be given as "${range}"`, () => {
      assert.throws(() => createTrustedProxies([range]), {
        message: `expected an address or a range such as 10.0.0.0/8, got "${range}"`,
      });
    });
  }

  it('cannot be given with two prefixes', () => {
    assert.throws(() => createTrustedProxies(['10.0.0.0/8/9']), /got "10.0.0.0\/8\/9"/);
  });
});

describe('plainAddress', () => {
  it('writes an IPv4-mapped address as IPv4 and leaves others alone', () => {
    assert.equal(plainAddress('::ffff:127.0.0.1'), '127.0.0.1');
    assert.equal(plainAddress('::1'), '::1');
    assert.equal(plainAddress('::ffff:1'), '::ffff:1');
  });
});

describe('the client', () => {
  const said = [
    'X-Forwarded-For: 1.1.1.1',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: public.example.com',
  ];

  it('is the peer when the peer is not trusted, whatever it says', () => {
    const { lines, ...facts } = client('192.0.2.1', said);
    assert.deepEqual(facts, {
      address: '192.0.2.1',
      proto: 'http',
      host: 'example.com',
      isPeerTrusted: false,
    });
  });

  it('is who a trusted peer says it is', () => {
    const { lines, ...facts } = client('10.0.0.1', said);
    assert.deepEqual(facts, {
      address: '1.1.1.1',
      proto: 'https',
      host: 'public.example.com',
      isPeerTrusted: true,
    });
  });

  it('is the trusted peer itself when it says nothing', () => {
    assert.equal(client('10.0.0.1').address, '10.0.0.1');
    assert.equal(client('10.0.0.1', ['X-Forwarded-For: ,']).address, '10.0.0.1');
  });

  it('is nobody in particular when the socket has no address', () => {
    assert.equal(client('unknown', said).address, 'unknown');
  });

  it('is taken from Forwarded where there is no X-Forwarded field', () => {
    const forwarded = 'for=6.6.6.6, for="[2001:db8::7]:4711";proto=HTTPS;host="shop.example.com"';
    const said = client('10.0.0.1', [`Forwarded: ${forwarded}`]);
    assert.equal(said.address, '2001:db8::7');
    assert.equal(said.proto, 'https');
    assert.equal(said.host, 'shop.example.com');
    const both = client('10.0.0.1', [`Forwarded: ${forwarded}`, 'X-Forwarded-For: 1.1.1.1']);
    assert.equal(both.address, '1.1.1.1');
  });

  const chains: [list: string, address: string, why: string][] = [
    ['6.6.6.6, 1.1.1.1', '1.1.1.1', 'what lies beyond an untrusted hop is hearsay'],
    ['6.6.6.6, 1.1.1.1, 10.0.0.2', '1.1.1.1', 'trusted hops are stepped over'],
    ['10.0.0.3, 10.0.0.2', '10.0.0.3', 'the farthest hop counts when all are trusted'],
    ['1.1.1.1, ::ffff:10.0.0.2', '1.1.1.1', 'mapped addresses are trusted as IPv4'],
    ['1.1.1.1, fd00::2', '1.1.1.1', 'IPv6 hops are trusted as well'],
    ['::ffff:1.1.1.1, 10.0.0.2', '1.1.1.1', 'a mapped address is the IPv4 client'],
    ['2001:db8::7', '2001:db8::7', 'a client may have an IPv6 address'],
    ['1.1.1.1, garbage', '10.0.0.1', 'garbage names nobody, and ends the chain'],
    ['1.1.1.1, garbage, 10.0.0.2', '10.0.0.2', 'the last address that is known counts'],
    ['1.1.1.1:4711, 10.0.0.2', '1.1.1.1', 'a port is not part of the address'],
    ['[2001:db8::7]:4711', '2001:db8::7', 'nor are the brackets of an IPv6 address'],
  ];
  for (const [list, address, why] of chains) {
    it(`is ${address} for "${list}": ${why}`, () => {
      assert.equal(client('10.0.0.1', [`X-Forwarded-For: ${list}`]).address, address);
    });
  }

  it('is read from several fields as from one list', () => {
    const lines = ['X-Forwarded-For: 6.6.6.6', 'x-forwarded-for: 1.1.1.1'];
    assert.equal(client('10.0.0.1', lines).address, '1.1.1.1');
  });

  it('spoke the protocol of the nearest hop that said a known one', () => {
    const proto = (value: string) => client('10.0.0.1', [`X-Forwarded-Proto: ${value}`]).proto;
    assert.equal(proto('http, HTTPS'), 'https');
    assert.equal(proto('gopher'), 'http');
  });

  it('may speak through a trusted peer on a Unix socket, or be one nobody knows', () => {
    const unixTrusted = createTrustedProxies(['unix']);
    const fields = fieldsOf('X-Forwarded-For: 1.1.1.1');
    const peer = new Peer('unix', 'http');
    assert.equal(peer.identify('example.com', fields, unixTrusted).address, '1.1.1.1');
    assert.equal(peer.identify('example.com', fields, trusted).address, 'unix');
  });
});

describe('a peer with many requests', () => {
  const none = fieldsOf();

  it('is described anew only when the host is another', () => {
    const peer = new Peer('192.0.2.1', 'http');
    const first = peer.identify('a', none, trusted);
    assert.equal(peer.identify('a', none, trusted), first);
    assert.equal(peer.identify('b', none, trusted).host, 'b');
    assert.equal(peer.identify('a', none, trusted).host, 'a');
  });

  it('speaks for another client with every request when it is trusted', () => {
    const peer = new Peer('10.0.0.1', 'http');
    for (const address of ['1.1.1.1', '2.2.2.2']) {
      const fields = fieldsOf(`X-Forwarded-For: ${address}`);
      assert.equal(peer.identify('a', fields, trusted).address, address);
    }
  });

  it('is trusted, and no longer trusted, as soon as the configuration says so', () => {
    const peer = new Peer('192.0.2.1', 'http');
    const fields = fieldsOf('X-Forwarded-For: 1.1.1.1');
    const others = createTrustedProxies(['192.0.2.1']);
    const attributed = [trusted, others, trusted].map((list) => {
      const { address, isPeerTrusted } = peer.identify('a', fields, list);
      return [address, isPeerTrusted];
    });
    assert.deepEqual(attributed, [
      ['192.0.2.1', false],
      ['1.1.1.1', true],
      ['192.0.2.1', false],
    ]);
  });
});

describe('the forwarding fields', () => {
  it('begin anew for an untrusted peer', () => {
    const { lines } = client('192.0.2.1', ['X-Forwarded-For: 6.6.6.6', 'Forwarded: for=6.6.6.6']);
    // In what order fields of different names come says nothing, and there may be others.
    const told = lines.split('\r\n').filter((line) => /^(x-)?forwarded/.test(line));
    assert.deepEqual(told.sort(), [
      'forwarded: for=192.0.2.1;proto=http;host=example.com',
      'x-forwarded-for: 192.0.2.1',
      'x-forwarded-host: example.com',
      'x-forwarded-proto: http',
    ]);
  });

  it('continue the lists of a trusted peer', () => {
    const field = forwarding('10.0.0.1', ['X-Forwarded-For: 1.1.1.1', 'Forwarded: for=1.1.1.1']);
    assert.equal(field('x-forwarded-for'), '1.1.1.1, 10.0.0.1');
    assert.equal(field('forwarded'), 'for=1.1.1.1, for=10.0.0.1;proto=http;host=example.com');
  });

  it('do not continue an empty list', () => {
    const field = forwarding('10.0.0.1', ['X-Forwarded-For:', 'Forwarded:']);
    assert.equal(field('x-forwarded-for'), '10.0.0.1');
    assert.equal(field('forwarded'), 'for=10.0.0.1;proto=http;host=example.com');
  });

  it('quote an IPv6 address in Forwarded and leave it bare elsewhere', () => {
    const field = forwarding('2001:db8::7');
    assert.equal(field('x-forwarded-for'), '2001:db8::7');
    assert.match(field('forwarded') ?? '', /^for="\[2001:db8::7\]";/);
  });

  it('call a peer without an address unknown', () => {
    const field = forwarding('unix');
    assert.equal(field('x-forwarded-for'), 'unknown');
    assert.match(field('forwarded') ?? '', /^for=unknown;/);
  });

  const hosts: [host: string, written: string][] = [
    ['example.com', 'example.com'],
    ['example.com:8080', '"example.com:8080"'],
    ['[::1]:80', '"[::1]:80"'],
    ['a";for=evil', '"a\\";for=evil"'],
    ['a\\', '"a\\\\"'],
  ];
  for (const [host, written] of hosts) {
    it(`write host ${host} as ${written}`, () => {
      const field = forwarding('10.0.0.1', [`X-Forwarded-Host: ${host}`]);
      assert.equal(field('forwarded'), `for=10.0.0.1;proto=http;host=${written}`);
    });
  }

  it('stay one well-formed element whatever a peer sends', () => {
    const name = fc.constantFrom('X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host');
    const byte = fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f);
    const text = fc.oneof(
      fc.string({ unit: byte.map((code) => String.fromCharCode(code)) }),
      fc.string({ unit: fc.constantFrom(',', ' ', '.', ':', '[', '"', '\\', '1', 'f', '%', ';') }),
      fc.ipV6(),
    );
    const lines = fc.array(fc.tuple(name, text).map(([each, value]) => `${each}: ${value}`));
    const peer = fc.constantFrom('10.0.0.1', '192.0.2.1', '::1', 'fd00::9', 'unknown');
    const element =
      /^for=("\[[\d:a-f]+\]"|[\d.]+|unknown);proto=https?;host=([\w.!#$%&'*+^`|~-]+|"([^"\\]|\\.)*")$/s;
    fc.assert(
      fc.property(peer, lines, (address, list) => {
        assert.match(forwarding(address, list)('forwarded') ?? '', element);
      }),
      { numRuns: 1_000 },
    );
  });
});
