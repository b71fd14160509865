// A Cluster whose slots move and whose servers die, while traffic flows.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Purge } from './purge-index.ts';
import { logKeys } from './purge-log-entry.ts';
import { type RedisCluster, startCluster } from './redis-cluster.test-support.ts';
import { skipWithoutRedisServer as skip } from './redis-server.test-support.ts';
import { find, inStep, keep, outOfStep, until } from './redis-store.test-support.ts';
import { createRedisStore, type RedisStore } from './redis-store.ts';
import { sharedStoreConformance, storeConformance } from './testing.ts';

const PREFIX = 'c:';
const LOG = logKeys(PREFIX).head;
const KEYS = Array.from({ length: 30 }, (_, i) => `key-${i}`);
const BY_TAG: Purge = { kind: 'tag', tag: 't' };
let cluster: RedisCluster;

before(async () => {
  if (skip === false) cluster = await startCluster();
});

after(async () => {
  if (skip === false) await cluster.stop();
});

function createStore(commandTimeoutMs = 5_000): Promise<RedisStore> {
  const nodes = cluster.servers.map(({ url }) => url);
  return inStep(createRedisStore({ cluster: { nodes }, prefix: PREFIX, commandTimeoutMs }));
}

async function both(t: { after(end: () => unknown): void }, commandTimeoutMs?: number) {
  const stores = [
    await createStore(commandTimeoutMs),
    await createStore(commandTimeoutMs),
  ] as const;
  t.after(() => Promise.all(stores.map((store) => store.close())));
  const heard: Purge[] = [];
  stores[1].onPurge((purge) => heard.push(purge));
  return { near: stores[0], far: stores[1], heard };
}

/** Reads and writes all keys again and again until stopped; counts what failed and what was wrong. */
function flow(store: RedisStore) {
  const counts = { calls: 0, failures: [] as string[], misses: 0 };
  let isStopped = false;
  const flowing = (async () => {
    while (!isStopped) {
      for (const key of KEYS) {
        // Calls that cost nothing do not let the event loop turn.
        await nextTurn();
        counts.calls += 1;
        try {
          const found = await store.get(key);
          if (found === undefined) counts.misses += 1;
          else assert.equal(found.value, key);
          await keep(store, key, key, ['t']);
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          counts.failures.push(String(error));
        }
      }
    }
    return counts;
  })();
  return () => {
    isStopped = true;
    return flowing;
  };
}

storeConformance('cluster', () => createStore(), { skip });
sharedStoreConformance('cluster', () => Promise.all([createStore(), createStore()]), { skip });

test('one server’s address is enough to find all of them', { skip }, async (t) => {
  const nodes = cluster.servers.slice(0, 1).map(({ url }) => url);
  const store = await inStep(createRedisStore({ cluster: { nodes }, prefix: PREFIX }));
  t.after(() => store.close());
  for (const key of KEYS) await keep(store, key, key);
  const sizes = await Promise.all(cluster.servers.map(({ admin }) => admin.dbsize()));
  assert.ok(
    sizes.every((size) => size > 0),
    sizes.join(),
  );
  const found = await store.getMany(KEYS);
  assert.deepEqual(
    found.map((each) => each?.value),
    KEYS,
  );
});

test('while slots move no call fails and every value is found', { skip }, async (t) => {
  const { near, far } = await both(t);
  for (const key of KEYS) await keep(near, key, key, ['t']);
  const stop = flow(far);
  for (const key of KEYS.slice(0, 10)) {
    await cluster.moveSlotOf(`${PREFIX}value:${key}`, async () => {
      assert.equal(await find(near, key), key, 'found at the new server, before the slot is there');
      await keep(near, key, key, ['t']);
    });
    assert.equal(await find(near, key), key);
  }
  const { calls, failures, misses } = await stop();
  assert.ok(calls > 0);
  assert.deepEqual({ failures, misses }, { failures: [], misses: 0 });
  assert.deepEqual([near.status().isOpen, far.status().isOpen], [false, false]);
});

test('when the log itself moves, no purge is lost', { skip }, async (t) => {
  const { near, far, heard } = await both(t);
  for (const key of KEYS) await keep(near, key, key, ['t']);
  const stop = flow(far);
  let isQueued = false;
  await cluster.moveSlotOf(LOG, async () => {
    isQueued = (await near.purge(BY_TAG)) === 'queued';
  });
  await until('being told', () => heard.length > 0);
  assert.deepEqual(heard, [BY_TAG], `the log moves as it is (queued: ${isQueued})`);
  const { failures } = await stop();
  assert.deepEqual(failures, []);
  await inStep(near);
  await inStep(far);
  await near.purge({ kind: 'tag', tag: 'again' });
  await until('being told', () => heard.length > 1);
});

test('a server that is down cuts off its own keys only', { skip }, async (t) => {
  const { near, far, heard } = await both(t, 300);
  const log = await cluster.ownerOf(LOG);
  const keysOf = async (isOnLog: boolean) => {
    const owners = await Promise.all(KEYS.map((key) => cluster.ownerOf(`${PREFIX}value:${key}`)));
    const away = owners.find((owner) => owner !== log);
    return KEYS.filter((_, i) => owners[i] === (isOnLog ? log : away));
  };
  const [[here = ''], [there = '']] = [await keysOf(true), await keysOf(false)];
  for (const key of [here, there]) await keep(near, key, key, ['t']);
  const down = await cluster.ownerOf(`${PREFIX}value:${there}`);
  down.freeze();
  t.after(() => down.thaw());
  await assert.rejects(near.get(there), /did not reply/);
  assert.equal(near.status().isOpen, true);
  assert.equal(await find(near, there), undefined);
  assert.equal(await find(near, here), here);
  const many = await near.getMany([there, here]);
  assert.deepEqual(
    many.map((each) => each?.value),
    [undefined, here],
  );
  assert.equal(near.status().isInStep, true);
  assert.equal(await near.purge(BY_TAG), 'done');
  await until('being told', () => heard.length > 0);
  down.thaw();
  await until('asking it again', async () => {
    assert.equal(await find(far, there), undefined, 'purged while its server was down');
    await keep(near, there, 'new').catch(() => {});
    return (await find(far, there)) === 'new';
  });
});

test('while the server of the log is down nothing is found, and no purge is lost', {
  skip,
}, async (t) => {
  const { near, far, heard } = await both(t, 300);
  const log = await cluster.ownerOf(LOG);
  const owners = await Promise.all(KEYS.map((key) => cluster.ownerOf(`${PREFIX}value:${key}`)));
  const key = KEYS.find((_, i) => owners[i] !== log) ?? '';
  await keep(near, key, key, ['t']);
  log.freeze();
  t.after(() => log.thaw());
  assert.equal(await near.purge(BY_TAG), 'queued');
  await outOfStep(far);
  assert.equal(await far.get(key), undefined);
  log.thaw();
  await until('being told', () => heard.length > 0);
  // The write that got no answer was carried out when the server went on, and then made up for.
  for (const purge of heard) assert.deepEqual(purge, BY_TAG);
  await inStep(far);
  assert.equal(await find(far, key), undefined);
});
