import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { Entry } from '@headgate/cache';
import { createCacheBench, paperStore } from './edge-cache.test-support.ts';
import type { PaperGuest } from './paper-client.test-support.ts';
import { createSharedTier } from './second-tier.test-support.ts';

const FRESH = ['Cache-Control: max-age=60'];
const PAGE = 'http://example.com/page';
const DEADLINE_MS = 10_000;

/** Several edges that share a second tier and a clock. */
function createEdges(count: number, policy = {}) {
  const clock = { nowMs: 1_000 };
  const shared = createSharedTier(() => clock.nowMs);
  const edges = Array.from({ length: count }, () =>
    createCacheBench({ store: shared.view(), policy }),
  );
  const pass = (ms: number) => {
    clock.nowMs += ms;
    for (const edge of edges) edge.pass(ms);
  };
  return { shared, edges: edges as [(typeof edges)[0], (typeof edges)[0]], pass };
}

async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!isSo() && performance.now() < endMs) await sleep(2);
  assert.ok(isSo(), 'it has not come to that');
}

function over(...guests: PaperGuest[]): Promise<void> {
  return until(() => guests.every(({ isOver }) => isOver));
}

function problemOf({ ending }: PaperGuest): string | undefined {
  return ending?.kind === 'finished' ? ending.problem?.kind : ending?.kind;
}

test('what one edge has fetched another one serves', async () => {
  const { edges, shared, pass } = createEdges(2);
  const [one, two] = edges;
  one.ask();
  await until(() => one.fetches.length === 1);
  one.fetch.answer(200, [...FRESH, 'Surrogate-Key: a'], 'body');
  await until(() => shared.locks.size === 0);
  pass(5_000);
  const guests = [two.ask(), two.ask()];
  await over(...guests);
  for (const { client, record } of guests) {
    assert.equal(client.body, 'body');
    assert.equal(client.field('age'), '5');
    assert.equal(client.field('surrogate-key'), undefined);
    assert.equal(record.cached, 'hit');
  }
  assert.equal(two.fetches.length, 0);
  assert.equal(shared.locks.size, 0);
  assert.equal(two.cache.flightCount, 0);
});

test('a variant is found by the signpost another edge has put up', async () => {
  const { edges } = createEdges(2);
  const [one, two] = edges;
  const english = { lines: ['Accept-Language: en'] };
  one.ask(english);
  await until(() => one.fetches.length === 1);
  one.fetch.answer(200, [...FRESH, 'Vary: Accept-Language'], 'hello');
  await turn();
  const found = two.ask(english);
  const other = two.ask({ lines: ['Accept-Language: fr'] });
  await over(found);
  assert.equal(found.client.body, 'hello');
  await until(() => two.fetches.length === 1);
  two.fetch.answer(200, [...FRESH, 'Vary: Accept-Language'], 'salut');
  await over(other);
  assert.equal(other.client.body, 'salut');
});

test('what one edge fetches the others wait for', async () => {
  const { edges, shared } = createEdges(2);
  const [one, two] = edges;
  one.ask();
  await until(() => one.fetches.length === 1);
  const waiting = two.ask();
  await until(() => shared.asked.locks > 3);
  assert.equal(two.fetches.length, 0);
  one.fetch.answer(200, FRESH, 'body');
  await over(waiting);
  assert.equal(waiting.client.body, 'body');
  assert.equal(two.fetches.length, 0);
  assert.equal(shared.locks.size, 0);
});

test('when the fetch of another edge brings nothing, this one fetches', async () => {
  const { edges, shared } = createEdges(2);
  const [one, two] = edges;
  one.ask();
  await until(() => one.fetches.length === 1);
  const waiting = two.ask();
  await until(() => shared.asked.locks > 2);
  one.fetch.fail();
  await until(() => two.fetches.length === 1);
  two.fetch.answer(200, FRESH, 'body');
  await over(waiting);
  await until(() => shared.locks.size === 0);
});

test('an edge that waits too long for another one fetches as well', async () => {
  const { edges, shared, pass } = createEdges(2);
  const [one, two] = edges;
  one.ask();
  await until(() => one.fetches.length === 1);
  two.ask();
  await until(() => shared.asked.locks > 2);
  pass(6_000);
  await until(() => two.fetches.length === 1);
});

test('who leaves while another edge is waited for leaves nothing behind', async () => {
  const { edges, shared } = createEdges(2);
  const [one, two] = edges;
  one.ask();
  await until(() => one.fetches.length === 1);
  const waiting = two.ask();
  await turn();
  waiting.leave();
  assert.equal(two.cache.flightCount, 0);
  one.fetch.answer(200, FRESH, 'body');
  await until(() => shared.locks.size === 0);
  assert.equal(two.fetches.length, 0);
});

