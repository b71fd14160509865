import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createRegistry } from '@headgate/telemetry';
import { startEdge } from './http-cache-purge.test-support.ts';
import { PurgeError } from './http-cache-purge-error.ts';
import type { PurgeableStore } from './http-cache-purge-target.ts';
import { createPurger, type PurgerSettings } from './http-cache-purger.ts';
import { keptLog, until } from './origin.test-support.ts';

const patient = { waitMs: 20_000, attemptTimeoutMs: 20_000, closeTimeoutMs: 0 };

/** A purger of these edges whose log and numbers can be read; closed after the test. */
function purgerOf(t: TestContext, urls: readonly string[], settings: PurgerSettings = {}) {
  const { logger, lines } = keptLog();
  const registry = createRegistry();
  const edges = urls.map((url) => ({ url, token: 'a token of some length' }));
  const purger = createPurger({ edges, logger, registry, ...patient, ...settings });
  t.after(() => purger.close());
  return { purger, lines, registry };
}

const bodies = (edge: { readonly asked: readonly { readonly body: unknown }[] }) =>
  edge.asked.map(({ body }) => body);

/** Refuses every connection. */
const nowhere = 'http://127.0.0.1:1';

test('every kind of purge is told to every edge, with the token', async (t) => {
  const edges = [await startEdge(t), await startEdge(t)];
  const { purger } = purgerOf(
    t,
    edges.map(({ url }) => url),
  );
  await purger.purgeTags(['item:7', 'items']);
  await purger.purgeUrl('http://api.example/items/7?full');
  await purger.purgePrefix('http://api.example/items/');
  await purger.purgeAll();
  for (const edge of edges) {
    assert.deepEqual(bodies(edge), [
      { tags: ['item:7', 'items'] },
      { url: 'http://api.example/items/7?full' },
      { prefix: 'http://api.example/items/' },
      { all: true },
    ]);
    const { authorization, 'content-type': type } = edge.asked[0]?.headers ?? {};
    assert.deepEqual([authorization, type], ['Bearer a token of some length', 'application/json']);
  }
});

test('an edge is reached by its socket', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const edge = await startEdge(t, join(folder, 'admin.sock'));
  const { purger } = purgerOf(t, [edge.url]);
  await purger.purgeTags(['items']);
  assert.deepEqual(bodies(edge), [{ tags: ['items'] }]);
});

test('what is purged while another purge is under way goes along once, together', async (t) => {
  const edge = await startEdge(t);
  const { purger } = purgerOf(t, [edge.url]);
  const first = purger.purgeTags(['a']);
  const rest = ['b', 'a', 'b', 'c', 'a'].map((tag) => purger.purgeTags([tag]));
  await Promise.all([first, ...rest]);
  // The first may have been taken before the second `a` was written.
  assert.deepEqual(bodies(edge), [{ tags: ['a'] }, { tags: ['b', 'a', 'c'] }]);
});

test('more tags than an edge takes at once are told in parts', async (t) => {
  const edge = await startEdge(t);
  const { purger } = purgerOf(t, [edge.url]);
  const tags = Array.from({ length: 250 }, (_, i) => `item:${i}`);
  await purger.purgeTags(tags);
  const parts = bodies(edge) as { tags: string[] }[];
  assert.deepEqual(
    parts.map((part) => part.tags.length),
    [100, 100, 50],
  );
  assert.deepEqual(
    parts.flatMap((part) => part.tags),
    tags,
  );
});

test('an edge that fails is asked again until it takes the purge', async (t) => {
  const edge = await startEdge(t);
  edge.manner = 503;
  const { purger, lines, registry } = purgerOf(t, [edge.url]);
  const purged = purger.purgeTags(['items']);
  await until(() => edge.asked.length === 3, 'a third attempt');
  edge.manner = 200;
  await purged;
  const { length } = edge.asked;
  assert.deepEqual(bodies(edge), Array(length).fill({ tags: ['items'] }));
  assert.deepEqual(
    lines.map(({ level, message }) => [level, message]),
    [
      ['warn', 'purges are not taken, and are tried again'],
      ['info', 'purges are taken again'],
    ],
  );
  const text = registry.render();
  const count = (outcome: string) =>
    `origin_purge_requests_total{edge="${edge.url}",outcome="${outcome}"}`;
  assert.ok(text.includes(`${count('failed')} ${length - 1}`), text);
  assert.ok(text.includes(`${count('taken')} 1`), text);
  assert.ok(text.includes(`origin_purges_pending{edge="${edge.url}"} 0`), text);
});

