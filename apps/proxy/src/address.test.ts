import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  endpointOf,
  formatAddress,
  formatEndpoint,
  parseAddress,
  parseUpstreamUrl,
  tlsNameOf,
  upstreamAddressOf,
} from './address.ts';

describe('parseAddress', () => {
  const good: [text: string, host: string, port: number][] = [
    ['127.0.0.1:8080', '127.0.0.1', 8080],
    ['localhost:0', 'localhost', 0],
    ['0.0.0.0:65535', '0.0.0.0', 65_535],
    ['[::1]:80', '::1', 80],
    ['[::ffff:127.0.0.1]:80', '::ffff:127.0.0.1', 80],
    ['edge.internal:00080', 'edge.internal', 80],
    ['unix.internal:80', 'unix.internal', 80],
  ];
  for (const [text, host, port] of good) {
    it(`reads ${text}`, () => {
      const endpoint = { kind: 'tcp', host, port } as const;
      assert.deepEqual(parseAddress(text), { ok: true, endpoint });
      assert.deepEqual(parseAddress(formatEndpoint(endpoint)), { ok: true, endpoint });
    });
  }

  for (const path of ['/run/edge.sock', '/a b:80', '/%20/ü', `/${'x'.repeat(106)}`]) {
    it(`reads unix:${path} as it is written`, () => {
      const endpoint = { kind: 'unix', path } as const;
      assert.deepEqual(parseAddress(`unix:${path}`), { ok: true, endpoint });
      assert.equal(formatEndpoint(endpoint), `unix:${path}`);
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
    'unix',
    '/run/edge.sock',
    'UNIX:/run/edge.sock',
  ];
  for (const text of bad) {
    it(`refuses "${text}" and says what it should look like`, () => {
      const reason = `expected host:port such as 127.0.0.1:8080 or unix:/path, got "${text}"`;
      assert.deepEqual(parseAddress(text), { ok: false, reason });
    });
  }

  it('refuses a port beyond 65535', () => {
    const reason = 'expected a port from 0 to 65535, got 65536';
    assert.deepEqual(parseAddress('a:65536'), { ok: false, reason });
  });

  for (const text of ['unix:', 'unix:8080', 'unix:edge.sock', 'unix:./edge.sock', 'unix:/run/']) {
    it(`refuses ${text}, which is no absolute path of a socket`, () => {
      const reason = `expected an absolute path such as unix:/run/app.sock, got "${text}"`;
      assert.deepEqual(parseAddress(text), { ok: false, reason });
    });
  }

  it('refuses a unix path with a NUL, where the kernel would end it', () => {
    const reason = 'expected a path without NUL, got "unix:/run/a\\u0000b"';
    assert.deepEqual(parseAddress('unix:/run/a\0b'), { ok: false, reason });
  });

  for (const path of [`/${'x'.repeat(107)}`, `/x${'ü'.repeat(53)}`]) {
    it(`refuses a unix path of 108 bytes in ${path.length} characters`, () => {
      const reason =
        "expected a path of at most 107 bytes (the most a unix socket's name has), got 108";
      assert.deepEqual(parseAddress(`unix:${path}`), { ok: false, reason });
    });
  }
});

describe('endpointOf', () => {
  it('throws what is wrong with an address that was never checked', () => {
    assert.throws(() => endpointOf('nowhere'), /expected host:port/);
  });
});

describe('formatAddress', () => {
  it('brackets IPv6 hosts only', () => {
    assert.equal(formatAddress('::1', 80), '[::1]:80');
    assert.equal(formatAddress('127.0.0.1', 80), '127.0.0.1:80');
  });
});

describe('parseUpstreamUrl', () => {
  const good: [text: string, key: string, host: string, port: number, isSecure: boolean][] = [
    ['http://127.0.0.1:4001', 'http://127.0.0.1:4001', '127.0.0.1', 4001, false],
    ['HTTP://A.internal:80/', 'http://a.internal', 'a.internal', 80, false],
    ['http://a.internal', 'http://a.internal', 'a.internal', 80, false],
    ['https://a.internal', 'https://a.internal', 'a.internal', 443, true],
    ['https://a.internal:80', 'https://a.internal:80', 'a.internal', 80, true],
    ['http://[::1]:81', 'http://[::1]:81', '::1', 81, false],
  ];
  for (const [text, key, host, port, isSecure] of good) {
    it(`reads ${text}`, () => {
      const address = { key, endpoint: { kind: 'tcp', host, port }, isSecure };
      assert.deepEqual(parseUpstreamUrl(text), { ok: true, address });
    });
  }

  it('reads unix:/path, which is known by its path and speaks plain HTTP', () => {
    const endpoint = { kind: 'unix', path: '/run/app.sock' };
    const address = { key: 'unix:/run/app.sock', endpoint, isSecure: false };
    assert.deepEqual(parseUpstreamUrl('unix:/run/app.sock'), { ok: true, address });
  });

  const bad: [text: string, expected: string][] = [
    ['nonsense', 'a URL such as http://127.0.0.1:4001 or unix:/path'],
    ['ftp://a.internal', 'an http or https URL'],
    ['http://a.internal/api', 'scheme, host and port only'],
    ['http://a.internal/?x', 'scheme, host and port only'],
    ['http://a.internal/#x', 'scheme, host and port only'],
    ['http://me@a.internal', 'scheme, host and port only'],
    ['http://:secret@a.internal', 'scheme, host and port only'],
    ['unix:app.sock', 'an absolute path such as unix:/run/app.sock'],
  ];
  for (const [text, expected] of bad) {
    it(`refuses ${text}`, () => {
      const reason = `expected ${expected}, got "${text}"`;
      assert.deepEqual(parseUpstreamUrl(text), { ok: false, reason });
      assert.throws(() => upstreamAddressOf(text), { message: reason });
    });
  }
});

describe('tlsNameOf', () => {
  const names: [url: string, name: string | undefined][] = [
    ['https://api.example.com:8443', 'api.example.com'],
    ['https://127.0.0.1', undefined],
    ['https://[::1]:8443', undefined],
    ['http://api.example.com', undefined],
    ['unix:/run/app.sock', undefined],
  ];
  for (const [url, name] of names) {
    it(`asks ${url} for ${name ?? 'no name'}`, () => {
      assert.equal(tlsNameOf(upstreamAddressOf(url)), name);
    });
  }

  it('asks for the name that was given instead, where there is TLS', () => {
    const name = 'items.example.com';
    assert.equal(tlsNameOf(upstreamAddressOf('https://127.0.0.1', name)), name);
    assert.equal(tlsNameOf(upstreamAddressOf('https://other.example.com', name)), name);
    assert.equal(tlsNameOf(upstreamAddressOf('http://127.0.0.1', name)), undefined);
    assert.equal(upstreamAddressOf('https://127.0.0.1', name).key, 'https://127.0.0.1');
  });
});
