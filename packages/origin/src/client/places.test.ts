import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PartnerClientOptions } from './partner-options.ts';
import { placesOf } from './places.ts';
import { setUpWithin } from './wire.test-support.ts';

const take = (upstreams: PartnerClientOptions['upstreams']) => placesOf({ name: 'p', upstreams });

test('one address or several, with one base path', () => {
  assert.equal(take('http://one').basePath, '');
  const { places, basePath } = take(['http://one/v1/', { url: 'https://two/v1', weight: 2 }]);
  assert.equal(basePath, '/v1');
  assert.deepEqual(
    places.map(({ url, weight }) => [url.origin, weight]),
    [
      ['http://one', 1],
      ['https://two', 2],
    ],
  );
});

test('what is no address is refused by name', () => {
  for (const upstreams of ['', 'one:80', 'ftp://one', '/path', []]) {
    assert.throws(() => take(upstreams), /partner p/, JSON.stringify(upstreams));
  }
  for (const url of ['http://me:secret@one', 'http://one/?q', 'http://one/#f']) {
    assert.throws(() => take(url), /credentials, a query or a fragment/, url);
    assert.throws(
      () => take(url),
      (error) => !String(error).includes('secret'),
    );
  }
  assert.throws(() => take(['http://one/a', 'http://two/b']), /different paths/);
});

test('the same address twice, and numbers that make no sense, are refused', () => {
  const refused: [Partial<PartnerClientOptions>, RegExp][] = [
    [{ upstreams: ['http://one', 'http://one/'] }, /lists upstream "http:\/\/one" twice/],
    [{ timeoutMs: 0 }, /partner partner: timeoutMs is 0/],
    [{ attemptTimeoutMs: Number.NaN }, /attemptTimeoutMs is NaN/],
    [{ maxConnections: 0 }, /maxConnections is 0/],
    [{ maxInFlight: 1.5 }, /maxInFlight is 1.5/],
    [{ maxQueue: -1 }, /maxQueue is -1/],
    [{ retry: { maxAttempts: 0 } }, /retry.maxAttempts is 0/],
    [{ headers: { host: 'evil' } }, /header host is the client's own/],
    [{ headers: { x: 'a\r\nb: c' } }, /header x has a value/],
  ];
  for (const [options, message] of refused) {
    assert.throws(() => setUpWithin({ tick: () => {} }, options), message);
  }
});