test('an edge that never answers is asked again', async (t) => {
  const edge = await startEdge(t);
  edge.manner = 'silent';
  const { purger } = purgerOf(t, [edge.url], { attemptTimeoutMs: 20 });
  const purged = purger.purgeTags(['items']);
  await until(() => edge.asked.length === 2, 'a second attempt');
  edge.manner = 200;
  await purged;
});

test('who has waited is told which edges are late, and they are told all the same', async (t) => {
  let nowMs = 0;
  const [good, bad] = [await startEdge(t), await startEdge(t)];
  bad.manner = 500;
  const waitMs = 1_000_000_000;
  const settings = { waitMs, now: () => nowMs };
  const { purger, registry } = purgerOf(t, [good.url, bad.url], settings);
  await assert.rejects(purger.purgeTags(['a'], { waitMs: 0 }), PurgeError);
  const isDone = `origin_purges_pending{edge="${good.url}"} 0`;
  await until(() => registry.render().includes(isDone), 'the first purge');

  // From now on the bad one is not waited for, and the good one for as long as it takes.
  nowMs = waitMs + 1;
  await assert.rejects(purger.purgeTags(['b']), (error) => {
    assert.ok(error instanceof PurgeError);
    assert.deepEqual(error.edges, [bad.url]);
    assert.ok(error.message.includes(`${bad.url} has not taken it within`), error.message);
    return true;
  });
  assert.deepEqual(bodies(good), [{ tags: ['a'] }, { tags: ['b'] }]);
  bad.manner = 200;
  await purger.flush(20_000);
  assert.deepEqual(bodies(bad).slice(-2), [{ tags: ['a'] }, { tags: ['b'] }]);
});

test('an edge that has been late for longer is not waited for', { timeout: 60_000 }, async (t) => {
  let nowMs = 0;
  const edge = await startEdge(t);
  edge.manner = 'silent';
  const waitMs = 1_000_000_000;
  const { purger } = purgerOf(t, [edge.url], {
    waitMs,
    attemptTimeoutMs: waitMs,
    now: () => nowMs,
  });
  await assert.rejects(purger.purgeTags(['a'], { waitMs: 0 }), PurgeError);
  await until(() => edge.asked.length === 1, 'the first attempt');
  nowMs = waitMs + 1;
  // Its answer never comes, so only without waiting can this end.
  await assert.rejects(purger.purgeTags(['b']), PurgeError);
});

test('a purge the edge refuses is not asked for again, and does not hold up others', async (t) => {
  const edge = await startEdge(t);
  edge.manner = 400;
  const { purger, lines } = purgerOf(t, [edge.url]);
  await assert.rejects(purger.purgePrefix('http://api.example'), /refuses it/);
  edge.manner = 200;
  await purger.purgeTags(['items']);
  assert.deepEqual(bodies(edge), [{ prefix: 'http://api.example' }, { tags: ['items'] }]);
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['error'],
  );
});

test('an edge is asked no longer than told, and the next purge is tried from the start', async (t) => {
  const { purger, lines, registry } = purgerOf(t, [nowhere], { giveUpAfterMs: 0 });
  await assert.rejects(purger.purgeTags(['a', 'b']), /was asked until it was given up/);
  await assert.rejects(purger.purgeTags(['c']), PurgeError);
  const givenUp = lines.filter(({ message }) => message.startsWith('purges are given up'));
  assert.deepEqual(
    givenUp.map(({ fields }) => (fields as { purges: number }).purges),
    [2, 1],
  );
  const text = registry.render();
  assert.ok(text.includes(`origin_purges_given_up_total{edge="${nowhere}"} 3`), text);
});