test('what is not for all is known to the others for a while, and not for ever', async () => {
  const { edges, pass } = createEdges(2);
  const [one, two] = edges;
  one.ask();
  await until(() => one.fetches.length === 1);
  one.fetch.answer(200, ['Cache-Control: no-store'], 'mine');
  for (let i = 0; i < 3; i++) {
    pass(3_000);
    const guest = two.ask();
    await over(guest);
    assert.equal(guest.ending?.kind, 'passed', `after ${3 * (i + 1)} s`);
  }
  pass(1_500);
  // The mark of the edge that found it has ended; what the other one was told has to end, too.
  one.ask();
  await until(() => one.fetches.length === 2);
  one.fetch.answer(200, FRESH, 'for all');
  await turn();
  pass(10_000);
  const guest = two.ask();
  await over(guest);
  assert.equal(guest.client.body, 'for all');
});

test('a mark found elsewhere is not made to last by those who find it', async () => {
  const { edges, shared, pass } = createEdges(2);
  const [one, two] = edges;
  one.ask();
  await until(() => one.fetches.length === 1);
  one.fetch.answer(200, ['Cache-Control: no-store'], 'mine');
  await turn();
  const before = shared.entries.get(PAGE);
  pass(5_000);
  const guest = two.ask();
  await over(guest);
  assert.equal(guest.ending?.kind, 'passed');
  assert.equal(shared.entries.get(PAGE), before);
});

test('a purge reaches the other edges and what they share', async () => {
  const { edges } = createEdges(2);
  const [one, two] = edges;
  one.ask();
  await until(() => one.fetches.length === 1);
  one.fetch.answer(200, FRESH, 'old');
  await turn();
  await over(two.ask());
  assert.equal(await one.cache.purge({ kind: 'key', key: PAGE }), 'everywhere');
  const guest = two.ask();
  await until(() => two.fetches.length === 1);
  two.fetch.answer(200, FRESH, 'new');
  await over(guest);
  assert.equal(guest.client.body, 'new');
});

test('a purge while the second tier is asked keeps what it finds from being kept', async () => {
  const { edges } = createEdges(2);
  const [one, two] = edges;
  one.ask();
  await until(() => one.fetches.length === 1);
  one.fetch.answer(200, FRESH, 'old');
  await turn();
  const before = two.ask();
  two.cache.forget(PAGE);
  await until(() => two.fetches.length === 1 || before.isOver);
  if (!before.isOver) two.fetch.answer(200, FRESH, 'new');
  const after = two.ask();
  await until(() => two.fetches.length > 0 || after.isOver);
  assert.notEqual(after.client.body, 'old');
});

test('a purge of a long prefix reaches the keys that stand for longer ones', async () => {
  const purged: unknown[] = [];
  const bench = createCacheBench({
    store: paperStore({
      async purge(purge) {
        purged.push(purge);
        return 'done';
      },
    }),
  });
  const prefix = `http://example.com/${'a'.repeat(2_000)}`;
  await bench.cache.purge({ kind: 'prefix', prefix });
  assert.deepEqual(purged, [{ kind: 'prefix', prefix: prefix.slice(0, 512) }]);
});

test('a client that wants it fresher than it is there gets it from the upstream, validated', async () => {
  const { edges, shared, pass } = createEdges(2);
  const [one, two] = edges;
  one.ask();
  await until(() => one.fetches.length === 1);
  one.fetch.answer(200, [...FRESH, 'ETag: "1"'], 'body');
  await until(() => shared.locks.size === 0);
  for (const edge of [one, two]) {
    pass(5_000);
    const before = edge.fetches.length;
    const guest = edge.ask({ lines: ['Cache-Control: max-age=1'] });
    await until(() => edge.fetches.length > before || guest.isOver);
    assert.equal(guest.isOver, false);
    assert.match(edge.fetch.request.lines, /if-none-match: "1"/);
    edge.fetch.head(304, ['ETag: "1"', ...FRESH]);
    await over(guest);
    assert.equal(guest.client.body, 'body');
  }
});

test('a fetch a client has forced is shared with the other edges', async () => {
  const { edges, shared } = createEdges(2);
  const [one, two] = edges;
  const guest = one.ask({ lines: ['Cache-Control: no-cache'] });
  one.fetch.answer(200, FRESH, 'body');
  await over(guest);
  await until(() => shared.entries.size > 0);
  const other = two.ask();
  await over(other);
  assert.equal(other.client.body, 'body');
});

