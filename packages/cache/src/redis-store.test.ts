import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { bytesCodec } from './codec.ts';
import type { Purge } from './purge-index.ts';
import {
  type RedisServer,
  skipWithoutRedis,
  startRedisServer,
} from './redis-server.test-support.ts';
import { entry, find, inStep, keep, until } from './redis-store.test-support.ts';
import { createRedisStore, type RedisStoreOptions } from './redis-store.ts';
import { sharedStoreConformance, storeConformance } from './testing.ts';

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
const createStore = (options: Partial<RedisStoreOptions> = {}) =>
  inStep(createRedisStore({ url, prefix, commandTimeoutMs: 5_000, ...options }));

storeConformance('redis', () => createStore(), { skip });
storeConformance('redis with bytes', () => createStore({ codec: bytesCodec }), {
  skip,
  makeValue: (seed: number) => new Uint8Array(seed * 1_000).fill(seed),
});
sharedStoreConformance('redis', () => Promise.all([createStore(), createStore()]), { skip });

test('keys carry the prefix and values end by themselves', { skip }, async (t) => {
  const store = await createStore();
  t.after(() => store.close());
  await store.set('a', { value: { id: 1 }, ttlMs: 50_000.7, tags: ['t'] }, store.mark());
  const frame = (await admin.getBuffer(`${prefix}value:a`)) ?? Buffer.alloc(0);
  assert.ok(frame.toString('latin1').endsWith('{"id":1}'));
  const ttlMs = await admin.pttl(`${prefix}value:a`);
  assert.ok(ttlMs > 0 && ttlMs <= 50_001, `${ttlMs} ms`);
  await store.lock('a', 1_000);
  for (const key of await admin.keys('*')) assert.ok(key.startsWith(prefix), key);
});

test('a value without an end is not ours and is not found', { skip }, async (t) => {
  const store = await createStore();
  t.after(() => store.close());
  await keep(store, 'endless', 1);
  await admin.persist(`${prefix}value:endless`);
  t.after(() => admin.del(`${prefix}value:endless`));
  assert.equal(await store.get('endless'), undefined);
});

