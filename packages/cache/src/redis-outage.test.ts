// What a Redis that is away, silent, slow, killed or demoted costs, and how it is found again.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { openLine } from './redis-line.test-support.ts';
import {
  freePorts,
  type RedisServer,
  skipWithoutRedisServer as skip,
  startRedisServer,
} from './redis-server.test-support.ts';
import { entry, find, inStep, keep, outOfStep, until } from './redis-store.test-support.ts';
import { createRedisStore, type RedisStore } from './redis-store.ts';

async function startServer(t: TestContext, port = 0): Promise<RedisServer> {
  const server = await startRedisServer({ port });
  t.after(() => server.stop());
  return server;
}

function createStore(t: TestContext, url: string, commandTimeoutMs = 5_000): RedisStore {
  const store = createRedisStore({ url, prefix: 't:', commandTimeoutMs });
  t.after(() => store.close());
  return store;
}

/** The sockets and timers this process has open. */
const openResources = () =>
  process
    .getActiveResourcesInfo()
    .filter((name) => /Timeout|TCPSocketWrap|PipeWrap|Connect|GetAddrInfo/.test(name))
    .sort()
    .join();

/** Gives closing sockets some turns of the event loop, far fewer than ioredis lets them linger. */
async function hasOpenAgain(expected: string) {
  for (let turn = 0; turn < 1_000 && openResources() !== expected; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(openResources(), expected);
}

async function findsAndKeepsNothing(store: RedisStore) {
  const found = await Promise.all(Array.from({ length: 200 }, () => store.get('a')));
  assert.ok(found.every((each) => each === undefined));
  assert.deepEqual(await store.getMany(['a', 'b']), [undefined, undefined]);
  await store.set('a', entry(2), store.mark());
}

test('calls cost a Redis that refuses nothing, and it is found when it listens', {
  skip,
}, async (t) => {
  const [port = 0] = await freePorts(1);
  const store = createStore(t, `redis://127.0.0.1:${port}`);
  await until('an attempt', () => /ECONNREFUSED/.test(String(store.status().lastError)));
  await findsAndKeepsNothing(store);
  assert.equal(await store.lock('a', 1_000), undefined);
  assert.equal(store.status().isOpen, true);
  await startServer(t, port);
  await inStep(store);
  await until('the circuit closing', async () => {
    await keep(store, 'a', 1).catch(() => {});
    return (await find(store, 'a')) === 1;
  });
  assert.equal(store.status().isOpen, false);
});

test('a Redis that accepts and stays silent is asked by nobody but the log', {
  skip,
}, async (t) => {
  const server = await startServer(t);
  const line = await openLine(server.url);
  t.after(() => line.close());
  line.lose();
  const store = createStore(t, line.url, 50);
  await until('an attempt', () => /not ready|not reply/.test(String(store.status().lastError)));
  const earlier = line.connections;
  await findsAndKeepsNothing(store);
  assert.ok(line.connections <= earlier + 1, 'the log may have tried once meanwhile');
  line.mend();
  await inStep(store);
});

test('a Redis slower than the timeout is left alone until it is fast again', {
  skip,
}, async (t) => {
  const server = await startServer(t);
  const line = await openLine(server.url);
  t.after(() => line.close());
  const store = await inStep(createStore(t, line.url, 300));
  await keep(store, 'a', 1);
  line.delay(400);
  await assert.rejects(store.get('a'), /did not reply within 300 ms/);
  assert.equal(store.status().isOpen, true);
  await outOfStep(store);
  await findsAndKeepsNothing(store);
  line.delay(0);
  await until('finding it again', async () => (await find(store, 'a')) === 1);
  assert.equal(store.status().isOpen, false);
});

test('a killed Redis fails what is under way, then costs nothing, and is found again', {
  skip,
}, async (t) => {
  const server = await startServer(t);
  const store = await inStep(createStore(t, server.url));
  await keep(store, 'a', 1);
  server.freeze();
  const inFlight = Promise.allSettled(Array.from({ length: 20 }, () => store.get('a')));
  await server.kill();
  assert.ok((await inFlight).every(({ status }) => status === 'rejected'));
  await outOfStep(store);
  await findsAndKeepsNothing(store);
  await server.restart();
  await inStep(store);
  await until('keeping again', async () => {
    await keep(store, 'a', 3).catch(() => {});
    return (await find(store, 'a')) === 3;
  });
});

test('a Redis that freezes gets no command until it is due a trial', { skip }, async (t) => {
  const server = await startServer(t);
  const admin = new Redis(server.url);
  t.after(() => admin.disconnect());
  const callsOfGet = async () =>
    Number(/cmdstat_get:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1]);
  await admin.ping();
  const earlier = openResources();
  const store = await inStep(createStore(t, server.url, 300));
  await keep(store, 'a', 1);
  await store.get('a');

  server.freeze();
  const lingered = sleep(2_000, 'lingered', { ref: false });
  const reason = await Promise.race([store.get('a').catch(String), lingered]);
  assert.match(String(reason), /did not reply within 300 ms/);
  await outOfStep(store);
  await findsAndKeepsNothing(store);
  server.thaw();
  assert.ok((await callsOfGet()) <= 2, 'at most the call before and the one that timed out');
  await until('finding it again', async () => (await find(store, 'a')) === 1);
  await store.close();
  await hasOpenAgain(earlier);
});

