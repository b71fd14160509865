import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCache } from './cache.ts';
import { setUp, tick, unused } from './cache-setup.test-support.ts';
import { createMemoryStore } from './memory-store.ts';
import type { Store } from './store.ts';

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
  const { loads: counted, misses, sharedLoads } = cache.stats();
  assert.deepEqual([counted, misses, sharedLoads], [1, 1, 49]);
});

test('a loaded value is kept in every tier for its time', async () => {
  const { cache, near, far, clock, valueIn } = setUp();
  const value = { id: 1 };
  await cache.getOrSet('a', async () => value, { ttlMs: 10 });
  for (const store of [near, far]) {
    assert.deepEqual(await valueIn(store, 'a'), value);
    assert.equal((await store.get('a'))?.ttlMs, 10);
  }
  clock.nowMs += 9;
  assert.equal(await cache.getOrSet('a', unused, { ttlMs: 10 }), value);
  clock.nowMs += 1;
  assert.equal(await cache.getOrSet('a', async () => 'new', { ttlMs: 10 }), 'new');
});

test('a value found far away is kept nearer, with its tags, for the life it has left', async () => {
  for (const find of ['get', 'getOrSet', 'getMany', 'getOrSetMany'] as const) {
    const { cache, near, clock } = setUp();
    await cache.set('a', 1, { ttlMs: 10, tags: ['t'] });
    await near.purge({ kind: 'all' });
    clock.nowMs += 4;
    const found = {
      get: () => cache.get('a'),
      getOrSet: () => cache.getOrSet('a', unused, { ttlMs: 99 }),
      getMany: async () => (await cache.getMany(['a']))[0],
      getOrSetMany: async () => (await cache.getOrSetMany(['a'], unused, { ttlMs: 99 }))[0],
    }[find];
    assert.equal(await found(), 1, find);
    const { ttlMs, tags } = near.peek('a') ?? {};
    assert.deepEqual({ ttlMs, tags }, { ttlMs: 6, tags: ['t'] });
    assert.deepEqual(cache.stats().hits, { memory: 0, shared: 1 });
    assert.equal(await found(), 1);
    assert.deepEqual(cache.stats().hits, { memory: 1, shared: 1 });
  }
});

test('what is in memory is the very object that was loaded, and can be peeked at', async () => {
  const { cache, clock } = setUp();
  const value = { id: 1 };
  assert.equal(cache.peek('a'), undefined);
  await cache.getOrSet('a', async () => value, { ttlMs: 10, staleIfErrorMs: 10 });
  assert.equal(cache.peek('a'), value);
  assert.equal(await cache.get('a'), value);
  clock.nowMs += 10;
  assert.equal(cache.peek('a'), undefined, 'stale');
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
  assert.deepEqual(events, []);
});

test('a caller that leaves at the very start of its load leaves nothing behind', async () => {
  const { cache, far } = setUp();
  const leaver = new AbortController();
  const leaveAndHang = () => {
    leaver.abort(new Error('gone'));
    return new Promise<never>(() => {});
  };
  const options = { ttlMs: 10, signal: leaver.signal, isShared: true };
  await assert.rejects(cache.getOrSet('a', leaveAndHang, options), /gone/);
  await tick();
  assert.notEqual(await far.lock('a', 1_000), 'taken', 'the lock was released');
});

test('who comes with an aborted signal gets nothing, not even a hit', async () => {
  const { cache } = setUp();
  await cache.set('a', 1, { ttlMs: 10 });
  const signal = AbortSignal.abort(new Error('gone'));
  await assert.rejects(cache.getOrSet('a', unused, { ttlMs: 10, signal }), /gone/);
  await assert.rejects(cache.getOrSetMany(['a'], unused, { ttlMs: 10, signal }), /gone/);
  await assert.rejects(cache.get('a', signal), /gone/);
  await assert.rejects(cache.getMany(['a'], signal), /gone/);
});

test('a failing load rejects everyone who waits, is not kept, and is tried again', async () => {
  const { cache, events } = setUp();
  const error = new Error('broken');
  const rejecting = () => Promise.reject(error);
  const throwing = () => {
    throw error;
  };
  for (const fail of [rejecting, throwing]) {
    const settled = await Promise.allSettled([
      cache.getOrSet('a', fail, { ttlMs: 10 }),
      cache.getOrSet('a', unused, { ttlMs: 10 }),
    ]);
    for (const one of settled) assert.equal(one.status === 'rejected' && one.reason, error);
    assert.deepEqual(events.splice(0), [
      { kind: 'load-failed', keys: ['a'], cause: 'miss', durationMs: 0, error },
    ]);
  }
  assert.equal(cache.stats().loadFailures, 2);
  assert.equal(await cache.getOrSet('a', async () => 'A', { ttlMs: 10 }), 'A');
});

test('a load that takes too long fails, whether or not it listens, and is told so', async () => {
  const { cache } = setUp();
  let loadSignal: AbortSignal | undefined;
  const hang = (signal: AbortSignal) => {
    loadSignal = signal;
    return new Promise<never>(() => {});
  };
  const options = { ttlMs: 10, loaderTimeoutMs: 5 };
  await assert.rejects(cache.getOrSet('a', hang, options), {
    name: 'TimeoutError',
    message: 'loading "a" took longer than 5 ms',
  });
  assert.equal(loadSignal?.aborted, true);
  await assert.rejects(
    cache.getOrSetMany(['a', 'b'], (_, signal) => hang(signal), options),
    {
      message: 'loading 2 keys took longer than 5 ms',
    },
  );
  assert.equal(cache.stats().loadFailures, 2);
  assert.equal(await cache.getOrSet('a', async () => 'A', options), 'A');
});

