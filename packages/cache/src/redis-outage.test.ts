// What a Redis that is away, silent, killed or demoted costs, counted in connections and commands.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createCache } from './cache.ts';
import { createMemoryStore } from './memory-store.ts';
import { skipWithoutRedisServer as skip, startRedisServer } from './redis-server.test-support.ts';
import { createRedisStore, type RedisStore } from './redis-store.ts';

const ENTRY = { value: 1, ttlMs: 60_000 };

/** A store on a clock that only the test moves, with the longest jitter: back-offs 1 s, 2 s, … */
function createStore(t: TestContext, url: string, commandTimeoutMs: number) {
  const clock = { nowMs: 0 };
  const now = () => clock.nowMs;
  const random = () => 1 - Number.EPSILON;
  const store = createRedisStore({ url, prefix: 't:', commandTimeoutMs, now, random });
  t.after(() => store.close());
  return { store, clock };
}

/** Listens and counts, and does to each connection what `onConnection` does. */
async function listen(t: TestContext, onConnection: (socket: Socket) => void, port = 0) {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    counter.connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  const counter = { connections: 0 };
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      for (const socket of sockets) socket.destroy();
    });
  t.after(close);
  return { counter, sockets, close, port: (server.address() as AddressInfo).port };
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

async function isLeftAlone(store: RedisStore) {
  assert.equal(store.circuit.isOpen, true);
  const found = await Promise.all(Array.from({ length: 200 }, () => store.get('a')));
  assert.ok(found.every((entry) => entry === undefined));
  await store.set('a', ENTRY);
  await assert.rejects(store.delete('a'), /was not deleted/);
}

test('a refused connection is tried once per back-off, by one call', async (t) => {
  const { port, close } = await listen(t, () => {});
  await close();
  const { store, clock } = createStore(t, `redis://127.0.0.1:${port}`, 5_000);
  const first = await Promise.allSettled(Array.from({ length: 50 }, () => store.get('a')));
  assert.ok(first.every(({ status }) => status === 'rejected'));
  assert.match(String(store.circuit.lastError), /ECONNREFUSED/);

  const { counter } = await listen(t, (socket) => socket.destroy(), port);
  await isLeftAlone(store);
  assert.equal(counter.connections, 0, 'nothing is tried while the circuit is open');

  clock.nowMs += 1_000;
  const second = await Promise.allSettled(Array.from({ length: 50 }, () => store.get('a')));
  assert.equal(second.filter(({ status }) => status === 'rejected').length, 1);
  assert.equal(counter.connections, 1);
  clock.nowMs += 1_000;
  await isLeftAlone(store);
  assert.equal(counter.connections, 1, 'the second back-off is longer');
  clock.nowMs += 1_000;
  await assert.rejects(store.get('a'));
  assert.equal(counter.connections, 2);
});

test('a Redis that accepts and stays silent costs one timeout, then nothing', async (t) => {
  const { counter, sockets, port } = await listen(t, (socket) => socket.resume());
  const { store, clock } = createStore(t, `redis://127.0.0.1:${port}`, 50);
  await assert.rejects(store.get('a'), /was not ready within 50 ms/);
  await isLeftAlone(store);
  assert.equal(counter.connections, 1);
  clock.nowMs += 1_000;
  await assert.rejects(store.set('a', ENTRY));
  assert.equal(counter.connections, 2);
  await isLeftAlone(store);
  while (sockets.size > 0) await new Promise((resolve) => setImmediate(resolve));
});

test('a cache over a dead Redis serves from its loader and its memory', async (t) => {
  const { counter, port } = await listen(t, (socket) => socket.resume());
  const { store } = createStore(t, `redis://127.0.0.1:${port}`, 50);
  const cache = createCache({ stores: [createMemoryStore({ maxSizeBytes: 1e6 }), store] });
  for (const key of ['a', 'b', 'c', 'a', 'b', 'c']) {
    assert.equal(await cache.getOrSet(key, async () => key, { ttlMs: 60_000 }), key);
  }
  assert.equal(counter.connections, 1);
  assert.equal(cache.stats().storeErrors, 1);
  assert.equal(cache.stats().loads, 3);
  assert.deepEqual(cache.stats().hits, { memory: 3, redis: 0 });
});