test('what cannot be read fails its own call only; Redis stays in use', { skip }, async (t) => {
  const store = await createStore();
  t.after(() => store.close());
  await admin.set(`${prefix}value:text`, 'not a frame', 'PX', 60_000);
  await admin.lpush(`${prefix}value:list`, 'x');
  await admin.pexpire(`${prefix}value:list`, 60_000);
  await assert.rejects(store.get('text'), /value:text" cannot be read \(it was not written by/);
  await assert.rejects(store.get('list'), /WRONGTYPE/);
  await assert.rejects(keep(store, 'big', 1n), TypeError);
  await assert.rejects(keep(store, '\ud800', 1), /well-formed/);
  await keep(store, 'sound', 'yes');
  const found = await store.getMany(['text', 'sound', 'list']);
  assert.deepEqual(
    found.map((each) => each?.value),
    [undefined, 'yes', undefined],
  );
  await assert.rejects(store.getMany(['text', 'list']), /cannot be read/);
  assert.deepEqual([store.status().isOpen, store.status().isInStep], [false, true]);
  await keep(store, 'text', 'JSON');
  assert.equal(await find(store, 'text'), 'JSON');
});

test('a value its codec cannot decode says so', { skip }, async (t) => {
  const [bytes, json] = await Promise.all([createStore({ codec: bytesCodec }), createStore()]);
  t.after(() => Promise.all([bytes.close(), json.close()]));
  await keep(bytes, 'raw', Buffer.from('{"half":'));
  await assert.rejects(json.get('raw'), /value:raw" cannot be read/);
});

test('values too large are refused, whatever they carry', { skip }, async (t) => {
  const store = await createStore({ codec: bytesCodec, maxValueBytes: 100 });
  t.after(() => store.close());
  await keep(store, 'fits', Buffer.alloc(100), ['t'.repeat(1_000)]);
  assert.notEqual(await store.get('fits'), undefined);
  await assert.rejects(keep(store, 'large', Buffer.alloc(101)), /has 101 bytes.*at most 100/);
  await assert.rejects(keep(store, 'tagged', Buffer.alloc(1), ['t'.repeat(70_000)]), RangeError);
});

test('a small value does not keep alive what the socket delivered with it', { skip }, async (t) => {
  const store = await createStore({ codec: bytesCodec });
  t.after(() => store.close());
  await keep(store, 'small', Buffer.from('small'));
  const value = await find(store, 'small');
  assert.ok(value instanceof Uint8Array);
  assert.ok(value.buffer.byteLength <= 2 * value.byteLength, `${value.buffer.byteLength} bytes`);
});

test('a thousand calls at once share one connection beside the log’s', { skip }, async (t) => {
  const connections = async () => /total_connections_received:(\d+)/.exec(await admin.info())?.[1];
  const earlier = Number(await connections());
  const store = await createStore();
  t.after(() => store.close());
  await Promise.all(Array.from({ length: 1_000 }, (_, index) => store.get(`none-${index}`)));
  await store.getMany(Array.from({ length: 1_000 }, (_, index) => `none-${index}`));
  assert.equal(Number(await connections()) - earlier, 2);
});

test('closing right after writing cuts nothing off', { skip }, async (t) => {
  const store = await createStore();
  const writes = Array.from({ length: 100 }, (_, index) => keep(store, `last-${index}`, index));
  await store.close();
  await Promise.all(writes);
  const reader = await createStore();
  t.after(() => reader.close());
  assert.equal(await find(reader, 'last-99'), 99);
});

test('a purge right after the start waits for the log, and is done', { skip }, async (t) => {
  const [other, late] = [await createStore(), createRedisStore({ url, prefix })];
  t.after(() => Promise.all([other.close(), late.close()]));
  await keep(other, 'early', 1, ['early']);
  assert.equal(await late.purge({ kind: 'tag', tag: 'early' }), 'done');
  await until('being told', async () => (await find(other, 'early')) === undefined);
});

test('who comes later knows what was purged before', { skip }, async (t) => {
  const first = await createStore();
  t.after(() => first.close());
  const mark = first.mark();
  await first.set('old', entry(1, ['t1']), mark);
  await first.purge({ kind: 'tag', tag: 't1' });
  await first.set('new', entry(2, ['t1']), first.mark());
  await first.set('stale', entry(3, ['t1']), mark);
  const second = await createStore();
  t.after(() => second.close());
  assert.equal(await second.get('old'), undefined);
  assert.equal(await find(second, 'new'), 2);
  assert.equal(await second.get('stale'), undefined);
});

test('a log cut short says nothing of entries older than it', { skip }, async (t) => {
  const own = `${prefix}short:`;
  const [writer, reader] = await Promise.all([
    createStore({ prefix: own }),
    createStore({ prefix: own }),
  ]);
  t.after(() => Promise.all([writer.close(), reader.close()]));
  await keep(writer, 'before', 1);
  for (let i = 0; i < 10; i++) await writer.purge({ kind: 'tag', tag: `t${i}` });
  await keep(writer, 'after', 2);
  await admin.xtrim(`${own}{purges}log`, 'MAXLEN', 5);
  const late = await createStore({ prefix: own });
  t.after(() => late.close());
  assert.equal(await late.get('before'), undefined);
  assert.equal(await find(late, 'after'), 2);
  assert.equal(await find(reader, 'before'), 1, 'who read the log in time can tell');
});

test('a purge this version does not know is taken for everything', { skip }, async (t) => {
  const store = await createStore();
  t.after(() => store.close());
  const heard: Purge[] = [];
  store.onPurge((purge) => heard.push(purge));
  await keep(store, 'a', 1);
  const last = await admin.hincrby(`${prefix}{purges}head`, 'last', 1);
  const fields = ['by', 'x:1', 'kind', 'moon-phase', 'what', 'full'];
  await admin.xadd(`${prefix}{purges}log`, `${last}-0`, ...fields);
  await until('being told', () => heard.length > 0);
  assert.deepEqual(heard, [{ kind: 'all' }]);
  assert.equal(await store.get('a'), undefined);
});

test('a place that is not one of Redis is refused at once', () => {
  const create = (place: unknown) => () =>
    createRedisStore({ prefix: '', ...(place as { url: string }) });
  assert.throws(create({ url: 'localhost:6379' }), /redis:\/\//);
  assert.throws(create({ cluster: { nodes: [] } }), /cluster\.nodes/);
  assert.throws(create({ cluster: { nodes: ['localhost:6379'] } }), /"localhost:6379" is not/);
  assert.throws(create({ sentinel: { name: 'm', nodes: ['tcp://x'] } }), /"tcp:\/\/x" is not/);
  assert.throws(create({ sentinel: { name: '', nodes: ['redis://x'] } }), /sentinel\.name/);
});
