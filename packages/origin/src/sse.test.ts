import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EventsOf, type SseOptions, serveOrigin, sse } from './index.ts';
import { quietOrigin, until } from './origin.test-support.ts';

async function serve(t: TestContext, events: EventsOf, options: SseOptions = {}) {
  const { app, lines } = quietOrigin();
  app.get('/', (c) => sse(c, events, options));
  const served = await serveOrigin(app, { port: 0 });
  t.after(() => served.close());
  return { app, lines, url: served.url };
}

test('events are written in full, and the stream ends when there are no more', async (t) => {
  const { url } = await serve(t, async function* () {
    yield { event: 'price', id: '7', retry: 250.4, data: { n: 1 } };
    yield { data: 'one\ntwo\r\nthree' };
    yield { id: '8' };
  });
  const response = await fetch(url);
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  assert.match(response.headers.get('cache-control') ?? '', /no-cache/);
  assert.equal(
    await response.text(),
    'event: price\nid: 7\nretry: 250\ndata: {"n":1}\n\n' +
      'data: one\ndata: two\ndata: three\n\nid: 8\n\n',
  );
});

test('a reader that comes back says where it was', async (t) => {
  const { url } = await serve(t, async function* (_, lastEventId) {
    yield { data: lastEventId ?? 'from the start' };
  });
  const again = await fetch(url, { headers: { 'last-event-id': '41' } });
  assert.equal(await again.text(), 'data: 41\n\n');
  assert.equal(await (await fetch(url)).text(), 'data: from the start\n\n');
});

test('silence is broken by comments', async (t) => {
  const { url } = await serve(
    t,
    async function* (signal) {
      await sleep(60_000, undefined, { signal });
      yield {};
    },
    { keepAliveMs: 5 },
  );
  const leave = new AbortController();
  const response = await fetch(url, { signal: leave.signal });
  const reader = response.body?.getReader();
  let got = '';
  while (got.length < 3 * ': keep-alive\n\n'.length) {
    got += new TextDecoder().decode((await reader?.read())?.value);
  }
  assert.match(got, /^(?:: keep-alive\n\n)+$/);
  leave.abort();
});

test('what makes events is told when its reader has left, and tidies up', async (t) => {
  let hasTidied = false;
  const { url } = await serve(t, async function* (signal) {
    try {
      yield { data: 'first' };
      await sleep(60_000, undefined, { signal });
    } finally {
      hasTidied = true;
    }
  });
  const leave = new AbortController();
  const response = await fetch(url, { signal: leave.signal });
  await response.body?.getReader().read();
  leave.abort();
  await until(() => hasTidied, 'tidying up');
});

test('a stream outlives the deadline of the origin', async () => {
  const { app } = quietOrigin({ deadlineMs: 5 });
  app.get('/', (c) =>
    sse(c, async function* (signal) {
      await sleep(50, undefined, { signal });
      yield { data: 'late' };
    }),
  );
  assert.equal(await (await app.request('/')).text(), 'data: late\n\n');
});

test('a stream with a deadline ends on it, and its reader comes back', async (t) => {
  const { url } = await serve(
    t,
    async function* (signal) {
      await sleep(60_000, undefined, { signal });
      yield {};
    },
    { deadlineMs: 10, random: () => 0 },
  );
  assert.equal(await (await fetch(url)).text(), 'retry: 500\n\n');
});

test('when the process drains readers are told when to come back, even by deaf streams', async (t) => {
  const { app, url } = await serve(
    t,
    async function* () {
      yield { data: 'first' };
      await new Promise(() => {});
    },
    { random: () => 0.5 },
  );
  const response = await fetch(url);
  const reader = response.body?.getReader();
  await reader?.read();
  app.lifecycle.drain();
  let rest = '';
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done) break;
    rest += new TextDecoder().decode(value);
  }
  assert.equal(rest, 'retry: 1750\n\n');
});

test('an error cuts the stream, and goes to the log alone', async (t) => {
  const { url, lines } = await serve(t, async function* () {
    yield { data: 'first' };
    throw new Error('password is hunter2');
  });
  const response = await fetch(url);
  await assert.rejects(response.text());
  assert.deepEqual(
    lines.map(({ message }) => message),
    ['an answer broke off'],
  );
});

test('a name of several lines cannot smuggle an event in', async () => {
  const { app } = quietOrigin();
  app.get('/', (c) =>
    sse(c, async function* () {
      yield { event: 'a\ndata: b' };
    }),
  );
  await assert.rejects(async () => (await app.request('/')).text(), /event .* one line/);
});

test('a slow reader is not run ahead of', async (t) => {
  let made = 0;
  const { url } = await serve(t, async function* () {
    const data = 'x'.repeat(64 * 1024);
    for (; made < 10_000; made++) yield { data };
  });
  const leave = new AbortController();
  const response = await fetch(url, { signal: leave.signal });
  await response.body?.getReader().read();
  let before = -1;
  await until(() => {
    const isStill = before === made;
    before = made;
    return isStill;
  }, 'a pause');
  assert.ok(made < 1000, `${made} events were made`);
  leave.abort();
});

test('a HEAD request starts no stream', async () => {
  let hasStarted = false;
  const { app } = quietOrigin();
  app.get('/', (c) =>
    sse(c, async function* () {
      hasStarted = true;
      yield {};
    }),
  );
  assert.equal((await app.request('/', { method: 'HEAD' })).status, 200);
  assert.equal(hasStarted, false);
});
