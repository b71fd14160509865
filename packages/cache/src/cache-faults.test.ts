// Tiers that do not work: the cache goes on without them, within its own bound.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCache } from './cache.ts';
import { setUp, tick, unused } from './cache-setup.test-support.ts';
import { createMemoryStore } from './memory-store.ts';
import type { Store } from './store.ts';
import { createFailingStore, createHangingStore, createSlowStore } from './testing.ts';

const options = { ttlMs: 60_000, tags: ['t'] };

test('a failing tier is a miss, and nothing else', async () => {
  const error = new Error('broken store');
  const { cache, events } = setUp({ between: [createFailingStore(error)] });
  assert.equal(await cache.getOrSet('a', async () => 'A', options), 'A');
  assert.equal(await cache.getOrSet('a', unused, options), 'A');
  await cache.set('b', 'B', options);
  assert.equal(await cache.get('b'), 'B');
  assert.equal(await cache.delete('b'), 'failed');
  assert.equal(await cache.get('b'), undefined);
  const failed = events.filter((event) => event.kind === 'store-failed');
  assert.deepEqual(
    failed.map(({ store, operation }) => `${store} ${operation}`),
    ['get', 'set', 'set', 'purge', 'get'].map((operation) => `failing ${operation}`),
  );
  assert.ok(failed.every((event) => event.error === error));
  assert.equal(cache.stats().storeErrors, 5);
});

/** Each tier of a cache in turn, and all of them, treated so. */
const TREATMENTS: readonly [string, (store: Store) => Store][] = [
  ['failing', () => createFailingStore(new Error('broken store'))],
  ['hanging', () => createHangingStore()],
  ['slow', (store) => createSlowStore(store, 600_000)],
];

for (const [name, treat] of TREATMENTS) {
  test(`with a ${name} tier every call is answered within the bound of the cache`, async () => {
    for (const isTreated of [
      [true, false],
      [false, true],
      [true, true],
    ]) {
      const sound = ['one', 'two'].map((tier) => ({
        ...createMemoryStore({ maxSizeBytes: 1e6 }),
        name: tier,
      }));
      const stores = sound.map((store, tier) =>
        isTreated[tier] ? { ...treat(store), name: store.name } : store,
      );
      const cache = createCache({ stores, storeTimeoutMs: 3 });
      assert.equal(await cache.getOrSet('a', async () => 'A', options), 'A');
      const many = await cache.getOrSetMany(['b', 'c'], async () => ['B', 'C'], options);
      assert.deepEqual(many, ['B', 'C']);
      assert.equal(await cache.getOrSet('d', async () => 'D', { ...options, isShared: true }), 'D');
      await cache.set('e', 'E', options);
      const isKept = !isTreated.every(Boolean);
      assert.equal(await cache.get('e'), isKept ? 'E' : undefined);
      assert.deepEqual(await cache.getMany(['e', 'f']), [isKept ? 'E' : undefined, undefined]);
      assert.equal(await cache.deleteTag('t'), 'failed');
      assert.equal(await cache.get('e'), undefined);
      assert.ok(cache.stats().storeErrors > 0);
      await cache.close();
    }
  });
}

test('a tier that hangs is left as soon as the last waiter leaves, without a load', async () => {
  const { cache, events } = setUp({ between: [createHangingStore()], storeTimeoutMs: 20 });
  const leaver = new AbortController();
  const terms = { ...options, signal: leaver.signal };
  const calls = [cache.getOrSet('a', unused, terms), cache.get('a', leaver.signal)];
  const settled = Promise.allSettled(calls);
  await tick();
  leaver.abort(new Error('gone'));
  for (const one of await settled) {
    assert.match(String(one.status === 'rejected' && one.reason), /gone/);
  }
  assert.deepEqual(events, []);
  await cache.close();
  assert.equal(cache.stats().loads, 0);
});

test('an answer does not wait for a tier that is slow to keep it', async () => {
  const hanging = createHangingStore();
  const between = [{ ...hanging, get: async () => undefined }];
  const { cache } = setUp({ between, storeTimeoutMs: 600_000 });
  assert.equal(await cache.getOrSet('a', async () => 'A', options), 'A');
  await cache.close();
});

test('a tier that answers later than the cache waits is a miss; a sooner one is found', async () => {
  for (const storeTimeoutMs of [2, 5_000]) {
    const { far } = setUp();
    const late: Store = {
      ...createSlowStore(far, 30),
      name: 'late',
      set: (...entry) => far.set(...entry),
    };
    const cache = createCache({ stores: [late], storeTimeoutMs });
    await cache.set('a', 'kept', options);
    const isInTime = storeTimeoutMs > 30;
    const value = await cache.getOrSet('a', async () => 'loaded', options);
    assert.equal(value, isInTime ? 'kept' : 'loaded');
    assert.equal(cache.stats().storeErrors, isInTime ? 0 : 1);
    await cache.close();
  }
});

test('what memory cannot hold is an event and a miss', async () => {
  const { cache, events } = setUp();
  assert.equal(await cache.getOrSet('a', async () => 1n, options), 1n);
  assert.deepEqual(
    events.map((event) => (event.kind === 'store-failed' ? event.store : event.kind)),
    ['loaded', 'memory', 'shared'],
  );
});

test('a tier that fails to close is told, and the others are closed', async () => {
  const { far, events, ...rest } = setUp();
  const stubborn: Store = { ...rest.near, close: () => Promise.reject(new Error('stuck')) };
  const told: string[] = [];
  const cache = createCache({
    stores: [stubborn, far],
    onEvent: (event) => told.push(event.kind === 'store-failed' ? event.operation : event.kind),
  });
  await cache.close();
  assert.deepEqual(told, ['close']);
  assert.equal(await far.lock('a', 1_000), undefined, 'closed');
  assert.deepEqual(events, []);
});