test('too many purges for an edge that is away become one of everything', async (t) => {
  const edge = await startEdge(t);
  edge.manner = 503;
  const { purger, lines, registry } = purgerOf(t, [edge.url], { maxPending: 10, waitMs: 0 });
  const late = async (tag: string) => assert.rejects(purger.purgeTags([tag]), PurgeError);
  await late('first');
  for (let i = 0; i < 1000; i++) await late(`item:${i}`);
  // What was asked for first, and then everything.
  assert.match(registry.render(), /origin_purges_pending\{edge="[^"]+"\} 2\n/);
  edge.manner = 200;
  await purger.flush(20_000);
  assert.deepEqual(bodies(edge).slice(-2), [{ tags: ['first'] }, { all: true }]);
  const told = lines.filter(({ message }) => message.startsWith('too many purges wait'));
  assert.equal(told.length, 1);
});

test('closing waits for what is under way, and gives up what takes longer', async (t) => {
  const [good, bad] = [await startEdge(t), await startEdge(t)];
  bad.manner = 'silent';
  const { purger, lines } = purgerOf(t, [good.url, bad.url], { waitMs: 0, closeTimeoutMs: 2000 });
  await assert.rejects(purger.purgeTags(['items']), PurgeError);
  await purger.close();
  assert.deepEqual(bodies(good), [{ tags: ['items'] }]);
  assert.deepEqual(
    lines.map(({ message, fields }) => [message, fields]),
    [['purges are given up, because the process ends', { edge: bad.url, purges: 1 }]],
  );
  await assert.rejects(purger.purgeTags(['items']), /the purger is closed/);
});

test('closing tries at once instead of waiting for the next attempt', async (t) => {
  const edge = await startEdge(t);
  edge.manner = 503;
  // After six failures, without jitter, the next attempt is 1600 ms away.
  const settings = { waitMs: 0, closeTimeoutMs: 1000, random: () => 1 };
  const { purger, lines } = purgerOf(t, [edge.url], settings);
  await assert.rejects(purger.purgeTags(['items']), PurgeError);
  await until(() => edge.asked.length === 6, 'six attempts');
  edge.manner = 200;
  await purger.close();
  assert.deepEqual(
    lines.map(({ message }) => message),
    ['purges are not taken, and are tried again', 'purges are taken again'],
  );
});

test('what cannot be meant is refused before anybody is asked', async (t) => {
  const { purger } = purgerOf(t, [nowhere]);
  await assert.rejects(purger.purgeTags(['item 7']), /RangeError: a tag is .* not "item 7"/);
  await assert.rejects(purger.purgeUrl('/items/7'), /TypeError: url must be absolute/);
  await assert.rejects(purger.purgePrefix('api.example/'), /TypeError: prefix must be absolute/);
  await purger.purgeTags([]);
  for (const url of [
    '127.0.0.1:9090',
    'http://u:p@host:1',
    'http://host/path',
    'unix:',
    'unix:a',
  ]) {
    assert.throws(() => createPurger({ edges: [{ url }] }), /TypeError: the url of an edge/, url);
  }
  assert.throws(() => createPurger({ edges: [] }), /TypeError: a purger without edges/);
});

test('an edge that cannot pass a purge on yet is named, and not asked again', async (t) => {
  const edge = await startEdge(t);
  edge.reach = 'queued';
  const { purger } = purgerOf(t, [edge.url]);
  await assert.rejects(purger.purgeTags(['items']), (error) => {
    assert.ok(error instanceof PurgeError);
    assert.deepEqual(error.edges, [edge.url]);
    assert.match(error.message, /is cut off from its Redis, and passes it on to others/);
    return true;
  });
  await purger.flush(20_000);
  assert.equal(edge.asked.length, 1);
});

test('a store that edges share is told instead of the edges', async (t) => {
  const purged: unknown[] = [];
  let end: 'done' | 'queued' = 'done';
  const store: PurgeableStore = {
    name: 'redis',
    async purge(purge) {
      purged.push(purge);
      return end;
    },
  };
  const purger = createPurger({ store, logger: keptLog().logger });
  t.after(() => purger.close());
  await purger.purgeTags(['a', 'b']);
  await purger.purgePrefix('http://api.example/items/');
  end = 'queued';
  await assert.rejects(
    purger.purgeAll(),
    /redis is cut off from its Redis, and passes it on to others/,
  );
  assert.deepEqual(purged, [
    { kind: 'tag', tag: 'a' },
    { kind: 'tag', tag: 'b' },
    { kind: 'prefix', prefix: 'http://api.example/items/' },
    { kind: 'all' },
  ]);
});

test('a store that fails is told again', async (t) => {
  let calls = 0;
  const store: PurgeableStore = {
    name: 'redis',
    async purge() {
      calls += 1;
      if (calls < 3) throw new Error('no room for more');
      return 'done';
    },
  };
  const purger = createPurger({ store, logger: keptLog().logger, ...patient });
  t.after(() => purger.close());
  await purger.purgeTags(['a']);
  assert.equal(calls, 3);
});
