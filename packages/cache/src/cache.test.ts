import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CacheEvent, createCache } from './cache.ts';
import { createMemoryStore } from './memory-store.ts';
import type { Store } from './store.ts';
import { createFailingStore, createHangingStore } from './testing.ts';

const tick = () => new Promise((resolve) => setImmediate(resolve));
const unused = () => assert.fail('the loader must not run');

/** A cache over two tiers on a clock that only the test moves; nothing is left to chance. */
function setUp(extraStores: readonly Store[] = []) {
  const clock = { nowMs: 1_000 };
  const now = () => clock.nowMs;
  const near = createMemoryStore({ maxSizeBytes: 1e6, now });
  const far: Store = { ...createMemoryStore({ maxSizeBytes: 1e6, now }), name: 'far' };
  const events: CacheEvent[] = [];
  const cache = createCache({
    stores: [near, ...extraStores, far],
    ttlJitter: 0,
    now,
    onEvent: (event) => events.push(event),
  });
  return { cache, near, far, clock, events };
}

test('fifty concurrent misses make one load', async () => {
  const { cache } = setUp();
  let loads = 0;
  const load = async () => {
    await tick();
    loads += 1;
    return { loads };
  };
  const values = await Promise.all(
    Array.from({ length: 50 }, () => cache.getOrSet('a', load, { ttlMs: 10 })),
  );
  assert.equal(loads, 1);
  assert.ok(values.every((value) => value === values[0]));
  assert.equal(cache.stats().loads, 1);
  assert.equal(cache.stats().misses, 1);
  assert.equal(cache.stats().sharedLoads, 49);
});

test('a loaded value is kept in every tier for its time', async () => {
  const { cache, near, far, clock } = setUp();
  const value = { id: 1 };
  await cache.getOrSet('a', async () => value, { ttlMs: 10 });
  assert.deepEqual(await near.get('a'), { value, ttlMs: 10 });
  assert.deepEqual(await far.get('a'), { value, ttlMs: 10 });
  clock.nowMs += 9;
  assert.equal(await cache.getOrSet('a', unused, { ttlMs: 10 }), value);
  clock.nowMs += 1;
  assert.equal(await cache.getOrSet('a', async () => 'new', { ttlMs: 10 }), 'new');
});

test('a value found far away is kept nearer, for the life it has left', async () => {
  for (const find of ['get', 'getOrSet'] as const) {
    const { cache, near, far, clock } = setUp();
    await far.set('a', { value: 1, ttlMs: 10 });
    clock.nowMs += 4;
    const found = find === 'get' ? cache.get('a') : cache.getOrSet('a', unused, { ttlMs: 99 });
    assert.equal(await found, 1);
    assert.deepEqual(await near.get('a'), { value: 1, ttlMs: 6 });
    assert.deepEqual(cache.stats().hits, { memory: 0, far: 1 });
  }
});

test('a waiter that leaves does not end the load for the others', async () => {
  const { cache } = setUp();
  const load = Promise.withResolvers<string>();
  const leaver = new AbortController();
  const left = cache.getOrSet('a', () => load.promise, { ttlMs: 10, signal: leaver.signal });
  const stayed = cache.getOrSet('a', unused, { ttlMs: 10 });
  await tick();
  leaver.abort(new Error('gone'));
  await assert.rejects(left, /gone/);
  load.resolve('A');
  assert.equal(await stayed, 'A');
});

test('when the last waiter has left the load is aborted and what it makes is not kept', async () => {
  const { cache, far, events } = setUp();
  const load = Promise.withResolvers<string>();
  let loadSignal: AbortSignal | undefined;
  const leaver = new AbortController();
  const left = cache.getOrSet(
    'a',
    (signal) => {
      loadSignal = signal;
      return load.promise;
    },
    { ttlMs: 10, signal: leaver.signal },
  );
  await tick();
  leaver.abort(new Error('gone'));
  await assert.rejects(left, /gone/);
  assert.equal(loadSignal?.aborted, true);
  load.resolve('late');
  await tick();
  assert.equal(await cache.get('a'), undefined);
  assert.equal(await far.get('a'), undefined);
  assert.equal(cache.stats().loadFailures, 0);
  assert.equal(events.filter(({ kind }) => kind === 'load-failed').length, 0);
});

test('a failing load rejects everyone who waits, is not kept, and is tried again', async () => {
  const { cache, events } = setUp();
  const error = new Error('broken');
  const fail = () => Promise.reject(error);
  const settled = await Promise.allSettled([
    cache.getOrSet('a', fail, { ttlMs: 10 }),
    cache.getOrSet('a', fail, { ttlMs: 10 }),
  ]);
  for (const result of settled) assert.equal(result.status === 'rejected' && result.reason, error);
  assert.equal(cache.stats().loadFailures, 1);
  assert.deepEqual(events, [{ kind: 'load-failed', key: 'a', durationMs: 0, error }]);
  assert.equal(await cache.getOrSet('a', async () => 'A', { ttlMs: 10 }), 'A');
});

test('a load that a delete or a set overtook is not kept', async () => {
  for (const overtake of ['delete', 'set'] as const) {
    const { cache, near, far } = setUp();
    const load = Promise.withResolvers<string>();
    const call = cache.getOrSet('a', () => load.promise, { ttlMs: 10 });
    await tick();
    if (overtake === 'delete') await cache.delete('a');
    else await cache.set('a', 'set', { ttlMs: 10 });
    load.resolve('stale');
    assert.equal(await call, 'stale');
    await tick();
    const expected = overtake === 'delete' ? undefined : 'set';
    assert.equal((await near.get('a'))?.value, expected);
    assert.equal((await far.get('a'))?.value, expected);
  }
});

