import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCacheBench } from './edge-cache.test-support.ts';
import type { PaperGuest } from './paper-client.test-support.ts';

const FRESH = ['Cache-Control: max-age=60'];
const CHUNKED = 'Transfer-Encoding: chunked';

function problemOf({ ending }: PaperGuest): string | undefined {
  return ending?.kind === 'finished' ? ending.problem?.kind : ending?.kind;
}

test('all who ask at once read one answer as it comes', () => {
  const bench = createCacheBench();
  const guests = [bench.ask(), bench.ask(), bench.ask()];
  bench.fetch.head(200, [...FRESH, CHUNKED]);
  bench.fetch.chunk('one ');
  guests.push(bench.ask());
  bench.fetch.chunk('two');
  for (const { client } of guests) assert.equal(client.body, 'one two');
  assert.ok(guests.every(({ isOver }) => !isOver));
  bench.fetch.lastChunk();
  for (const guest of guests) {
    assert.equal(problemOf(guest), undefined);
    assert.equal(guest.client.isEnded, true);
  }
  assert.deepEqual(
    guests.map(({ record }) => record.cached),
    ['miss', 'collapsed', 'collapsed', 'collapsed'],
  );
  assert.equal(bench.fetches.length, 1);
  assert.equal(bench.ask().client.body, 'one two');
  assert.equal(bench.cache.flightCount, 0);
});

test('an answer that is not for all is passed to who led, and the others ask for themselves', () => {
  const bench = createCacheBench();
  const [leader, other] = [bench.ask(), bench.ask()];
  bench.fetch.answer(200, ['Cache-Control: no-store'], 'mine');
  assert.equal(leader.client.body, 'mine');
  assert.equal(leader.record.cached, 'pass');
  assert.equal(problemOf(leader), undefined);
  assert.equal(other.ending?.kind, 'passed');
  assert.equal(other.client.hasBegun, false);
  assert.equal(bench.ask().ending?.kind, 'passed', 'nobody waits for a while');
  assert.equal(bench.cache.flightCount, 0);
});

test('a fetch whose answer nobody can have is broken off, and not read to its end', () => {
  const bench = createCacheBench({ policy: { maxBodyBytes: 10 } });
  const guest = bench.ask({ lines: ['Range: bytes=0-1'] });
  bench.fetch.head(200, [...FRESH, 'Content-Length: 1000000'], 'first bytes');
  assert.equal(guest.ending?.kind, 'passed');
  assert.equal(bench.fetch.upstream.isDestroyed, true);
  assert.equal(bench.fetch.isOver, true);
  assert.equal(bench.cache.flightCount, 0);
});

test('a fetch behind the back of all is broken off when its answer is not for all', () => {
  const bench = createCacheBench();
  bench.ask();
  bench.fetch.answer(200, ['Cache-Control: max-age=1, stale-while-revalidate=60'], 'old');
  bench.pass(2_000);
  assert.equal(bench.ask().client.body, 'old');
  bench.fetch.head(200, ['Cache-Control: private', 'Content-Length: 1000'], 'a');
  assert.equal(bench.fetch.upstream.isDestroyed, true);
  assert.equal(bench.cache.flightCount, 0);
  assert.equal(bench.ask().ending?.kind, 'passed', 'what it said before does not hold any more');
});

test('a 1xx goes to who leads, while that one waits', () => {
  const bench = createCacheBench();
  const [leader, other] = [bench.ask(), bench.ask()];
  bench.fetch.head(103, ['Link: </a>']);
  assert.deepEqual(leader.client.interims, [103]);
  leader.leave('total-timeout');
  bench.fetch.head(103, ['Link: </b>']);
  assert.deepEqual(leader.client.interims, [103]);
  assert.deepEqual(other.client.interims, []);
  bench.fetch.answer(200, FRESH, 'body');
  assert.equal(other.client.body, 'body');
  assert.equal(other.record.cached, 'collapsed');
});

test('who joins when the first has left does not pass for the one who led', () => {
  const bench = createCacheBench();
  const leader = bench.ask();
  bench.fetch.head(200, [...FRESH, CHUNKED]);
  bench.fetch.chunk('part');
  leader.leave();
  const late = bench.ask();
  bench.fetch.lastChunk();
  assert.equal(late.client.body, 'part');
  assert.equal(late.record.cached, 'collapsed');
  assert.match(late.client.field('cache-status') ?? '', /collapsed/);
});

