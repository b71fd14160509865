// Values that are served although they are not fresh any more, or made anew before they are stale.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setUp, setUpTwo, tick, unused } from './cache-setup.test-support.ts';

const fail = () => Promise.reject(new Error('broken'));

test('a stale value is served at once and made anew in the background, once', async () => {
  const { cache, clock, events } = setUp();
  const options = { ttlMs: 10, staleWhileRevalidateMs: 5 };
  await cache.getOrSet('a', async () => 'old', options);
  clock.nowMs += 14;
  const load = Promise.withResolvers<string>();
  const first = cache.getOrSet('a', () => load.promise, options);
  assert.equal(await first, 'old');
  assert.equal(await cache.getOrSet('a', unused, options), 'old');
  load.resolve('new');
  await tick();
  assert.equal(await cache.getOrSet('a', unused, options), 'new');
  const { staleServed, refreshes, hits } = cache.stats();
  assert.deepEqual([staleServed, refreshes, hits], [2, 1, { memory: 3, shared: 0 }]);
  assert.deepEqual(
    events.map((event) => event.kind === 'loaded' && event.cause),
    ['miss', 'stale'],
  );
});

test('what is stale for longer than allowed is loaded while the caller waits', async () => {
  const { cache, clock } = setUp();
  const options = { ttlMs: 10, staleWhileRevalidateMs: 5 };
  await cache.getOrSet('a', async () => 'old', options);
  clock.nowMs += 15;
  assert.equal(await cache.getOrSet('a', async () => 'new', options), 'new');
});

test('each caller says how stale is too stale for it', async () => {
  const { cache, clock } = setUp();
  await cache.getOrSet('a', async () => 'old', { ttlMs: 10, staleWhileRevalidateMs: 5 });
  clock.nowMs += 12;
  const strict = { ttlMs: 10 };
  assert.equal(await cache.get('a'), undefined);
  assert.deepEqual(await cache.getMany(['a']), [undefined]);
  assert.equal(await cache.getOrSet('a', async () => 'new', strict), 'new');
});

test('a stale value found far away is served and made anew as well', async () => {
  const { cache, near, clock } = setUp();
  const options = { ttlMs: 10, staleWhileRevalidateMs: 5 };
  await cache.getOrSet('a', async () => 'old', options);
  await near.purge({ kind: 'all' });
  clock.nowMs += 12;
  assert.equal(await cache.getOrSet('a', async () => 'new', options), 'old');
  await tick();
  assert.equal(await cache.getOrSet('a', unused, options), 'new');
  assert.deepEqual(cache.stats().hits, { memory: 1, shared: 1 });
});

test('what another process has made anew is taken instead of loading again', async () => {
  const [ours, theirs] = setUpTwo();
  const options = { ttlMs: 10, staleWhileRevalidateMs: 5 };
  await ours.cache.getOrSet('a', async () => 'old', options);
  assert.equal(await theirs.cache.getOrSet('a', unused, options), 'old');
  ours.clock.nowMs += 12;
  assert.equal(await ours.cache.getOrSet('a', async () => 'new', options), 'old');
  await tick();
  assert.equal(await theirs.cache.getOrSet('a', unused, options), 'old');
  await tick();
  assert.equal(await theirs.cache.getOrSet('a', unused, options), 'new');
  assert.equal(theirs.cache.stats().loads, 0);
});

test('a stale value is served when making it anew fails, for as long as allowed', async () => {
  const { cache, near, clock, events } = setUp();
  const options = { ttlMs: 10, staleIfErrorMs: 20, staleRetryMs: 0 };
  await cache.getOrSet('a', async () => 'old', options);
  clock.nowMs += 10;
  assert.equal(await cache.getOrSet('a', fail, options), 'old');
  await near.purge({ kind: 'all' });
  clock.nowMs += 19;
  assert.equal(await cache.getOrSet('a', fail, options), 'old', 'from far away');
  assert.equal(cache.stats().staleServed, 2);
  assert.equal(events.filter(({ kind }) => kind === 'load-failed').length, 2);
  clock.nowMs += 1;
  await assert.rejects(cache.getOrSet('a', fail, options), /broken/);
});

