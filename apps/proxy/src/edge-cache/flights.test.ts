import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCacheBench, paperStore } from './edge-cache.test-support.ts';
import type { PaperGuest } from './paper-client.test-support.ts';

const FRESH = ['Cache-Control: max-age=60'];
const PAGE = 'http://example.com/page';
const CHUNKED = 'Transfer-Encoding: chunked';

function problemOf({ ending }: PaperGuest): string | undefined {
  return ending?.kind === 'finished' ? ending.problem?.kind : ending?.kind;
}

test('who asks after a purge does not get what was asked for before it', async () => {
  for (const purge of [
    { kind: 'key', key: PAGE },
    { kind: 'prefix', prefix: 'http://example.com/p' },
    { kind: 'tag', tag: 'any' },
    { kind: 'all' },
  ] as const) {
    const bench = createCacheBench();
    const before = bench.ask();
    assert.equal(await bench.cache.purge(purge), 'here');
    const after = bench.ask();
    const [first, second] = bench.fetches;
    first?.answer(200, FRESH, 'old');
    assert.equal(before.client.body, 'old');
    assert.equal(after.isOver, false, purge.kind);
    second?.answer(200, FRESH, 'new');
    assert.equal(after.client.body, 'new');
    assert.equal(bench.ask().client.body, 'new', 'what came late is not kept');
    assert.equal(bench.cache.flightCount, 0);
  }
});

test('a purge by tag leaves an answer on its way alone that is known to carry others', async () => {
  const bench = createCacheBench();
  bench.ask();
  bench.fetch.head(200, [...FRESH, 'Surrogate-Key: a', CHUNKED]);
  await bench.cache.purge({ kind: 'tag', tag: 'b' });
  const joined = bench.ask();
  bench.fetch.chunk('body');
  await bench.cache.purge({ kind: 'tag', tag: 'a' });
  const after = bench.ask();
  assert.equal(bench.fetches.length, 2);
  bench.fetches[0]?.lastChunk();
  assert.equal(joined.client.body, 'body');
  assert.equal(after.isOver, false);
});

test('what was purged does not come back by a second fetch that has failed as well', async () => {
  const bench = createCacheBench();
  bench.ask();
  bench.fetch.answer(200, ['Cache-Control: max-age=1, stale-if-error=600', 'ETag: "1"'], 'old');
  bench.pass(5_000);
  const leader = bench.ask();
  const strict = bench.ask({ lines: ['Cache-Control: no-cache'] });
  await bench.cache.purge({ kind: 'key', key: PAGE });
  bench.fetch.fail();
  assert.equal(leader.client.body, 'old', 'it asked before the purge');
  assert.equal(bench.fetches.length, 3);
  assert.doesNotMatch(bench.fetch.request.lines, /if-none-match/i);
  const after = bench.ask();
  bench.fetch.fail();
  assert.equal(problemOf(strict), 'upstream-reset');
  assert.equal(problemOf(after), 'upstream-reset');
  assert.equal(after.client.hasBegun, false);
});

test('a fetch that could not be joined for a while is none for those who ask after a purge', async () => {
  for (const lands of [1, 2]) {
    const bench = createCacheBench();
    bench.ask();
    const waiting = bench.ask();
    await bench.cache.purge({ kind: 'key', key: PAGE });
    const between = bench.ask();
    // The one who had joined it has a fetch of its own, beside the one of those who came later.
    bench.fetches[0]?.fail();
    assert.equal(bench.fetches.length, 3);
    await bench.cache.purge({ kind: 'key', key: PAGE });
    const fetch = bench.fetches[lands];
    fetch?.head(200, [...FRESH, 'Vary: X-A', 'Content-Length: 3'], 'ol');
    const after = bench.ask();
    fetch?.upstream.receive('d');
    assert.equal((lands === 1 ? between : waiting).client.body, 'old');
    assert.equal(after.isOver, false);
    bench.fetch.answer(200, FRESH, 'new');
    assert.equal(after.client.body, 'new');
  }
});

test('who comes while a second fetch is made joins the younger of two', () => {
  const bench = createCacheBench();
  bench.ask();
  bench.ask();
  bench.cache.forget(PAGE);
  bench.ask();
  const [first, young] = bench.fetches;
  first?.fail();
  const late = bench.ask();
  young?.answer(200, FRESH, 'young');
  assert.equal(late.client.body, 'young');
  assert.equal(bench.fetches.length, 3);
});