test('a fetch that nobody waits for is given up until its answer may be kept', () => {
  const bench = createCacheBench();
  bench.ask().leave();
  assert.equal(bench.fetch.upstream.isDestroyed, true);
  assert.equal(bench.cache.flightCount, 0);

  const guest = bench.ask();
  bench.fetch.head(200, [...FRESH, 'Content-Length: 4'], 'bo');
  guest.leave();
  assert.equal(bench.fetch.upstream.isDestroyed, false);
  bench.fetch.upstream.receive('dy');
  assert.equal(bench.ask().client.body, 'body');
});

test('an answer that grows too large is let go of as it is read', () => {
  const bench = createCacheBench({ policy: { maxBodyBytes: 10 } });
  const [fast, slow] = [bench.ask(), bench.ask()];
  const ranged = bench.ask({ lines: ['Range: bytes=0-1'] });
  bench.fetch.head(200, [...FRESH, CHUNKED]);
  slow.client.isSlow = true;
  bench.fetch.chunk('12345678');
  assert.equal(bench.fetch.isPaused, false, 'what is kept is read as fast as it comes');
  bench.fetch.chunk('9abcdefg');
  assert.equal(ranged.ending?.kind, 'passed', 'its size will never be known');
  assert.equal(bench.fetch.isPaused, true);
  assert.equal(fast.client.body, '123456789abcdefg');
  assert.equal(bench.ask().ending?.kind, 'passed');

  slow.client.isSlow = false;
  slow.client.catchUp();
  assert.equal(bench.fetch.isPaused, false);
  bench.fetch.chunk('hi');
  bench.fetch.lastChunk();
  for (const { client, ending } of [fast, slow]) {
    assert.equal(client.body, '123456789abcdefghi');
    assert.ok(client.isEnded && ending);
  }
  assert.equal(bench.cache.memory.entries, 0);
  assert.equal(bench.cache.flightCount, 0);
});

test('the end of an answer that was let go of takes no memory for all of it', (t) => {
  const bench = createCacheBench({ policy: { maxBodyBytes: 10 } });
  const guest = bench.ask();
  bench.fetch.head(200, [...FRESH, CHUNKED]);
  for (let i = 0; i < 8; i++) bench.fetch.chunk('x'.repeat(1_000));
  const concat = t.mock.method(Buffer, 'concat');
  bench.fetch.lastChunk();
  assert.equal(concat.mock.callCount(), 0);
  assert.equal(guest.client.body.length, 8_000);
  assert.equal(guest.client.isEnded, true);
});

test('when a slow reader of what is not kept leaves, the others go on', () => {
  const bench = createCacheBench({ policy: { maxBodyBytes: 1 } });
  const [fast, slow] = [bench.ask(), bench.ask()];
  bench.fetch.head(200, [...FRESH, CHUNKED]);
  slow.client.isSlow = true;
  bench.fetch.chunk('abc');
  assert.equal(bench.fetch.isPaused, true);
  slow.leave();
  assert.equal(slow.client.isBrokenOff, true);
  assert.equal(bench.fetch.isPaused, false);
  fast.leave();
  assert.equal(bench.fetch.upstream.isDestroyed, true);
  assert.equal(bench.cache.flightCount, 0);
});

test('a refresh that grew too large is given up when its last reader leaves', () => {
  const bench = createCacheBench({ policy: { maxBodyBytes: 10 } });
  bench.ask();
  bench.fetch.answer(200, ['Cache-Control: max-age=1, stale-while-revalidate=5'], 'old');
  bench.pass(2_000);
  bench.ask();
  bench.pass(10_000);
  const joined = bench.ask();
  assert.equal(bench.fetches.length, 2);
  bench.fetch.head(200, [...FRESH, CHUNKED]);
  bench.fetch.chunk('123456789abcdefg');
  assert.equal(joined.client.body, '123456789abcdefg');
  joined.leave();
  assert.equal(bench.fetch.upstream.isDestroyed, true);
  assert.equal(bench.cache.flightCount, 0);
});