test('a value that grows too stale while a load fails is not served', async () => {
  const { cache, clock } = setUp();
  const options = { ttlMs: 10, staleIfErrorMs: 20 };
  await cache.getOrSet('a', async () => 'old', options);
  clock.nowMs += 12;
  const failLate = async () => {
    clock.nowMs += 18;
    throw new Error('broken');
  };
  await assert.rejects(cache.getOrSet('a', failLate, options), /broken/);
});

test('after a failure what is stale is served without a load for a while', async () => {
  const { cache, clock } = setUp();
  const options = { ttlMs: 10, staleIfErrorMs: 1_000, staleRetryMs: 50 };
  await cache.getOrSet('a', async () => 'old', options);
  clock.nowMs += 10;
  assert.equal(await cache.getOrSet('a', fail, options), 'old');
  clock.nowMs += 49;
  assert.equal(await cache.getOrSet('a', unused, options), 'old');
  clock.nowMs += 1;
  assert.equal(await cache.getOrSet('a', async () => 'new', options), 'new');
});

test('a failed refresh is not repeated for every hit', async () => {
  const { cache, clock } = setUp();
  const options = { ttlMs: 10, staleWhileRevalidateMs: 1_000, staleRetryMs: 50 };
  await cache.getOrSet('a', async () => 'old', options);
  clock.nowMs += 10;
  for (let i = 0; i < 10; i++) {
    assert.equal(await cache.getOrSet('a', fail, options), 'old');
    await tick();
  }
  assert.equal(cache.stats().loads, 2);
  clock.nowMs += 50;
  await cache.getOrSet('a', async () => 'new', options);
  await tick();
  assert.equal(await cache.getOrSet('a', unused, options), 'new');
});

test('a refresh that hangs ends at its deadline, and the next hit tries again', async () => {
  const { cache, clock } = setUp();
  const options = {
    ttlMs: 10,
    staleWhileRevalidateMs: 1_000,
    staleRetryMs: 0,
    loaderTimeoutMs: 1,
  };
  await cache.getOrSet('a', async () => 'old', options);
  clock.nowMs += 10;
  const aborted = Promise.withResolvers<void>();
  const hang = (signal: AbortSignal) => {
    signal.addEventListener('abort', () => aborted.resolve());
    return new Promise<never>(() => {});
  };
  assert.equal(await cache.getOrSet('a', hang, options), 'old');
  await aborted.promise;
  await tick();
  assert.equal(await cache.getOrSet('a', async () => 'new', options), 'old');
  await tick();
  assert.equal(await cache.getOrSet('a', unused, options), 'new');
});

test('closing ends a refresh under way', async () => {
  const { cache, clock } = setUp();
  const options = { ttlMs: 10, staleWhileRevalidateMs: 5 };
  await cache.getOrSet('a', async () => 'old', options);
  clock.nowMs += 10;
  const aborted = Promise.withResolvers<unknown>();
  const hang = (signal: AbortSignal) => {
    signal.addEventListener('abort', () => aborted.resolve(signal.reason));
    return new Promise<never>(() => {});
  };
  await cache.getOrSet('a', hang, options);
  await tick();
  await cache.close();
  assert.match(String(await aborted.promise), /the cache was closed/);
});

test('who joins a refresh waits for it even when the cache is closed', async () => {
  const { cache, near, far, clock } = setUp();
  const options = { ttlMs: 10, staleWhileRevalidateMs: 5 };
  await cache.getOrSet('a', async () => 'old', options);
  clock.nowMs += 10;
  const load = Promise.withResolvers<string>();
  await cache.getOrSet('a', () => load.promise, options);
  await tick();
  await near.purge({ kind: 'all' });
  await far.purge({ kind: 'all' });
  const joined = cache.getOrSet('a', unused, options);
  await cache.close();
  load.resolve('new');
  assert.equal(await joined, 'new');
});

