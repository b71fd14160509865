import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  createTrustedProxies,
  forwardingHeaders,
  identifyClient,
  plainAddress,
} from './forwarded.ts';
import { headerValue } from './headers.ts';

const trusted = createTrustedProxies(['10.0.0.0/8', 'fd00::/8', '::1']);

function client(peer: string, headers: string[] = []) {
  return identifyClient(peer, 'http', 'example.com', headers, trusted);
}

function forwarding(peer: string, headers: string[] = []) {
  return forwardingHeaders(client(peer, headers), peer, headers);
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
    assert.equal(plainAddress(undefined), 'unknown');
  });
});

describe('the client', () => {
  const said = [
    ...['X-Forwarded-For', '1.1.1.1', 'X-Forwarded-Proto', 'https'],
    ...['X-Forwarded-Host', 'public.example.com'],
  ];

  it('is the peer when the peer is not trusted, whatever it says', () => {
    assert.deepEqual(client('192.0.2.1', said), {
      address: '192.0.2.1',
      proto: 'http',
      host: 'example.com',
      isPeerTrusted: false,
    });
  });

  it('is who a trusted peer says it is', () => {
    assert.deepEqual(client('10.0.0.1', said), {
      address: '1.1.1.1',
      proto: 'https',
      host: 'public.example.com',
      isPeerTrusted: true,
    });
  });

  it('is the trusted peer itself when it says nothing', () => {
    assert.equal(client('10.0.0.1').address, '10.0.0.1');
    assert.equal(client('10.0.0.1', ['X-Forwarded-For', ' , ']).address, '10.0.0.1');
  });

  it('is nobody in particular when the socket has no address', () => {
    assert.equal(client('unknown', said).address, 'unknown');
  });

  it('is taken from Forwarded where there is no X-Forwarded field', () => {
    const forwarded = 'for=6.6.6.6, for="[2001:db8::7]:4711";proto=HTTPS;host="shop.example.com"';
    const said = client('10.0.0.1', ['Forwarded', forwarded]);
    assert.equal(said.address, '2001:db8::7');
    assert.equal(said.proto, 'https');
    assert.equal(said.host, 'shop.example.com');
    const both = client('10.0.0.1', ['Forwarded', forwarded, 'X-Forwarded-For', '1.1.1.1']);
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
      assert.equal(client('10.0.0.1', ['X-Forwarded-For', list]).address, address);
    });
  }

  it('is read from several fields as from one list', () => {
    const headers = ['X-Forwarded-For', '6.6.6.6', 'x-forwarded-for', '1.1.1.1'];
    assert.equal(client('10.0.0.1', headers).address, '1.1.1.1');
  });

  it('spoke the protocol of the nearest hop that said a known one', () => {
    const proto = (value: string) => client('10.0.0.1', ['X-Forwarded-Proto', value]).proto;
    assert.equal(proto('http, HTTPS'), 'https');
    assert.equal(proto('gopher'), 'http');
  });
});

describe('the forwarding fields', () => {
  it('begin anew for an untrusted peer', () => {
    const headers = ['X-Forwarded-For', '6.6.6.6', 'Forwarded', 'for=6.6.6.6'];
    assert.deepEqual(forwarding('192.0.2.1', headers), [
      ...['x-forwarded-for', '192.0.2.1'],
      ...['x-forwarded-proto', 'http'],
      ...['x-forwarded-host', 'example.com'],
      ...['forwarded', 'for=192.0.2.1;proto=http;host=example.com'],
    ]);
  });

  it('continue the lists of a trusted peer', () => {
    const headers = ['X-Forwarded-For', '1.1.1.1', 'Forwarded', 'for=1.1.1.1'];
    const fields = forwarding('10.0.0.1', headers);
    assert.equal(headerValue(fields, 'x-forwarded-for'), '1.1.1.1, 10.0.0.1');
    assert.equal(
      headerValue(fields, 'forwarded'),
      'for=1.1.1.1, for=10.0.0.1;proto=http;host=example.com',
    );
  });

  it('do not continue an empty list', () => {
    const fields = forwarding('10.0.0.1', ['X-Forwarded-For', '', 'Forwarded', '']);
    assert.equal(headerValue(fields, 'x-forwarded-for'), '10.0.0.1');
    assert.equal(headerValue(fields, 'forwarded'), 'for=10.0.0.1;proto=http;host=example.com');
  });

  it('quote an IPv6 address in Forwarded and leave it bare elsewhere', () => {
    const fields = forwarding('2001:db8::7');
    assert.equal(headerValue(fields, 'x-forwarded-for'), '2001:db8::7');
    assert.match(headerValue(fields, 'forwarded') ?? '', /^for="\[2001:db8::7\]";/);
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
      const fields = forwarding('10.0.0.1', ['X-Forwarded-Host', host]);
      assert.equal(headerValue(fields, 'forwarded'), `for=10.0.0.1;proto=http;host=${written}`);
    });
  }

  it('stay one well-formed element whatever a peer sends', () => {
    const name = fc.constantFrom('X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host');
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(',', ' ', '.', ':', '[', '"', '\\', '1', 'f', '%', ';') }),
      fc.ipV6(),
    );
    const headers = fc.array(fc.tuple(name, text)).map((list) => list.flat());
    const peer = fc.constantFrom('10.0.0.1', '192.0.2.1', '::1', 'fd00::9', 'unknown');
    const element =
      /^for=("\[[\d:a-f]+\]"|[\d.]+|unknown);proto=https?;host=([\w.!#$%&'*+^`|~-]+|"([^"\\]|\\.)*")$/s;
    fc.assert(
      fc.property(peer, headers, (address, list) => {
        assert.match(headerValue(forwarding(address, list), 'forwarded') ?? '', element);
      }),
      { numRuns: 1_000 },
    );
  });
});