test('a killed Redis that comes back is found again by the first trial', { skip }, async (t) => {
  const server = await startRedisServer();
  t.after(() => server.stop());
  const { store, clock } = createStore(t, server.url, 5_000);
  await store.set('a', ENTRY);
  server.freeze();
  const inFlight = Promise.allSettled(Array.from({ length: 20 }, () => store.get('a')));
  await server.kill();
  assert.ok((await inFlight).every(({ status }) => status === 'rejected'));
  await isLeftAlone(store);

  clock.nowMs += 1_000;
  await assert.rejects(store.get('a'), 'still dead: the trial fails');
  await server.restart();
  await isLeftAlone(store);
  clock.nowMs += 2_000;
  await store.set('a', ENTRY);
  assert.equal(store.circuit.isOpen, false);
  assert.equal((await store.get('a'))?.value, 1);
});

test('a Redis restarted between two calls costs nothing at all', { skip }, async (t) => {
  const server = await startRedisServer();
  t.after(() => server.stop());
  const { store } = createStore(t, server.url, 5_000);
  await store.set('a', ENTRY);
  await server.kill();
  await server.restart();
  // Killing closes the connection; the store learns of it like of any other event on the socket.
  await new Promise((resolve) => setImmediate(resolve));
  await store.set('a', ENTRY);
  assert.equal((await store.get('a'))?.value, 1);
  assert.equal(store.circuit.lastError, undefined);
});

test('a Redis that freezes gets no command until it is due a trial', { skip }, async (t) => {
  const server = await startRedisServer();
  t.after(() => server.stop());
  const admin = new Redis(server.url);
  t.after(() => admin.disconnect());
  const callsOfGet = async () =>
    Number(/cmdstat_get:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1]);
  const { store, clock } = createStore(t, server.url, 500);
  await callsOfGet();
  const earlier = openResources();
  await store.set('a', ENTRY);
  await store.get('a');

  server.freeze();
  const lingered = sleep(2_000, 'lingered', { ref: false });
  const reason = await Promise.race([store.get('a').catch(String), lingered]);
  assert.match(String(reason), /did not reply within 500 ms/);
  await hasOpenAgain(earlier);
  await isLeftAlone(store);
  server.thaw();
  await isLeftAlone(store);
  assert.ok((await callsOfGet()) <= 2, 'at most the call before and the one that timed out');

  clock.nowMs += 1_000;
  assert.equal((await store.get('a'))?.value, 1);
  assert.equal(store.circuit.isOpen, false);
});

test('a pause of this process is not taken for a silent Redis', { skip }, async (t) => {
  const server = await startRedisServer();
  t.after(() => server.stop());
  const { store } = createStore(t, server.url, 200);
  await store.set('a', ENTRY);
  const found = store.get('a');
  for (let turn = 0; turn < 10; turn++) await null;
  const pausedAtMs = performance.now();
  while (performance.now() - pausedAtMs < 600);
  assert.equal((await found)?.value, 1);
});

test('a Redis demoted to a replica is left for a new connection', { skip }, async (t) => {
  const server = await startRedisServer();
  t.after(() => server.stop());
  const admin = new Redis(server.url);
  t.after(() => admin.disconnect());
  const { store, clock } = createStore(t, server.url, 5_000);
  await admin.ping();
  const earlier = openResources();
  await store.set('a', ENTRY);
  await admin.replicaof('127.0.0.1', '1');
  await assert.rejects(store.set('a', ENTRY), /READONLY/);
  await isLeftAlone(store);
  await hasOpenAgain(earlier);
  await admin.replicaof('NO', 'ONE');
  clock.nowMs += 1_000;
  await store.set('a', ENTRY);
  assert.equal(store.circuit.isOpen, false);
});

test('close leaves no socket and no timer, whatever state Redis is in', { skip }, async (t) => {
  const server = await startRedisServer();
  t.after(() => server.stop());
  const { port } = await listen(t, (socket) => socket.resume());
  const earlier = openResources();

  const idle = createRedisStore({ url: server.url, prefix: 't:' });
  const used = createRedisStore({ url: server.url, prefix: 't:', commandTimeoutMs: 5_000 });
  const silent = createRedisStore({ url: `redis://127.0.0.1:${port}`, prefix: 't:' });
  const refused = createRedisStore({ url: 'redis://127.0.0.1:1', prefix: 't:' });
  const connecting = createRedisStore({ url: server.url, prefix: 't:' });
  await used.set('a', ENTRY);
  await Promise.allSettled([silent.get('a'), refused.get('a')]);
  const late = Promise.allSettled([connecting.get('a')]);
  assert.notEqual(openResources(), earlier, 'the connection in use is visible here');
  await Promise.all([idle, used, silent, refused, connecting].map((store) => store.close()));
  await late;
  await hasOpenAgain(earlier);
});