test('the dice decide how long before its end a hit starts a load, by how long one takes', async () => {
  // -ln(1 - dice) is 2: loads begin two load times before the end.
  const { cache, clock, events } = setUp({ random: () => 1 - Math.exp(-2) });
  const load = async () => {
    clock.nowMs += 10;
    return clock.nowMs;
  };
  const options = { ttlMs: 100 };
  const first = await cache.getOrSet('a', load, options);
  clock.nowMs += 79;
  assert.equal(await cache.getOrSet('a', unused, options), first);
  clock.nowMs += 2;
  assert.equal(await cache.getOrSet('a', load, options), first, 'the caller does not wait');
  await tick();
  const second = await cache.getOrSet('a', unused, options);
  assert.equal(second, first + 91);
  assert.equal(cache.stats().earlyRefreshes, 1);
  assert.deepEqual(
    events.map((event) => event.kind === 'loaded' && event.cause),
    ['miss', 'early'],
  );
  clock.nowMs += 99;
  assert.equal(await cache.getOrSet('a', unused, { ...options, earlyRefreshBeta: 0 }), second);
});

test('a value found far away near its end starts a load early as well', async () => {
  const { cache, near, clock } = setUp({ random: () => 1 - Math.exp(-2) });
  const load = async () => {
    clock.nowMs += 10;
    return clock.nowMs;
  };
  const first = await cache.getOrSet('a', load, { ttlMs: 100 });
  await near.purge({ kind: 'all' });
  clock.nowMs += 85;
  assert.equal(await cache.getOrSet('a', load, { ttlMs: 100 }), first);
  await tick();
  assert.equal(await cache.getOrSet('a', unused, { ttlMs: 100 }), first + 95);
});

test('an early load that fails leaves what is fresh, and is not repeated at once', async () => {
  const { cache, clock } = setUp({ random: () => 1 - Math.exp(-2) });
  const load = async () => {
    clock.nowMs += 10;
    return 'old';
  };
  await cache.getOrSet('a', load, { ttlMs: 100 });
  clock.nowMs += 85;
  for (let i = 0; i < 3; i++) {
    assert.equal(await cache.getOrSet('a', fail, { ttlMs: 100 }), 'old');
    await tick();
  }
  assert.equal(cache.stats().loads, 2);
});

test('that there is nothing is remembered for its own time, and never served stale', async () => {
  for (const nothing of [undefined, null]) {
    const { cache, clock } = setUp();
    const options = {
      ttlMs: 100,
      absentTtlMs: 10,
      staleWhileRevalidateMs: 1_000,
      staleIfErrorMs: 1_000,
    };
    await cache.getOrSet('a', async () => nothing, options);
    clock.nowMs += 9;
    assert.equal(await cache.getOrSet<unknown>('a', unused, options), nothing);
    assert.equal(await cache.get('a'), nothing);
    assert.equal(cache.stats().hits.memory, 2);
    clock.nowMs += 1;
    await assert.rejects(cache.getOrSet('a', fail, options), /broken/);
    assert.equal(await cache.getOrSet('a', async () => 'there', options), 'there');
    clock.nowMs += 99;
    assert.equal(await cache.getOrSet('a', unused, options), 'there');
  }
});

test('that there is nothing is remembered for other processes too', async () => {
  const [ours, theirs] = setUpTwo();
  const options = { ttlMs: 100, absentTtlMs: 10 };
  await ours.cache.getOrSet('a', async () => undefined, options);
  assert.equal(await theirs.cache.getOrSet('a', unused, options), undefined);
  assert.equal(theirs.cache.stats().hits.shared, 1);
});
