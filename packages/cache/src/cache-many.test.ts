// Many keys in one call.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setUp, setUpTwo, tick, unused } from './cache-setup.test-support.ts';

const options = { ttlMs: 100 };

/** Loads the upper case of each key, and remembers what it was asked for. */
function upperCase() {
  const asked: (readonly string[])[] = [];
  const load = async (keys: readonly string[]) => {
    asked.push(keys);
    await tick();
    return keys.map((key) => key.toUpperCase());
  };
  return { asked, load };
}

test('values come in the order of the keys, from wherever they are, with one load for the rest', async () => {
  const [ours, theirs] = setUpTwo();
  await theirs.cache.set('far', 'in the far tier', options);
  await ours.cache.set('near', 'in memory', options);
  const { asked, load } = upperCase();
  const values = await ours.cache.getOrSetMany(['x', 'far', 'near', 'y', 'x'], load, options);
  assert.deepEqual(values, ['X', 'in the far tier', 'in memory', 'Y', 'X']);
  assert.deepEqual(asked, [['x', 'y']]);
  const { hits, misses, loads } = ours.cache.stats();
  assert.deepEqual([hits, misses, loads], [{ memory: 1, shared: 1 }, 2, 1]);
  assert.deepEqual(await ours.cache.getMany(['y', 'none', 'far']), [
    'Y',
    undefined,
    'in the far tier',
  ]);
  assert.equal(await theirs.cache.get('x'), 'X', 'kept in every tier');
});

test('no keys ask nobody', async () => {
  const { cache } = setUp();
  assert.deepEqual(await cache.getOrSetMany([], unused, options), []);
  assert.deepEqual(await cache.getMany([]), []);
});

test('keys that are being loaded for another call are waited for', async () => {
  const { cache } = setUp();
  const first = upperCase();
  const second = upperCase();
  const one = Promise.withResolvers<string>();
  const calls = [
    cache.getOrSetMany(['a', 'b'], first.load, options),
    cache.getOrSet('c', () => one.promise, options),
    cache.getOrSetMany(['b', 'c', 'd'], second.load, options),
    cache.getOrSet('d', unused, options),
  ];
  await tick();
  one.resolve('alone');
  assert.deepEqual(await Promise.all(calls), [['A', 'B'], 'alone', ['B', 'alone', 'D'], 'D']);
  assert.deepEqual(first.asked, [['a', 'b']]);
  assert.deepEqual(second.asked, [['d']]);
});

test('a key that is found does not wait for those that are loaded', async () => {
  const [ours, theirs] = setUpTwo();
  await theirs.cache.set('found', 1, options);
  const load = Promise.withResolvers<readonly number[]>();
  const many = ours.cache.getOrSetMany(['found', 'missing'], () => load.promise, options);
  assert.equal(await ours.cache.getOrSet('found', unused, options), 1);
  load.resolve([2]);
  assert.deepEqual(await many, [1, 2]);
});

test('a load is aborted when nobody waits for any of its keys any more', async () => {
  const { cache } = setUp();
  const [first, second] = [new AbortController(), new AbortController()];
  let signal: AbortSignal | undefined;
  const hang = (_keys: readonly string[], loadSignal: AbortSignal) => {
    signal = loadSignal;
    return new Promise<never>(() => {});
  };
  const calls = Promise.allSettled([
    cache.getOrSetMany(['a', 'b'], hang, { ...options, signal: first.signal }),
    cache.getOrSet('b', unused, { ...options, signal: second.signal }),
  ]);
  await tick();
  first.abort(new Error('first'));
  assert.equal(signal?.aborted, false, 'someone waits for "b"');
  second.abort(new Error('second'));
  assert.equal(signal?.aborted, true);
  const settled = await calls;
  assert.deepEqual(
    settled.map((one) => one.status === 'rejected' && one.reason.message),
    ['first', 'second'],
  );
  assert.equal(cache.stats().loadFailures, 0);
});

test('a loader that does not answer for every key fails, and says what it should do', async () => {
  const { cache } = setUp();
  const call = cache.getOrSetMany(['a', 'b'], async () => [1], options);
  await assert.rejects(call, /asked for 2 keys and gave 1 values; .* undefined for none/);
});

test('what the loader leaves out is not kept, or remembered as absent where asked for', async () => {
  const { cache } = setUp();
  const load = async (keys: readonly string[]) =>
    keys.map((key) => (key === 'there' ? 1 : undefined));
  const keys = ['there', 'not'];
  assert.deepEqual(await cache.getOrSetMany(keys, load, options), [1, undefined]);
  assert.deepEqual(await cache.getOrSetMany(keys, load, options), [1, undefined]);
  assert.equal(cache.stats().loads, 2);
  const absent = { ...options, absentTtlMs: 10 };
  for (let i = 0; i < 3; i++) await cache.getOrSetMany(keys, load, absent);
  assert.equal(cache.stats().loads, 3);
});

test('stale keys are served and made anew together in the background', async () => {
  const { cache, clock } = setUp();
  const terms = { ttlMs: 100, staleWhileRevalidateMs: 50 };
  await cache.getOrSetMany(['a', 'b'], async () => ['old a', 'old b'], terms);
  clock.nowMs += 100;
  await cache.set('fresh', 'f', terms);
  const { asked, load } = upperCase();
  assert.deepEqual(await cache.getOrSetMany(['a', 'fresh', 'b'], load, terms), [
    'old a',
    'f',
    'old b',
  ]);
  await tick();
  await tick();
  assert.deepEqual(asked, [['a', 'b']]);
  assert.deepEqual(await cache.getMany(['a', 'b']), ['A', 'B']);
  assert.equal(cache.stats().refreshes, 2);
});

test('keys near their end are made anew together', async () => {
  const { cache, clock } = setUp({ random: () => 1 - Math.exp(-2) });
  const load = async (keys: readonly string[]) => {
    clock.nowMs += 10;
    return keys.map(() => clock.nowMs);
  };
  const [first] = await cache.getOrSetMany(['a', 'b'], load, options);
  clock.nowMs += 85;
  assert.deepEqual(await cache.getOrSetMany(['a', 'b'], load, options), [first, first]);
  await tick();
  assert.equal(cache.stats().earlyRefreshes, 2);
  assert.equal(cache.stats().loads, 2);
  assert.notEqual(cache.peek('a'), first);
});

test('when the load fails a call is answered only if something stale may stand in for every key', async () => {
  const { cache, clock } = setUp();
  const terms = { ttlMs: 100, staleIfErrorMs: 50, staleRetryMs: 0 };
  const fail = () => Promise.reject(new Error('broken'));
  await cache.getOrSetMany(['a', 'b'], async () => [1, 2], terms);
  clock.nowMs += 100;
  assert.deepEqual(await cache.getOrSetMany(['a', 'b'], fail, terms), [1, 2]);
  await assert.rejects(cache.getOrSetMany(['a', 'new'], fail, terms), /broken/);
});

test('one load for many keys tags each by its own value', async () => {
  const { cache } = setUp();
  const terms = { ttlMs: 100, tags: (_: unknown, key: string) => [`tag of ${key}`] };
  await cache.getOrSetMany(['a', 'b'], async () => [1, 2], terms);
  await cache.deleteTag('tag of a');
  assert.deepEqual(await cache.getMany(['a', 'b']), [undefined, 2]);
});