test('those who want another variant ask again, each variant once', () => {
  const bench = createCacheBench();
  const english = [1, 2].map(() => bench.ask({ lines: ['Accept-Language: en'] }));
  const french = [1, 2].map(() => bench.ask({ lines: ['Accept-Language: fr'] }));
  bench.fetch.answer(200, [...FRESH, 'Vary: Accept-Language'], 'hello');
  assert.equal(bench.fetches.length, 2);
  bench.fetch.answer(200, [...FRESH, 'Vary: Accept-Language'], 'salut');
  for (const { client } of english) assert.equal(client.body, 'hello');
  for (const { client } of french) assert.equal(client.body, 'salut');
});

test('a 304 that names other fields to vary by is for those alone who sent the same', () => {
  const bench = createCacheBench();
  const blue = { lines: ['X-Colour: blue'] };
  bench.ask(blue);
  bench.fetch.answer(200, ['Cache-Control: max-age=1', 'ETag: "1"'], 'blue');
  bench.pass(2_000);
  const leader = bench.ask(blue);
  const other = bench.ask({ lines: ['X-Colour: red'] });
  bench.fetch.head(304, ['Cache-Control: max-age=60', 'ETag: "1"', 'Vary: X-Colour']);
  assert.equal(leader.client.body, 'blue');
  assert.equal(leader.record.cached, 'validated');
  assert.equal(other.client.hasBegun, false);
  assert.equal(bench.fetches.length, 3);
  bench.fetch.answer(200, [...FRESH, 'Vary: X-Colour'], 'red');
  assert.equal(other.client.body, 'red');
  assert.equal(bench.cache.flightCount, 0);
});

test('a 304 by which the answer has become one client’s goes to who led alone', () => {
  const bench = createCacheBench();
  bench.ask();
  bench.fetch.answer(200, ['Cache-Control: max-age=1', 'ETag: "1"'], 'body');
  bench.pass(2_000);
  const [leader, other] = [bench.ask(), bench.ask()];
  bench.fetch.head(304, ['Cache-Control: private', 'ETag: "1"']);
  assert.equal(leader.client.body, 'body');
  assert.equal(other.ending?.kind, 'passed');
  assert.equal(other.client.hasBegun, false);
  assert.equal(bench.cache.memory.entries, 0);
});

test('what fails twice fails for all, and never takes a third fetch', () => {
  const bench = createCacheBench();
  const guests = [bench.ask(), bench.ask(), bench.ask()];
  bench.fetch.fail();
  assert.equal(problemOf(guests[0] as PaperGuest), 'upstream-reset');
  assert.equal(bench.fetches.length, 2);
  assert.ok(guests.slice(1).every(({ isOver }) => !isOver));
  bench.fetch.fail();
  for (const guest of guests) assert.equal(problemOf(guest), 'upstream-reset');
  assert.equal(bench.fetches.length, 2);
  assert.equal(bench.cache.flightCount, 0);
});

test('nobody is left waiting by a second fetch that fails on the spot', () => {
  const bench = createCacheBench({
    onFetch: (fetch) => {
      if (bench.fetches.length > 1) fetch.fail();
    },
  });
  const guests = [bench.ask(), bench.ask(), bench.ask()];
  bench.fetch.fail();
  for (const guest of guests) assert.equal(problemOf(guest), 'upstream-reset');
  assert.equal(bench.cache.flightCount, 0);
});

test('an answer broken off in the middle is broken off for all', () => {
  const bench = createCacheBench();
  const [one, two] = [bench.ask(), bench.ask()];
  const ranged = bench.ask({ lines: ['Range: bytes=0-1'] });
  bench.fetch.head(200, [...FRESH, CHUNKED]);
  bench.fetch.chunk('half');
  bench.fetch.fail();
  for (const guest of [one, two]) {
    assert.equal(guest.client.isBrokenOff, true);
    assert.equal(problemOf(guest), 'truncated');
  }
  assert.equal(ranged.client.hasBegun, false, 'its error page can still be written');
  assert.equal(problemOf(ranged), 'truncated');
  assert.equal(bench.cache.memory.entries, 0);
});

