import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { createCache } from './cache.ts';
import { createMemoryStore } from './memory-store.ts';
import {
  type RedisServer,
  skipWithoutRedis,
  startRedisServer,
} from './redis-server.test-support.ts';
import { createRedisStore } from './redis-store.ts';
import { storeConformance } from './testing.ts';

const skip = skipWithoutRedis;
const prefix = `headgate-test-${randomUUID()}:`;
let server: RedisServer | undefined;
let url: string;
let admin: Redis;

before(async () => {
  if (skip !== false) return;
  if (process.env.REDIS_URL === undefined) server = await startRedisServer();
  url = server?.url ?? process.env.REDIS_URL ?? '';
  admin = new Redis(url);
});

after(async () => {
  if (skip !== false) return;
  await admin.quit();
  await server?.stop();
});

// A busy machine must not fail a test, so the bound is far above any reply's time.
const createStore = () => createRedisStore({ url, prefix, commandTimeoutMs: 5_000 });

storeConformance('redis', createStore, { skip });

test('keys carry the prefix and end by themselves', { skip }, async (t) => {
  const store = createStore();
  t.after(() => store.close());
  await store.set('a', { value: { id: 1 }, ttlMs: 50_000.7 });
  assert.equal(await admin.get(`${prefix}a`), '{"id":1}');
  const ttlMs = await admin.pttl(`${prefix}a`);
  assert.ok(ttlMs > 0 && ttlMs <= 50_001, `${ttlMs} ms`);
});

test('a value without an end is not ours and is not found', { skip }, async (t) => {
  const store = createStore();
  t.after(() => store.close());
  await admin.set(`${prefix}foreign`, '1');
  t.after(() => admin.del(`${prefix}foreign`));
  assert.equal(await store.get('foreign'), undefined);
});

test('what cannot be read fails its own call only; Redis stays in use', { skip }, async (t) => {
  const store = createStore();
  t.after(() => store.close());
  await admin.set(`${prefix}text`, 'not JSON', 'PX', 60_000);
  await admin.lpush(`${prefix}list`, 'x');
  await admin.pexpire(`${prefix}list`, 60_000);
  await assert.rejects(store.get('text'), /"text" is not JSON/);
  await assert.rejects(store.get('list'), /WRONGTYPE/);
  await assert.rejects(store.set('big', { value: 1n, ttlMs: 10 }), TypeError);
  assert.equal(store.circuit.isOpen, false);
  await store.set('text', { value: 'JSON', ttlMs: 60_000 });
  assert.equal((await store.get('text'))?.value, 'JSON');
});

test('a thousand concurrent calls share one connection', { skip }, async (t) => {
  const store = createStore();
  t.after(() => store.close());
  const connections = async () => /total_connections_received:(\d+)/.exec(await admin.info())?.[1];
  const earlier = Number(await connections());
  await Promise.all(Array.from({ length: 1_000 }, (_, index) => store.get(`none-${index}`)));
  assert.equal(Number(await connections()) - earlier, 1);
});

test('one process loads, another finds it in Redis and keeps it in its memory', {
  skip,
}, async (t) => {
  const processes = [1, 2].map(() =>
    createCache({ stores: [createMemoryStore({ maxSizeBytes: 1e6 }), createStore()] }),
  );
  t.after(() => Promise.all(processes.map((cache) => cache.close())));
  const [first, second] = processes;
  const load = async () => ({ from: 'loader' });
  await first?.getOrSet('shared', load, { ttlMs: 60_000 });
  // The answer does not wait for Redis; the next call on the same connection comes after the write.
  await first?.set('after', 1, { ttlMs: 60_000 });
  for (let call = 0; call < 2; call++) {
    const value = await second?.getOrSet('shared', load, { ttlMs: 60_000 });
    assert.deepEqual(value, { from: 'loader' });
  }
  assert.deepEqual(second?.stats().hits, { memory: 1, redis: 1 });
  assert.equal(second?.stats().loads, 0);
  await first?.delete('shared');
  assert.equal(await admin.exists(`${prefix}shared`), 0);
});

test('closing right after writing cuts nothing off', { skip }, async () => {
  const store = createStore();
  const writes = Array.from({ length: 100 }, (_, index) =>
    store.set(`last-${index}`, { value: index, ttlMs: 60_000 }),
  );
  await store.close();
  await Promise.all(writes);
  assert.equal(await admin.get(`${prefix}last-99`), '99');
});

test('an address that is not one of Redis is refused at once', () => {
  assert.throws(() => createRedisStore({ url: 'localhost:6379', prefix: '' }), /redis:\/\//);
});