test('a value found far away that a delete overtook does not come back nearer', async () => {
  const { near, far } = setUp();
  const gate = Promise.withResolvers<void>();
  const slow: Store = { ...far, get: (key) => far.get(key).finally(() => gate.promise) };
  const cache = createCache({ stores: [near, slow] });
  await far.set('a', { value: 1, ttlMs: 10 });
  const finds = [cache.get('a'), cache.getOrSet('a', unused, { ttlMs: 10 })];
  await tick();
  await cache.delete('a');
  gate.resolve();
  assert.deepEqual(await Promise.all(finds), [1, 1]);
  assert.equal(await cache.get('a'), undefined);
});

test('a failing tier is a miss, and nothing else', async () => {
  const error = new Error('broken store');
  const { cache, events } = setUp([createFailingStore(error)]);
  assert.equal(await cache.getOrSet('a', async () => 'A', { ttlMs: 10 }), 'A');
  assert.equal(await cache.getOrSet('a', unused, { ttlMs: 10 }), 'A');
  await cache.set('b', 'B', { ttlMs: 10 });
  assert.equal(await cache.get('b'), 'B');
  await cache.delete('b');
  assert.equal(await cache.get('b'), undefined);
  const failed = events.filter((event) => event.kind === 'store-failed');
  assert.deepEqual(
    failed.map(({ store, operation }) => `${store} ${operation}`),
    ['get', 'set', 'set', 'delete', 'get'].map((operation) => `failing ${operation}`),
  );
  assert.ok(failed.every((event) => event.error === error));
  assert.equal(cache.stats().storeErrors, 5);
});

test('a tier that hangs is left as soon as the last waiter leaves, without a load', async () => {
  const { cache, events } = setUp([createHangingStore()]);
  const leaver = new AbortController();
  const options = { ttlMs: 10, signal: leaver.signal };
  const calls = [cache.getOrSet('a', unused, options), cache.get('a', leaver.signal)];
  const settled = Promise.allSettled(calls);
  await tick();
  leaver.abort(new Error('gone'));
  for (const result of await settled) {
    assert.match(String(result.status === 'rejected' && result.reason), /gone/);
  }
  await tick();
  assert.deepEqual(events, [], 'leaving is not a failure of the store');
  assert.equal(cache.stats().misses, 0);
});

test('an answer does not wait for a tier that is slow to keep it', async () => {
  const hanging = createHangingStore();
  const { cache } = setUp([{ ...hanging, get: async () => undefined }]);
  assert.equal(await cache.getOrSet('a', async () => 'A', { ttlMs: 10 }), 'A');
  await cache.close();
});

test('lives are spread by the jitter, the same in every tier', async () => {
  const lives: (number | undefined)[] = [];
  for (const dice of [0, 0.5, 0.999_999_999]) {
    const { near, far } = setUp();
    const cache = createCache({ stores: [near, far], random: () => dice });
    await cache.set('a', 1, { ttlMs: 1_000 });
    await cache.getOrSet('b', async () => 1, { ttlMs: 1_000 });
    for (const store of [near, far]) {
      for (const key of ['a', 'b']) lives.push(Math.round((await store.get(key))?.ttlMs ?? 0));
    }
  }
  assert.deepEqual(lives, [900, 900, 900, 900, 1000, 1000, 1000, 1000, 1100, 1100, 1100, 1100]);
});

test('null, false, 0 and the empty text are values; undefined is not kept', async () => {
  const { cache } = setUp();
  for (const value of [null, false, 0, '']) {
    await cache.getOrSet('a', async () => value, { ttlMs: 10 });
    assert.equal(await cache.getOrSet('a', unused, { ttlMs: 10 }), value);
    await cache.delete('a');
  }
  assert.equal(await cache.getOrSet('a', async () => undefined, { ttlMs: 10 }), undefined);
  assert.equal(await cache.getOrSet('a', async () => 'A', { ttlMs: 10 }), 'A');
  await assert.rejects(cache.set('a', undefined, { ttlMs: 10 }), TypeError);
});

test('a life that is not above 0 and finite is refused before anything happens', async () => {
  const { cache } = setUp();
  for (const ttlMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    await assert.rejects(cache.getOrSet('a', unused, { ttlMs }), RangeError);
    await assert.rejects(cache.set('a', 1, { ttlMs }), RangeError);
  }
});

test('statistics count calls by the tier that answered them, and loads', async () => {
  const { cache, clock, events } = setUp();
  const load = async () => {
    clock.nowMs += 7;
    return 1;
  };
  await cache.getOrSet('a', load, { ttlMs: 10 });
  await cache.getOrSet('a', load, { ttlMs: 10 });
  await cache.get('a');
  await cache.get('b');
  assert.deepEqual(cache.stats(), {
    hits: { memory: 2, far: 0 },
    misses: 2,
    loads: 1,
    loadFailures: 0,
    sharedLoads: 0,
    storeErrors: 0,
  });
  assert.deepEqual(events, [{ kind: 'loaded', key: 'a', durationMs: 7 }]);
});

test('a closed cache finds nothing, keeps nothing and still loads', async () => {
  const { cache } = setUp();
  await cache.set('a', 'kept', { ttlMs: 10 });
  await cache.close();
  assert.equal(await cache.get('a'), undefined);
  assert.equal(await cache.getOrSet('a', async () => 1, { ttlMs: 10 }), 1);
  assert.equal(await cache.getOrSet('a', async () => 2, { ttlMs: 10 }), 2);
});