test('a pause of this process is not taken for a silent Redis', { skip }, async (t) => {
  const server = await startServer(t);
  const store = await inStep(createStore(t, server.url, 200));
  await keep(store, 'a', 1);
  const found = store.get('a');
  for (let turn = 0; turn < 10; turn++) await null;
  const pausedAtMs = performance.now();
  while (performance.now() - pausedAtMs < 1_500);
  assert.equal((await found)?.value, 1);
  await sleep(50);
  assert.equal(store.status().isInStep, true);
  assert.equal(store.status().lastError, undefined);
});

test('a Redis demoted to a replica is not used before it is a master again', {
  skip,
}, async (t) => {
  const server = await startServer(t);
  const admin = new Redis(server.url);
  t.after(() => admin.disconnect());
  const store = await inStep(createStore(t, server.url));
  await keep(store, 'a', 1);
  await admin.replicaof('127.0.0.1', '1');
  await assert.rejects(keep(store, 'a', 2), /READONLY/);
  await outOfStep(store);
  await findsAndKeepsNothing(store);
  await admin.replicaof('NO', 'ONE');
  await inStep(store);
  await until('keeping again', async () => {
    await keep(store, 'a', 3).catch(() => {});
    return (await find(store, 'a')) === 3;
  });
});

test('a Redis out of memory refuses writes and is read all the same', { skip }, async (t) => {
  const server = await startServer(t);
  const admin = new Redis(server.url);
  t.after(() => admin.disconnect());
  const store = await inStep(createStore(t, server.url));
  await keep(store, 'a', 1);
  await admin.config('SET', 'maxmemory', '1');
  await assert.rejects(keep(store, 'b', 2), /OOM/);
  assert.equal(await find(store, 'a'), 1);
  assert.equal(store.status().isInStep, true);
});

test('close leaves no socket and no timer, whatever state Redis is in', { skip }, async (t) => {
  const server = await startServer(t);
  const frozen = await startServer(t);
  const line = await openLine(server.url);
  t.after(() => line.close());
  const [deadPort] = await freePorts(1);
  const opened = openResources();

  const stores = [
    await inStep(createRedisStore({ url: server.url, prefix: 't:', commandTimeoutMs: 5_000 })),
    await inStep(createRedisStore({ url: frozen.url, prefix: 't:', commandTimeoutMs: 200 })),
    createRedisStore({ url: server.url, prefix: 't:' }),
    createRedisStore({ url: `redis://127.0.0.1:${deadPort}`, prefix: 't:' }),
    createRedisStore({ cluster: { nodes: [`redis://127.0.0.1:${deadPort}`] }, prefix: 't:' }),
    createRedisStore({
      sentinel: { name: 'm', nodes: [`redis://127.0.0.1:${deadPort}`] },
      prefix: 't:',
    }),
  ];
  for (const store of stores) await keep(store, 'a', 1);
  frozen.freeze();
  const waiting = Promise.allSettled(stores.map((store) => store.purge({ kind: 'tag', tag: 't' })));
  assert.notEqual(openResources(), opened, 'connections in use are visible here');
  await Promise.all(stores.map((store) => store.close()));
  await Promise.all(stores.map((store) => store.close()));
  await waiting;
  await hasOpenAgain(opened);
  await assert.rejects(Promise.resolve(stores[0]?.purge({ kind: 'all' })), /closed/);
});
