// Failing over to a replica that a Sentinel has chosen, while traffic flows.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Purge } from './purge-index.ts';
import { startSentinel, type WatchedRedis } from './redis-sentinel.test-support.ts';
import { freePorts, skipWithoutRedisServer as skip } from './redis-server.test-support.ts';
import { find, inStep, keep, outOfStep, until } from './redis-store.test-support.ts';
import { createRedisStore, type RedisStore } from './redis-store.ts';

let watched: WatchedRedis;
let deadPort = 0;

before(async () => {
  if (skip !== false) return;
  watched = await startSentinel();
  [deadPort = 0] = await freePorts(1);
});

after(async () => {
  if (skip === false) await watched.stop();
});

function create(): RedisStore {
  const nodes = [`redis://127.0.0.1:${deadPort}`, watched.url];
  const sentinel = { name: watched.name, nodes };
  return createRedisStore({ sentinel, prefix: 's:', commandTimeoutMs: 300 });
}

async function both(t: { after(end: () => unknown): void }): Promise<[RedisStore, RedisStore]> {
  const stores: [RedisStore, RedisStore] = [create(), create()];
  t.after(() => Promise.all(stores.map((store) => store.close())));
  await Promise.all(stores.map(inStep));
  return stores;
}

test('a dead Sentinel and a name none of them knows', { skip }, async (t) => {
  const [store] = await both(t);
  await keep(store, 'found', 1);
  assert.equal(await find(store, 'found'), 1);
  const sentinel = { name: 'nobody', nodes: [watched.url] };
  const lost = createRedisStore({ sentinel, prefix: 's:' });
  t.after(() => lost.close());
  await until('an attempt', () => lost.status().lastError !== undefined);
  assert.match(String(lost.status().lastError), /watches no master called "nobody"/);
});

// One test, because the second failover needs the first: a Sentinel waits before it fails over again.
test('through a failover no call fails for long and no purge is lost', { skip }, async (t) => {
  const [near, far] = await both(t);
  const heard: Purge[] = [];
  far.onPurge((purge) => heard.push(purge));
  await keep(near, 'a', 1, ['t']);
  await keep(near, 'b', 2);
  const [first, second] = watched.admins;
  await until('replication', async () => (await second.keys('s:value:*')).length >= 2);

  const traffic = new AbortController();
  let longestMs = 0;
  const flowing = (async () => {
    for (let i = 0; !traffic.signal.aborted; i++) {
      for (const store of [near, far]) {
        const startedAtMs = performance.now();
        const value = await find(store, `traffic-${i % 10}`);
        await keep(store, `traffic-${i % 10}`, i % 10).catch(() => {});
        longestMs = Math.max(longestMs, performance.now() - startedAtMs);
        assert.ok(value === undefined || value === i % 10);
      }
      await sleep(2);
    }
  })();

  watched.first.freeze();
  await outOfStep(near);
  await outOfStep(far);
  assert.equal(await near.purge({ kind: 'tag', tag: 't' }), 'queued');
  await watched.isMaster(watched.second);
  await inStep(near);
  await until('being told', async () => {
    if (far.status().isInStep && heard.length > 0) return true;
    return false;
  });
  assert.equal(await find(far, 'a'), undefined);
  assert.equal(await find(near, 'a'), undefined);
  assert.ok(heard.some(({ kind }) => kind === 'tag' || kind === 'all'));
  await until('keeping again', async () => {
    await keep(near, 'c', 3).catch(() => {});
    return (await find(far, 'c')) === 3;
  });
  assert.ok(longestMs < 10_000, `a call took ${longestMs} ms`);
  traffic.abort();
  await flowing;

  // The old master comes back believing it is one: nobody goes back to it. The Sentinel would make it
  // a replica in some seconds.
  watched.first.thaw();
  await first.replicaof('127.0.0.1', watched.second.port);
  await keep(near, 'd', 4);
  assert.equal(await find(far, 'd'), 4);
});

test('a failover that lost the end of the log is told as a purge of everything', {
  skip,
}, async (t) => {
  const { first, second } = watched;
  const [replica] = watched.admins;
  const [near, far] = await both(t);
  const heard: Purge[] = [];
  far.onPurge((purge) => heard.push(purge));
  await keep(near, 'x', 1, ['t']);
  await until('replication', async () => (await replica.exists('s:value:x')) === 1);
  // From here on the replica hears nothing, and knows nothing of the purge.
  await replica.replicaof('127.0.0.1', 1);
  await near.purge({ kind: 'tag', tag: 't' });
  await until('being told', () => heard.length === 1);
  await second.kill();
  await watched.isMaster(first);
  await until('being told', () => heard.length > 1);
  assert.deepEqual(heard.slice(1), [{ kind: 'all' }]);
  await inStep(far);
  for (let i = 0; i < 20; i++) assert.equal(await find(far, 'x'), undefined);
  await inStep(near);
  assert.equal(await find(near, 'x'), undefined);
});