test('a load that a set overtook is not kept', async () => {
  const { cache, near, far, valueIn } = setUp();
  const load = Promise.withResolvers<string>();
  const call = cache.getOrSet('a', () => load.promise, { ttlMs: 10 });
  await tick();
  await cache.set('a', 'set', { ttlMs: 10 });
  load.resolve('stale');
  assert.equal(await call, 'stale');
  await tick();
  assert.equal(await valueIn(near, 'a'), 'set');
  assert.equal(await valueIn(far, 'a'), 'set');
});

test('what something else has put into a tier is not found', async () => {
  const { cache, near, far } = setUp();
  for (const value of [1, 'text', null, { value: 1 }, { value: 1, staleMs: -1, loadMs: 0 }]) {
    for (const store of [near, far]) {
      await store.set('a', { value, ttlMs: 10, tags: [] }, store.mark());
    }
    assert.equal(await cache.get('a'), undefined);
    assert.equal(cache.peek('a'), undefined);
    assert.equal(await cache.getOrSet('a', async () => 'A', { ttlMs: 10 }), 'A');
    assert.equal(await cache.get('a'), 'A');
  }
});

test('lives are spread by the jitter, the same in every tier', async () => {
  const lives: number[] = [];
  for (const dice of [0, 0.5, 0.999_999_999]) {
    const { cache, near, far } = setUp({ ttlJitter: 0.1, random: () => dice });
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
    await assert.rejects(cache.getOrSetMany(['a'], unused, { ttlMs }), RangeError);
    await assert.rejects(cache.set('a', 1, { ttlMs }), RangeError);
    await assert.rejects(cache.set('a', 1, { ttlMs: 1, absentTtlMs: ttlMs }), RangeError);
  }
  await assert.rejects(cache.getOrSet('a', unused), /ttlMs .* not undefined; give it/);
});

test('other durations that are none are refused by their name', async () => {
  const { cache } = setUp();
  for (const name of [
    'staleWhileRevalidateMs',
    'staleIfErrorMs',
    'loaderTimeoutMs',
    'earlyRefreshBeta',
    'staleRetryMs',
    'lockWaitMs',
  ]) {
    for (const wrong of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const options = { ttlMs: 1, [name]: wrong };
      await assert.rejects(
        cache.getOrSet('a', unused, options),
        new RegExp(`^RangeError: ${name}`),
      );
      assert.throws(() => setUp({ defaults: { [name]: wrong } }), new RegExp(name));
    }
  }
  for (const ttlJitter of [-0.1, 1, Number.NaN]) {
    assert.throws(() => setUp({ ttlJitter }), /^RangeError: ttlJitter/);
  }
});

test('what a call does not say comes from the defaults of its cache', async () => {
  const { cache, clock } = setUp({ defaults: { ttlMs: 10, absentTtlMs: 3 } });
  await cache.getOrSet('a', async () => 1);
  await cache.getOrSet('b', async () => null);
  await cache.getOrSet('c', async () => 1, { ttlMs: 2 });
  clock.nowMs += 2;
  assert.equal(await cache.getOrSet('a', unused), 1);
  assert.equal(await cache.getOrSet('b', unused), null);
  assert.equal(await cache.getOrSet('c', async () => 2), 2);
  clock.nowMs += 1;
  assert.equal(await cache.getOrSet('b', async () => 'there now'), 'there now');
});

test('two tiers of one name are refused', () => {
  const store = () => createMemoryStore({ maxSizeBytes: 1e6 });
  assert.throws(() => createCache({ stores: [store(), store()] }), /two stores .* "memory"/);
});

test('statistics count calls by the tier that answered them, and loads', async () => {
  const { cache, clock, events } = setUp();
  const load = async () => {
    clock.nowMs += 7;
    return 1;
  };
  await cache.getOrSet('a', load, { ttlMs: 1_000 });
  await cache.getOrSet('a', load, { ttlMs: 1_000 });
  await cache.get('a');
  await cache.get('b');
  assert.deepEqual(cache.stats(), {
    hits: { memory: 2, shared: 0 },
    staleServed: 0,
    misses: 2,
    refreshes: 0,
    earlyRefreshes: 0,
    loads: 1,
    loadFailures: 0,
    sharedLoads: 0,
    lockWaits: 0,
    purges: 0,
    storeErrors: 0,
  });
  assert.deepEqual(events, [{ kind: 'loaded', keys: ['a'], cause: 'miss', durationMs: 7 }]);
});

test('a closed cache finds nothing, keeps nothing and still loads', async () => {
  const { cache } = setUp();
  await cache.set('a', 'kept', { ttlMs: 10 });
  await cache.close();
  assert.equal(await cache.get('a'), undefined);
  assert.equal(await cache.getOrSet('a', async () => 1, { ttlMs: 10, isShared: true }), 1);
  assert.equal(await cache.getOrSet('a', async () => 2, { ttlMs: 10 }), 2);
  await cache.close();
});

test('a cache without memory, and one without any tier, work', async () => {
  const { far } = setUp();
  for (const stores of [[far], []] as readonly (readonly Store[])[]) {
    const cache = createCache({ stores, ttlJitter: 0 });
    assert.equal(await cache.getOrSet('a', async () => 1, { ttlMs: 60_000 }), 1);
    assert.equal(await cache.get('a'), stores.length > 0 ? 1 : undefined);
    assert.equal(await cache.delete('a'), 'done');
    assert.equal(await cache.get('a'), undefined);
  }
});
