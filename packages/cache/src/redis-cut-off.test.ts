// Purges made while a process is cut off from Redis, or Redis from everybody: whoever comes back
// knows them before it finds anything.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import type { Purge } from './purge-index.ts';
import { openLine, type RedisLine } from './redis-line.test-support.ts';
import { skipWithoutRedisServer as skip, startRedisServer } from './redis-server.test-support.ts';
import { find, inStep, keep, outOfStep, until } from './redis-store.test-support.ts';
import { createRedisStore } from './redis-store.ts';

const HEAD = 't:{purges}head';
const LOG = 't:{purges}log';
const BY_TAG: Purge = { kind: 'tag', tag: 't' };
const PURGES: readonly Purge[] = [
  { kind: 'key', key: 'a' },
  BY_TAG,
  { kind: 'prefix', prefix: 'a' },
  { kind: 'all' },
];

/** `near` reaches Redis directly, `far` over a line that can be cut; both know a value `a`, tag `t`. */
async function setUp(t: TestContext) {
  const server = await startRedisServer();
  t.after(() => server.stop());
  const line = await openLine(server.url);
  t.after(() => line.close());
  const admin = new Redis(server.url, { maxRetriesPerRequest: null });
  admin.on('error', () => {});
  t.after(() => admin.disconnect());
  const create = (url: string) =>
    inStep(createRedisStore({ url, prefix: 't:', commandTimeoutMs: 500 }));
  const [near, far] = [await create(server.url), await create(line.url)];
  t.after(() => Promise.all([near.close(), far.close()]));
  const heard: Purge[] = [];
  far.onPurge((purge) => heard.push(purge));
  await keep(near, 'a', 1, ['t']);
  await keep(near, 'b', 2);
  assert.equal(await find(far, 'a'), 1);
  return { server, line, admin, near, far, heard, create };
}

/** Looks for `a` until in step again, and a while longer: it must never be there. */
async function neverFinds({ far }: Pick<Awaited<ReturnType<typeof setUp>>, 'far'>) {
  await until('being in step again', async () => {
    assert.equal(await find(far, 'a'), undefined);
    return far.status().isInStep;
  });
  for (let i = 0; i < 50; i++) assert.equal(await find(far, 'a'), undefined);
}

const CUTS: readonly (readonly [string, (line: RedisLine) => void])[] = [
  ['cut', (line) => line.cut()],
  ['silently lost', (line) => line.lose()],
];

for (const [how, cut] of CUTS) {
  test(`who was ${how} while another purged knows it before it finds anything`, {
    skip,
  }, async (t) => {
    const { line, near, far, heard } = await setUp(t);
    for (const purge of PURGES) {
      heard.length = 0;
      await keep(near, 'a', 1, ['t']);
      assert.equal(await find(far, 'a'), 1);
      cut(line);
      await outOfStep(far);
      assert.equal(await near.purge(purge), 'done');
      let heardInStep = -1;
      line.mend();
      await until('coming back', async () => {
        assert.equal(await find(far, 'a'), undefined);
        if (far.status().isInStep && heardInStep < 0) heardInStep = heard.length;
        return far.status().isInStep;
      });
      assert.equal(heardInStep, 1, 'told before anything is found');
      assert.deepEqual(heard, [purge]);
      await neverFinds({ far });
    }
  });
}

test('a purge reaches who was cut off though the value was written again too late', {
  skip,
}, async (t) => {
  const { line, near, far } = await setUp(t);
  const mark = far.mark();
  line.cut();
  await outOfStep(far);
  await near.purge(BY_TAG);
  line.mend();
  await inStep(far);
  await far.set('a', { value: 'late', ttlMs: 60_000, tags: ['t'] }, mark);
  assert.equal(await near.get('a'), undefined);
  await neverFinds({ far });
});

/** Ends all connections whose last command was `command`. */
async function kill(admin: Redis, command: string) {
  const clients = String(await admin.client('LIST')).split('\n');
  for (const client of clients.filter((line) => line.includes(` cmd=${command} `))) {
    const id = /^id=(\d+)/.exec(client)?.[1] ?? assert.fail(client);
    await admin.client('KILL', 'ID', id);
  }
}

test('what is on its way when the log is lost is not found: it may have been purged', {
  skip,
}, async (t) => {
  const { line, admin, near, far } = await setUp(t);
  line.delay(150);
  const found = far.get('a');
  await kill(admin, 'xread');
  await outOfStep(far);
  await until('the purge', async () => (await near.purge(BY_TAG)) === 'done');
  assert.equal(await found, undefined);
});

test('a lost connection to the server of the log puts the log in doubt', { skip }, async (t) => {
  const { admin, far } = await setUp(t);
  assert.equal(far.status().lastError, undefined);
  await kill(admin, 'get');
  await until('doubt', () => /server of the log/.test(String(far.status().lastError)));
  await inStep(far);
  assert.equal(await find(far, 'a'), 1);
});

test('what is purged while Redis is dead is purged when it is back', { skip }, async (t) => {
  const { server, near, far, heard } = await setUp(t);
  server.freeze();
  await outOfStep(near);
  await outOfStep(far);
  assert.equal(await near.purge(BY_TAG), 'queued');
  assert.equal(await near.get('a'), undefined);
  server.thaw();
  await until('coming back', async () => {
    assert.equal(await find(near, 'a'), undefined);
    return near.status().isInStep;
  });
  await until('being told', () => heard.length > 0);
  assert.deepEqual(heard, [BY_TAG]);
  await neverFinds({ far });
  await until('finding what was not purged', async () => (await find(far, 'b')) === 2);
});