test('what is too large for the memory is fetched, and not looked for again and again', async () => {
  const clock = () => 1_000;
  const shared = createSharedTier(clock);
  const rich = createCacheBench({ store: shared.view() });
  const poor = createCacheBench({ store: shared.view(), maxSizeBytes: 2_000 });
  rich.ask();
  await until(() => rich.fetches.length === 1);
  rich.fetch.answer(200, FRESH, 'x'.repeat(5_000));
  await until(() => shared.locks.size === 0);
  const guest = poor.ask();
  await until(() => poor.fetches.length === 1);
  assert.equal(shared.asked.locks, 2);
  poor.fetch.answer(200, FRESH, 'x'.repeat(5_000));
  await over(guest);
  assert.equal(guest.client.body.length, 5_000);
  assert.equal(poor.fetches.length, 1);
});

test('a second tier that fails costs a look, and leaves no lock behind', async () => {
  for (const calls of [
    { get: () => Promise.reject(new Error('cut off')) },
    { lock: () => Promise.reject(new Error('cut off')) },
    { lock: async () => undefined },
    { get: async () => ({ value: Buffer.from('garbage'), ttlMs: 1_000, tags: [] }) },
    { get: async () => ({ value: Buffer.alloc(0), ttlMs: 1_000, tags: [] }) },
    { get: async () => ({ value: 'no bytes', ttlMs: 1_000, tags: [] }) },
    { set: () => Promise.reject(new Error('cut off')) },
  ] satisfies Parameters<typeof paperStore>[0][]) {
    const shared = createSharedTier(() => 1_000);
    const bench = createCacheBench({ store: shared.view(calls) });
    const guest = bench.ask();
    await until(() => bench.fetches.length === 1);
    bench.fetch.answer(200, FRESH, 'body');
    await over(guest);
    assert.equal(guest.client.body, 'body');
    await turn();
    assert.equal(shared.locks.size, 0);
    assert.equal(bench.cache.flightCount, 0);
  }
});

test('a lock is not waited for where nothing can be found', async () => {
  const bench = createCacheBench({
    store: paperStore({
      lock: async () => 'taken',
      get: () => Promise.reject(new Error('damaged')),
    }),
  });
  const guest = bench.ask();
  await turn();
  assert.equal(bench.fetches.length, 1);
  bench.fetch.answer(200, FRESH, 'body');
  await over(guest);
});

test('a second tier that is out of step is not asked', () => {
  for (const status of [
    { isOpen: true, isInStep: true, lastError: undefined },
    { isOpen: false, isInStep: false, lastError: undefined },
  ]) {
    const bench = createCacheBench({
      store: paperStore({
        status: () => status,
        get: () => assert.fail('asked'),
        lock: () => assert.fail('asked'),
      }),
    });
    bench.ask();
    assert.equal(bench.fetches.length, 1);
  }
});

test('a second tier that does not answer is waited for by those alone who ask', async () => {
  const answers: (() => void)[] = [];
  const bench = createCacheBench({
    store: paperStore({
      get: () =>
        new Promise((resolve) => {
          answers.push(() => resolve(undefined));
        }),
    }),
  });
  const [one, two] = [bench.ask(), bench.ask()];
  await turn();
  one.leave('total-timeout');
  assert.equal(problemOf(one), 'total-timeout');
  assert.equal(two.isOver, false);
  for (const answer of answers) answer();
  await until(() => bench.fetches.length === 1);
  bench.fetch.answer(200, FRESH, 'body');
  await over(two);
  assert.equal(two.client.body, 'body');
});

test('large answers stay in the memory of the edge that has fetched them', async () => {
  const stored: Entry[] = [];
  const bench = createCacheBench({
    maxEntryBytes: 10,
    store: paperStore({
      async set(_key, entry) {
        stored.push(entry);
      },
    }),
  });
  bench.ask();
  await until(() => bench.fetches.length === 1);
  bench.fetch.answer(200, FRESH, 'more than ten bytes');
  await turn();
  assert.deepEqual(stored, []);
  assert.equal(bench.ask().client.body, 'more than ten bytes');
});

test('the right to fetch is given back as soon as the answer is known not to be shared', async () => {
  const { edges, shared } = createEdges(2);
  const [one] = edges;
  const leader = one.ask();
  const other = one.ask();
  await until(() => one.fetches.length === 1);
  one.fetch.head(503, ['Content-Length: 100'], 'a part');
  // The leader goes on reading; the other one needs the right for a fetch of its own.
  await until(() => one.fetches.length === 2);
  assert.equal(leader.isOver, false);
  one.fetch.answer(200, FRESH, 'body');
  await over(other);
  await until(() => shared.locks.size === 0);
});
