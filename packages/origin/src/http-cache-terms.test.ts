import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CacheTermsOptions, type Duration, termsOf } from './http-cache-terms.ts';

const said = (options: CacheTermsOptions) => {
  const { cacheControl, cdnCacheControl } = termsOf(options).success;
  return [cacheControl, cdnCacheControl];
};

test('without an audience browsers and shared caches are told the same', () => {
  assert.deepEqual(said({ maxAge: '30s' }), ['max-age=30', undefined]);
  assert.deepEqual(said({ maxAge: '1m', staleWhileRevalidate: '5m', staleIfError: '1h' }), [
    'max-age=60, stale-while-revalidate=300, stale-if-error=3600',
    undefined,
  ]);
});

test('what is for shared caches alone browsers ask for each time', () => {
  assert.deepEqual(said({ maxAge: '30s', staleIfError: '1m', audience: 'shared' }), [
    'no-cache',
    'max-age=30, stale-if-error=60',
  ]);
});

test('what is for one browser is private, and no other cache is told of it', () => {
  assert.deepEqual(said({ maxAge: '24h', audience: 'browser' }), [
    'private, max-age=86400',
    undefined,
  ]);
});

test('browsers may have lifetimes of their own', () => {
  const audience = { browser: { maxAge: '5s', staleWhileRevalidate: '10s' } } as const;
  assert.deepEqual(said({ maxAge: '1h', audience }), [
    'max-age=5, stale-while-revalidate=10',
    'max-age=3600',
  ]);
});

test('answers to those who have sent Authorization are shared when that is said, and only then', () => {
  assert.deepEqual(said({ maxAge: '30s', mayShareAuthorized: true }), [
    'public, max-age=30',
    undefined,
  ]);
  assert.deepEqual(said({ maxAge: '30s', mayShareAuthorized: true, audience: 'shared' }), [
    'public, no-cache',
    'public, max-age=30',
  ]);
});

test('what is missing is kept for as long as that was said, and not at all otherwise', () => {
  assert.equal(termsOf({ maxAge: '30s' }).negative.cacheControl, 'no-store');
  const negative = { maxAge: '2s' } as const;
  assert.equal(termsOf({ maxAge: '30s', negative }).negative.cacheControl, 'max-age=2');
  assert.deepEqual(termsOf({ maxAge: '30s', negative, audience: 'shared' }).negative, {
    cacheControl: 'no-cache',
    cdnCacheControl: 'max-age=2',
  });
});

test('a number is milliseconds, and all of them have to be whole seconds', () => {
  assert.deepEqual(said({ maxAge: 30_000 }), ['max-age=30', undefined]);
  assert.deepEqual(said({ maxAge: 0 }), ['max-age=0', undefined]);
  assert.deepEqual(said({ maxAge: '2000ms' }), ['max-age=2', undefined]);
  const wrong = [-1000, 1500, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 42, '1500ms', '-5s', '30'];
  for (const maxAge of wrong as Duration[]) {
    assert.throws(
      () => termsOf({ maxAge }),
      /^RangeError: maxAge must be whole seconds/,
      `${maxAge}`,
    );
  }
});

test('the option that is wrong is named', () => {
  const maxAge = '30s';
  const cases: [CacheTermsOptions, RegExp][] = [
    [{ maxAge, staleIfError: -1 }, /staleIfError must be/],
    [{ maxAge, negative: { maxAge: '1500ms' } }, /negative\.maxAge must be/],
    [{ maxAge, audience: { browser: { maxAge: -1 } } }, /audience\.browser\.maxAge must be/],
    [{ maxAge, vary: ['accept language'] }, /vary must have names .* not "accept language"/],
    [{ maxAge, vary: ['*'] }, /vary must have names .* not "\*"/],
    [
      { maxAge, audience: 'browser', mayShareAuthorized: true },
      /mayShareAuthorized is about shared/,
    ],
  ];
  for (const [options, message] of cases) assert.throws(() => termsOf(options), message);
});