test('a purge whose writing fails half way is written when Redis is back', { skip }, async (t) => {
  const { server, near, far, heard } = await setUp(t);
  server.freeze();
  assert.equal(await near.purge(BY_TAG), 'queued');
  server.thaw();
  await until('being told', () => heard.length > 0);
  await neverFinds({ far });
});

test('more purges than can be kept for later become one of everything', { skip }, async (t) => {
  const { line, near, far, heard } = await setUp(t);
  const told: Purge[] = [];
  near.onPurge((purge) => told.push(purge));
  line.cut();
  await outOfStep(far);
  const results = await Promise.all(
    Array.from({ length: 1_200 }, (_, i) => far.purge({ kind: 'tag', tag: `t${i}` })),
  );
  assert.ok(results.every((result) => result === 'queued'));
  line.mend();
  await until('being told', () => told.some(({ kind }) => kind === 'all'));
  assert.ok(told.length < 1_000, `${told.length} told`);
  assert.deepEqual(heard, [], 'own purges are not told');
  assert.equal(await near.get('b'), undefined);
});

test('a flush is told as a purge of everything, to who was there and who was not', {
  skip,
}, async (t) => {
  const { line, admin, near, far, heard } = await setUp(t);
  const told: Purge[] = [];
  near.onPurge((purge) => told.push(purge));
  line.cut();
  await outOfStep(far);
  await near.purge(BY_TAG);
  await admin.flushall();
  await until('noticing', () => told.length > 0);
  line.mend();
  await neverFinds({ far });
  assert.deepEqual(heard, [{ kind: 'all' }]);
  assert.deepEqual(told, [{ kind: 'all' }]);
  await inStep(near);
  await keep(near, 'a', 3);
  assert.equal(await find(far, 'a'), 3);
});

test('a purge right after a flush is heard at once', { skip }, async (t) => {
  const { admin, near, far, heard } = await setUp(t);
  await admin.flushall();
  await near.purge(BY_TAG);
  await until('being told', () => heard.length > 0);
  assert.deepEqual(heard[0], { kind: 'all' });
  await inStep(near);
  await keep(near, 'a', 2, ['t']);
  await inStep(far);
  assert.equal(await find(far, 'a'), 2);
});

for (const [what, lost] of [
  ['entries', [LOG]],
  ['name', [HEAD]],
  ['all', [HEAD, LOG]],
] as const) {
  test(`a log evicted (${what}) while one was cut off is told as everything`, {
    skip,
  }, async (t) => {
    const { line, admin, near, far, heard } = await setUp(t);
    line.cut();
    await outOfStep(far);
    await near.purge(BY_TAG);
    await admin.del(...lost);
    await near.purge({ kind: 'tag', tag: 'other' });
    line.mend();
    await neverFinds({ far });
    assert.deepEqual(heard, [{ kind: 'all' }]);
  });
}

test('a log cut short beyond where one was is told as everything', { skip }, async (t) => {
  const { line, admin, near, far, heard } = await setUp(t);
  line.cut();
  await outOfStep(far);
  await near.purge(BY_TAG);
  for (let i = 0; i < 20; i++) await near.purge({ kind: 'tag', tag: `t${i}` });
  await admin.xtrim(LOG, 'MAXLEN', 5);
  line.mend();
  await neverFinds({ far });
  assert.deepEqual(heard, [{ kind: 'all' }]);
});

test('a Redis restarted empty is told as a purge of everything', { skip }, async (t) => {
  const { server, near, far, heard } = await setUp(t);
  await server.kill();
  await outOfStep(far);
  assert.equal(await near.purge(BY_TAG), 'queued');
  await server.restart();
  await until('being told', () => heard.some(({ kind }) => kind === 'all'));
  await neverFinds({ far });
});

test('a Redis restarted from an old file forgets what it had before', { skip }, async (t) => {
  const { server, admin, near, far, heard } = await setUp(t);
  await near.purge({ kind: 'tag', tag: 'kept in the file' });
  await until('being told', () => heard.length === 1);
  await admin.save();
  assert.equal(await near.purge(BY_TAG), 'done');
  await until('being told', () => heard.length === 2);
  await server.kill();
  await server.restart();
  await until('being told', () => heard.length > 2);
  assert.deepEqual(heard.slice(2), [{ kind: 'all' }]);
  assert.equal(await admin.exists('t:value:a'), 1, 'the file brought the value back');
  await neverFinds({ far });
});

test('another history in the place of the lost end of the log is noticed', { skip }, async (t) => {
  const { server, admin, line, near, far, heard, create } = await setUp(t);
  await admin.save();
  for (let i = 0; i < 3; i++) await near.purge(BY_TAG);
  await until('being told', () => heard.length === 3);
  line.cut();
  await outOfStep(far);
  await near.close();
  await server.kill();
  await server.restart();
  // More purges than were lost, by one who knew nothing of those: only their authors differ.
  const other = await create(server.url);
  t.after(() => other.close());
  for (let i = 0; i < 5; i++) await other.purge({ kind: 'tag', tag: `other ${i}` });
  line.mend();
  await neverFinds({ far });
  assert.deepEqual(heard.slice(3), [{ kind: 'all' }]);
  await until('the others being told', async () => (await find(other, 'b')) === undefined);
});
