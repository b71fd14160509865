// One load for all processes that share a tier.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCache } from './cache.ts';
import { setUp, setUpTwo, tick, unused } from './cache-setup.test-support.ts';
import { createMemoryStore } from './memory-store.ts';
import type { Lock, SharedStore } from './store.ts';
import { createFailingStore, createHangingStore } from './testing.ts';

const options = { ttlMs: 1_000, isShared: true };

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!isTrue()) {
    assert.ok(performance.now() < deadline, 'it did not come to that');
    await tick();
  }
}

test('processes that miss together load once', async () => {
  const [ours, theirs] = setUpTwo();
  const load = Promise.withResolvers<string>();
  let loads = 0;
  const count = () => {
    loads += 1;
    return load.promise;
  };
  const calls = [ours, theirs, ours, theirs].map(({ cache }) =>
    cache.getOrSet('a', count, options),
  );
  await until(() => theirs.cache.stats().lockWaits === 1);
  load.resolve('A');
  assert.deepEqual(await Promise.all(calls), ['A', 'A', 'A', 'A']);
  assert.equal(loads, 1);
  assert.deepEqual(theirs.cache.stats().hits, { memory: 0, shared: 2 });
  assert.equal(theirs.cache.peek('a'), 'A', 'what was waited for is kept nearer too');
});

test('when the holder fails, another process loads', async () => {
  const [ours, theirs] = setUpTwo();
  const load = Promise.withResolvers<string>();
  const failed = ours.cache.getOrSet('a', () => load.promise, options);
  await tick();
  const waiting = theirs.cache.getOrSet('a', async () => 'theirs', options);
  await until(() => theirs.cache.stats().lockWaits === 1);
  load.reject(new Error('broken'));
  await assert.rejects(failed, /broken/);
  assert.equal(await waiting, 'theirs');
});

test('when the holder dies, another process loads as soon as its lock has ended', async () => {
  const { cache, far, clock } = setUp();
  await far.lock('a', 2_000);
  const waiting = cache.getOrSet('a', async () => 'A', { ...options, lockWaitMs: 60_000 });
  await until(() => cache.stats().lockWaits === 1);
  clock.nowMs += 2_000;
  assert.equal(await waiting, 'A');
});

test('who has waited long enough loads as well', async () => {
  const { cache, far, clock } = setUp();
  await far.lock('a', 60_000);
  const waiting = cache.getOrSet('a', async () => 'A', { ...options, lockWaitMs: 1_000 });
  await until(() => cache.stats().lockWaits === 1);
  clock.nowMs += 1_000;
  assert.equal(await waiting, 'A');
  assert.equal(await far.lock('a', 1_000), 'taken', 'the lock is still that of the other');
});

test('who waits may leave', async () => {
  const { cache, far } = setUp();
  await far.lock('a', 60_000);
  const leaver = new AbortController();
  const waiting = cache.getOrSet('a', unused, { ...options, signal: leaver.signal });
  await until(() => cache.stats().lockWaits === 1);
  leaver.abort(new Error('gone'));
  await assert.rejects(waiting, /gone/);
});

test('the lock is released when the value can be found, or will not be made', async () => {
  const { cache, far } = setUp();
  const order: string[] = [];
  const watched: SharedStore = {
    ...far,
    async set(key, entry, mark) {
      await tick();
      await far.set(key, entry, mark);
      order.push('kept');
    },
    async lock(key, leaseMs) {
      const lock = (await far.lock(key, leaseMs)) as Lock;
      return { ...lock, release: () => lock.release().then(() => void order.push('released')) };
    },
  };
  const watching = createCache({ stores: [watched], storeTimeoutMs: 5_000 });
  await watching.getOrSet('a', async () => order.push('loaded'), options);
  await until(() => order.includes('released'));
  assert.deepEqual(order, ['loaded', 'kept', 'released']);
  await assert.rejects(
    watching.getOrSet('b', () => Promise.reject(new Error('broken')), options),
    /broken/,
  );
  await until(() => order.length === 4);
  assert.equal(order[3], 'released');
  assert.equal(await cache.getOrSet('b', async () => 'B', options), 'B');
});

