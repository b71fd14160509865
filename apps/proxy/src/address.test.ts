import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addressOf, formatAddress, parseAddress } from './address.ts';

describe('parseAddress', () => {
  const good: [text: string, host: string, port: number][] = [
    ['127.0.0.1:8080', '127.0.0.1', 8080],
    ['localhost:0', 'localhost', 0],
    ['0.0.0.0:65535', '0.0.0.0', 65_535],
    ['[::1]:80', '::1', 80],
    ['[::ffff:127.0.0.1]:80', '::ffff:127.0.0.1', 80],
    ['edge.internal:00080', 'edge.internal', 80],
  ];
  for (const [text, host, port] of good) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parseAddress(text), { ok: true, host, port });
      assert.deepEqual(parseAddress(formatAddress(host, port)), { ok: true, host, port });
    });
  }

  const bad = [
    '',
    ':80',
    '127.0.0.1',
    '::1:80',
    '[::1]',
    '[x]:80',
    'a b:80',
    'a:-1',
    'a:8o',
    '[]:1',
  ];
  for (const text of bad) {
    it(`refuses "${text}" and says what it should look like`, () => {
      const reason = `expected host:port such as 127.0.0.1:8080, got "${text}"`;
      assert.deepEqual(parseAddress(text), { ok: false, reason });
    });
  }

  it('refuses a port beyond 65535', () => {
    const reason = 'expected a port from 0 to 65535, got 65536';
    assert.deepEqual(parseAddress('a:65536'), { ok: false, reason });
  });
});

describe('addressOf', () => {
  it('throws what is wrong with an address that was never checked', () => {
    assert.throws(() => addressOf('nowhere'), /expected host:port/);
  });
});

describe('formatAddress', () => {
  it('brackets IPv6 hosts only', () => {
    assert.equal(formatAddress('::1', 80), '[::1]:80');
    assert.equal(formatAddress('127.0.0.1', 80), '127.0.0.1:80');
  });
});