test('when to ask again is told to all who waited', () => {
  const bench = createCacheBench();
  const [one, two] = [bench.ask(), bench.ask()];
  bench.fetch.shed(17);
  for (const guest of [one, two]) {
    assert.ok(guest.ending?.kind === 'finished');
    assert.equal(guest.ending.problem?.retryAfterSeconds, 17);
  }
});

test('the error of an upstream goes to who led, though it asked for a part or on a condition', () => {
  for (const line of ['Range: bytes=0-1', 'If-None-Match: "1"']) {
    const bench = createCacheBench();
    const leader = bench.ask({ lines: [line] });
    bench.fetch.answer(503, ['Retry-After: 9'], 'busy');
    assert.equal(leader.client.status, 503, line);
    assert.equal(leader.client.body, 'busy');
    assert.equal(bench.fetches.length, 1);
  }
});

test('a request on a condition gets 304 from what has just come for all', () => {
  const bench = createCacheBench();
  const leader = bench.ask({ lines: ['If-None-Match: "1"'] });
  const plain = bench.ask();
  bench.fetch.answer(200, [...FRESH, 'ETag: "1"'], 'body');
  assert.equal(leader.client.status, 304);
  assert.equal(leader.client.framing, 'none');
  assert.equal(leader.client.body, '');
  assert.equal(plain.client.body, 'body');
});

test('parts are cut from an answer on its way as from one that is kept', () => {
  const bench = createCacheBench();
  const early = bench.ask({ lines: ['Range: bytes=2-3'] });
  const beyond = bench.ask({ lines: ['Range: bytes=100-'] });
  const changed = bench.ask({ lines: ['Range: bytes=2-3', 'If-Range: "0"'] });
  bench.fetch.head(200, [...FRESH, 'ETag: "1"', CHUNKED]);
  bench.fetch.chunk('abc');
  assert.equal(early.client.hasBegun, false, 'its Content-Range needs the size');
  bench.fetch.chunk('def');
  bench.fetch.lastChunk();
  const late = bench.ask({ lines: ['Range: bytes=2-3'] });
  for (const { client } of [early, late]) {
    assert.equal(client.status, 206);
    assert.equal(client.body, 'cd');
    assert.equal(client.field('content-range'), 'bytes 2-3/6');
  }
  assert.equal(beyond.client.status, 416);
  assert.equal(beyond.client.field('content-range'), 'bytes */6');
  assert.equal(changed.client.body, 'abcdef');
});

test('a part of an answer of known length is done before all of it has come', () => {
  const bench = createCacheBench();
  const guest = bench.ask({ lines: ['Range: bytes=1-2'] });
  bench.fetch.head(200, [...FRESH, 'Content-Length: 6'], 'abcd');
  assert.equal(guest.client.body, 'bc');
  assert.ok(guest.isOver);
  bench.fetch.upstream.receive('ef');
  assert.equal(bench.ask().client.body, 'abcdef');
});

test('a HEAD is answered from what a GET has brought, and asks for itself otherwise', () => {
  const bench = createCacheBench();
  assert.equal(bench.ask({ method: 'HEAD' }).ending?.kind, 'passed');
  bench.ask();
  bench.fetch.answer(200, FRESH, 'body');
  const { client } = bench.ask({ method: 'HEAD', lines: ['Range: bytes=0-1'] });
  assert.equal(client.status, 200);
  assert.equal(client.framing, 4);
  assert.equal(client.body, '');
});

test('an answer without a body has none for anybody', () => {
  const bench = createCacheBench();
  const [one, two] = [bench.ask(), bench.ask({ lines: ['Range: bytes=0-1'] })];
  bench.fetch.head(204, FRESH);
  for (const { client, ending } of [one, two, bench.ask()]) {
    assert.ok(ending);
    assert.equal(client.status, 204);
    assert.equal(client.framing, 'none');
    assert.equal(client.isEnded, false);
  }
});

test('without collapsing each request has a fetch of its own, and is answered', () => {
  const bench = createCacheBench({ policy: { collapses: false } });
  const [one, two] = [bench.ask(), bench.ask()];
  const [first, second] = bench.fetches;
  second?.answer(200, FRESH, 'second');
  first?.answer(200, FRESH, 'first');
  assert.equal(one.client.body, 'first');
  assert.equal(two.client.body, 'second');
  assert.equal(bench.cache.flightCount, 0);
});