test('a second fetch has all the time a first one has', () => {
  const bench = createCacheBench();
  bench.ask();
  bench.ask();
  assert.equal(bench.fetch.record.startedMs, bench.nowMs);
  bench.pass(4_000);
  bench.fetch.fail();
  assert.equal(bench.fetches.length, 2);
  assert.equal(bench.fetch.record.startedMs, bench.nowMs);
});

test('a stale answer stands in for a failed fetch, which is not tried again at once', () => {
  const bench = createCacheBench();
  const lines = ['Cache-Control: max-age=1, stale-while-revalidate=600, stale-if-error=600'];
  bench.ask();
  bench.fetch.answer(200, lines, 'old');
  bench.pass(2_000);
  for (let round = 0; round < 3; round++) {
    assert.equal(bench.ask().client.body, 'old');
    assert.equal(bench.fetches.length, 2 + round);
    if (round === 2) {
      bench.fetch.head(200, [...FRESH, CHUNKED]);
      bench.fetch.chunk('part');
      bench.fetch.fail();
    } else if (round === 1) bench.fetch.answer(503, [], 'busy');
    else bench.fetch.fail();
    assert.equal(bench.ask().client.body, 'old');
    assert.equal(bench.fetches.length, 2 + round, 'tried again at once');
    bench.pass(1_001);
  }
  assert.equal(bench.cache.flightCount, 0);
});

test('one broken guest does not stop the others', () => {
  const bench = createCacheBench();
  const guests = [bench.ask(), bench.ask(), bench.ask()];
  const [, bad] = guests as [PaperGuest, PaperGuest, PaperGuest];
  bench.fetch.head(200, [...FRESH, CHUNKED]);
  bad.client.defect = new Error('a writer that fails');
  bench.fetch.chunk('body');
  bench.fetch.lastChunk();
  assert.equal(bad.ending?.kind, 'broken');
  for (const guest of [guests[0], guests[2]]) {
    assert.equal(guest?.client.body, 'body');
    assert.equal(guest?.ending?.kind, 'finished');
  }
  assert.equal(bench.cache.flightCount, 0);
});

test('one broken guest does not stop the others from going on, asking again or failing', () => {
  const endings: ((bench: ReturnType<typeof createCacheBench>) => void)[] = [
    ({ fetch }) => fetch.answer(200, [...FRESH, 'Vary: X-A'], 'body'),
    ({ fetch }) => fetch.answer(200, FRESH, 'body'),
    (bench) => {
      bench.fetch.fail();
      bench.fetch.fail();
    },
  ];
  for (const end of endings) {
    const bench = createCacheBench();
    const guests = ['1', '2', '3', '4'].map((a) => bench.ask({ lines: [`X-A: ${a}`] }));
    // In its way whichever way it goes.
    const bad = guests[1] as PaperGuest;
    bad.client.defect = new Error('a writer that fails');
    end(bench);
    for (const { isOver } of bench.fetches) {
      if (!isOver) bench.fetches.find((each) => !each.isOver)?.answer(200, FRESH, 'other');
    }
    assert.ok(guests.every(({ isOver }) => isOver));
    assert.equal(bench.cache.flightCount, 0);
  }
});

test('a guest whose end fails is not ended again, and the process hears of it', async (t) => {
  const heard: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  t.after(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  });
  process.once('uncaughtException', (error) => heard.push(error));
  const defect = new Error('the access log fails');
  const guests: PaperGuest[] = [];
  const bench = createCacheBench({
    onEnd: (guest) => {
      if (guest === guests[0]) throw defect;
    },
  });
  guests.push(bench.ask(), bench.ask());
  bench.fetch.answer(200, FRESH, 'body');
  assert.equal(guests[1]?.client.body, 'body');
  assert.ok(guests[1]?.isOver);
  assert.equal(bench.cache.flightCount, 0);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(heard, [defect]);
});

test('an answer that cannot be judged ends all who wait for it, and nothing is left of it', (t) => {
  const bench = createCacheBench();
  const guests = [bench.ask(), bench.ask()];
  const defect = new Error('nobody can judge this');
  t.mock.method(bench.cache.memory, 'place', () => {
    throw defect;
  });
  bench.fetch.head(200, [...FRESH, 'Content-Length: 9'], 'part');
  for (const { ending } of guests) assert.deepEqual(ending, { kind: 'broken', error: defect });
  assert.equal(bench.fetch.upstream.isDestroyed, true);
  assert.equal(bench.cache.flightCount, 0);
});

