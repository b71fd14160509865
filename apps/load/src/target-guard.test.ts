import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createTargetGuard, isLoopbackHost } from './target-guard.ts';

const guard = createTargetGuard({ ownedHosts: [] });

function lookup(one: typeof guard, host: string, all = true): Promise<string[]> {
  return new Promise((resolve, reject) => {
    one.lookup(host, { all }, (error, addresses: string | LookupAddress[]) => {
      if (error) reject(error);
      else if (typeof addresses === 'string') resolve([addresses]);
      else resolve(addresses.map(({ address }) => address));
    });
  });
}

describe('URLs', () => {
  const loopback = [
    'http://127.0.0.1:8080/items',
    'https://127.255.255.254',
    'http://127.1',
    'http://0x7f.1',
    'http://0x7f000001',
    'http://2130706433',
    'http://0177.0.0.1',
    'http://127.0.0.1.',
    'http://[::1]:80',
    'http://[0:0:0:0:0:0:0:1]',
    'http://[::ffff:127.0.0.1]',
    'http://[::FFFF:7f00:1]',
    'http://user:10.0.0.1@127.0.0.1',
    'ws://127.0.0.1/live',
    'wss://LOCALHOST./live',
    'http://localhost',
  ];
  for (const url of loopback) it(`lets ${url} pass`, () => guard.check(new URL(url)));

  const strangers = [
    'http://10.0.0.1',
    'http://0.0.0.0',
    'http://0',
    'http://[::]',
    'http://[::2]',
    'http://[::127.0.0.1]',
    'http://[fe80::1]',
    'http://[::ffff:10.0.0.1]',
    'http://[64:ff9b::7f00:1]',
    'http://126.255.255.255',
    'http://128.0.0.1',
    'http://127.0.0.1@10.0.0.1',
    'http://127.0.0.1:80@10.0.0.1',
    'http://0x0a000001',
    'http://012.0.0.1',
    'http://167772161',
    'http://10.0.0.1.',
    'http://１０.0.0.1',
    'wss://192.168.0.1',
  ];
  for (const url of strangers) {
    it(`refuses ${url}`, () => {
      assert.throws(() => guard.check(new URL(url)), {
        message: /^\S+ is not this machine; when it is yours to load, add --i-own-this-host \S+$/,
      });
    });
  }

  it('refuses schemes whose hosts are not normalised', () => {
    assert.throws(() => guard.check(new URL('other://0x0a000001')), TypeError);
  });

  it('has no zones in literal addresses, which therefore are no way around it', () => {
    assert.throws(() => new URL('http://[::1%25eth0]'));
    assert.throws(() => new URL('http://[fe80::1%eth0]'));
  });

  it('takes an IPv4 address, in whatever form, for loopback exactly when it begins with 127', () => {
    fc.assert(
      fc.property(fc.nat({ max: 0xffffffff }), fc.constantFrom(10, 16), (number, radix) => {
        const text = radix === 16 ? `0x${number.toString(16)}` : `${number}`;
        const url = new URL(`http://${text}`);
        assert.equal(isLoopbackHost(url.hostname), number >>> 24 === 127);
        const mapped = `[::ffff:${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}]`;
        assert.equal(isLoopbackHost(new URL(`http://${mapped}`).hostname), number >>> 24 === 127);
      }),
    );
  });
});

describe('addresses with a zone, as a lookup returns them', () => {
  it('are judged without it', () => {
    assert.equal(isLoopbackHost('fe80::1%eth0'), false);
    assert.equal(isLoopbackHost('::1%lo'), true);
  });
});

describe('owned hosts', () => {
  const owner = createTargetGuard({
    ownedHosts: ['10.0.0.1', 'fe80::1', '[fe80::2]', 'Staging.Example.', '0xa000002'],
  });

  it('pass, whatever their form', () => {
    for (const host of ['10.0.0.1', '[fe80::1]', '[fe80:0::2]', 'staging.example', '10.0.0.2.']) {
      owner.check(new URL(`http://${host}:8080/`));
    }
  });

  it('say nothing about others', () => {
    assert.throws(() => owner.check(new URL('http://10.0.0.3')), /--i-own-this-host 10\.0\.0\.3/);
  });

  for (const host of ['', 'http://x', 'x/y', 'x:80', '[::1]:80', 'a b', 'user@x', 'x?y']) {
    it(`cannot be called "${host}"`, () => {
      assert.throws(() => createTargetGuard({ ownedHosts: [host] }), TypeError);
    });
  }
});

describe('lookup', () => {
  it('resolves names of this machine, in both forms of the answer', async () => {
    for (const address of await lookup(guard, 'localhost')) assert.ok(isLoopbackHost(address));
    assert.ok(isLoopbackHost((await lookup(guard, 'localhost', false))[0] as string));
  });

  // A literal address is looked up as itself, which stands for a name that means it.
  it('refuses a name that means another machine, saying which', async () => {
    await assert.rejects(lookup(guard, '192.0.2.1'), /192\.0\.2\.1 is not this machine/);
    await assert.rejects(lookup(guard, '192.0.2.1', false), /--i-own-this-host 192\.0\.2\.1/);
    await assert.rejects(lookup(guard, '::'), /not this machine/);
  });

  it('resolves an owned name to whatever it means', async () => {
    const owner = createTargetGuard({ ownedHosts: ['192.0.2.1'] });
    assert.deepEqual(await lookup(owner, '192.0.2.1'), ['192.0.2.1']);
  });

  it('passes on that a name means nothing', async () => {
    await assert.rejects(lookup(guard, 'nowhere.invalid'), { code: /ENOTFOUND|EAI_AGAIN/ });
  });
});