test('what became there between the search and the lock is not loaded again', async () => {
  const [ours, theirs] = setUpTwo();
  const late: SharedStore = {
    ...ours.far,
    async lock(key, leaseMs) {
      await theirs.cache.set(key, 'theirs', { ttlMs: 1_000 });
      return ours.far.lock(key, leaseMs);
    },
  };
  const cache = createCache({ stores: [late], storeTimeoutMs: 5_000 });
  assert.equal(await cache.getOrSet('a', unused, options), 'theirs');
  await until(() => true);
  const lock = await ours.far.lock('a', 1_000);
  assert.notEqual(lock, 'taken', 'the lock was released');
});

test('when nobody can say who loads, everyone does', async () => {
  const stores = [createFailingStore(new Error('broken store')), createHangingStore()];
  for (const store of stores) {
    const events: string[] = [];
    const cache = createCache({
      stores: [store],
      storeTimeoutMs: 5,
      onEvent: (event) => events.push(event.kind),
    });
    assert.equal(await cache.getOrSet('a', async () => 'A', options), 'A');
    assert.ok(events.includes('store-failed') && events.includes('loaded'));
    await cache.close();
  }
});

test('a lock that comes too late is given back', async () => {
  const { far } = setUp();
  const gate = Promise.withResolvers<void>();
  const late: SharedStore = { ...far, lock: (...of) => gate.promise.then(() => far.lock(...of)) };
  const cache = createCache({ stores: [late], storeTimeoutMs: 5 });
  assert.equal(await cache.getOrSet('a', async () => 'A', options), 'A');
  gate.resolve();
  await tick();
  assert.notEqual(await far.lock('a', 1_000), 'taken');
});

test('what was purged while it waited for its turn does not spoil the load', async () => {
  const { cache, near, far, clock } = setUp();
  await far.lock('a', 1_000);
  const terms = { ...options, tags: ['t'] };
  const waiting = cache.getOrSet('a', async () => 'A', terms);
  await until(() => cache.stats().lockWaits === 1);
  await cache.deleteTag('t');
  const late = cache.getOrSet('a', unused, terms);
  clock.nowMs += 1_000;
  assert.deepEqual(await Promise.all([waiting, late]), ['A', 'A']);
  for (const store of [near, far]) assert.notEqual(await store.get('a'), undefined);
});

test('without a tier that processes share, each loads for itself', async () => {
  const cache = createCache({ stores: [createMemoryStore({ maxSizeBytes: 1e6 })] });
  assert.equal(await cache.getOrSet('a', async () => 'A', options), 'A');
  assert.equal(cache.stats().lockWaits, 0);
});

test('processes that make a stale value anew do it once', async () => {
  const [ours, theirs] = setUpTwo();
  const terms = { ...options, staleWhileRevalidateMs: 1_000 };
  await ours.cache.getOrSet('a', async () => 'old', terms);
  await theirs.cache.get('a');
  ours.clock.nowMs += 1_000;
  const load = Promise.withResolvers<string>();
  assert.equal(await ours.cache.getOrSet('a', () => load.promise, terms), 'old');
  assert.equal(await theirs.cache.getOrSet('a', unused, terms), 'old');
  await until(() => theirs.cache.stats().lockWaits + ours.cache.stats().lockWaits === 1);
  load.resolve('new');
  await until(() => theirs.cache.peek('a') === 'new');
  assert.equal(theirs.cache.stats().loads, 0);
});

test('the lock is extended while the load goes on', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { far } = setUp();
  let extended = 0;
  let isHeld = true;
  const watched: SharedStore = {
    ...far,
    async lock(key, leaseMs) {
      const lock = (await far.lock(key, leaseMs)) as Lock;
      const extend = async () => {
        extended += 1;
        return isHeld;
      };
      return { ...lock, extend };
    },
  };
  const cache = createCache({ stores: [watched], storeTimeoutMs: 5_000 });
  const load = Promise.withResolvers<string>();
  const call = cache.getOrSet('a', () => load.promise, options);
  await until(() => cache.stats().loads === 1);
  t.mock.timers.tick(2_500);
  t.mock.timers.tick(2_500);
  assert.equal(extended, 2);
  isHeld = false;
  t.mock.timers.tick(2_500);
  await tick();
  t.mock.timers.tick(2_500);
  assert.equal(extended, 3, 'a lock that was lost is not asked for again');
  load.resolve('A');
  assert.equal(await call, 'A');
});