test('an answer that cannot be kept ends all who read it, and nothing is left of it', (t) => {
  const bench = createCacheBench();
  const guests = [bench.ask(), bench.ask()];
  bench.fetch.head(200, [...FRESH, CHUNKED]);
  bench.fetch.chunk('body');
  const defect = new Error('nobody can keep this');
  t.mock.method(bench.cache.memory, 'keep', () => {
    throw defect;
  });
  bench.fetch.lastChunk();
  for (const { ending } of guests) assert.deepEqual(ending, { kind: 'broken', error: defect });
  assert.equal(bench.cache.flightCount, 0);
});

test('a fetch that cannot be made ends all who wait for it', () => {
  const bench = createCacheBench();
  bench.defect = new Error('no fetch can be made');
  const guest = bench.ask();
  assert.deepEqual(guest.ending, { kind: 'broken', error: bench.defect });
  assert.equal(bench.cache.flightCount, 0);
  bench.defect = undefined;
  bench.ask();
  bench.fetch.answer(200, FRESH, 'body');
  assert.equal(bench.ask().client.body, 'body');
});

test('a fetch that cannot be made is an answer to who waits, behind a second tier too', async () => {
  const bench = createCacheBench({ store: paperStore({}) });
  bench.defect = new Error('no fetch can be made');
  const guest = bench.ask();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(guest.ending, { kind: 'broken', error: bench.defect });
  assert.equal(bench.cache.flightCount, 0);
});

test('the next request on a connection may come from within the end of the one before', () => {
  const next: PaperGuest[] = [];
  let left = 4;
  const bench = createCacheBench({
    policy: { maxBodyBytes: 10 },
    onEnd: () => {
      if (left-- > 0) next.push(bench.ask());
    },
  });
  const guests = [bench.ask(), bench.ask()];
  bench.fetch.answer(200, FRESH, 'body');
  for (const { client } of [...guests, ...next]) assert.equal(client.body, 'body');
  assert.equal(bench.fetches.length, 1);
  assert.equal(next.length, 4);
});

test('what is fetched for nobody ends with the cache, what somebody reads with its reader', async () => {
  const bench = createCacheBench();
  const reader = bench.ask({ url: '/read' });
  bench.fetch.head(200, [...FRESH, CHUNKED]);
  bench.ask({ url: '/stale' });
  bench.fetch.answer(200, ['Cache-Control: max-age=1, stale-while-revalidate=60'], 'old');
  bench.pass(2_000);
  bench.ask({ url: '/stale' });
  const gone = bench.ask({ url: '/left' });
  bench.fetch.head(200, [...FRESH, CHUNKED]);
  gone.leave();
  assert.equal(bench.cache.flightCount, 3);
  await bench.cache.close();
  assert.deepEqual(
    bench.fetches.map(({ upstream }) => upstream.isDestroyed),
    [false, false, true, true],
  );
  assert.equal(bench.cache.flightCount, 1);
  bench.fetches[0]?.chunk('body');
  assert.equal(reader.client.body, 'body');
  assert.equal(bench.ask({ url: '/stale' }).client.body, 'old');
  assert.equal(bench.fetches.length, 4, 'nothing is refreshed that nobody will read');
  reader.leave();
  assert.equal(bench.fetches[0]?.upstream.isDestroyed, true);
  assert.equal(bench.cache.flightCount, 0);
});

test('a client that wants what is kept, and nothing else, is not kept waiting', () => {
  const bench = createCacheBench();
  const guest = bench.ask({ lines: ['Cache-Control: only-if-cached'] });
  assert.equal(problemOf(guest), 'not-cached');
  assert.equal(bench.fetches.length, 0);
});

test('a request that changes something makes its URL forgotten here and elsewhere', () => {
  const bench = createCacheBench();
  bench.ask();
  bench.fetch.answer(200, FRESH, 'old');
  const post = bench.ask({ method: 'POST' });
  assert.ok(post.ending?.kind === 'passed');
  const { fields } = bench.fetch.record;
  post.ending.passage.observe(500, fields);
  assert.equal(bench.ask().client.body, 'old', 'it has changed nothing');
  post.ending.passage.observe(201, fields);
  assert.deepEqual(bench.announced, [PAGE]);
  assert.equal(bench.ask().isOver, false);
});
