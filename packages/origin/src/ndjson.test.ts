import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NdjsonOptions, ndjson, serveOrigin } from './index.ts';
import { quietOrigin, until } from './origin.test-support.ts';

async function serve(
  t: TestContext,
  items: () => Iterable<unknown> | AsyncIterable<unknown>,
  options?: NdjsonOptions,
) {
  const { app, lines } = quietOrigin();
  app.get('/', (c) => ndjson(c, items(), options));
  const served = await serveOrigin(app, { port: 0 });
  t.after(() => served.close());
  return { lines, url: served.url };
}

test('each item is a line', async (t) => {
  const { url } = await serve(t, () => [{ a: 1 }, 'two\nlines', null]);
  const response = await fetch(url);
  assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
  assert.equal(await response.text(), '{"a":1}\n"two\\nlines"\nnull\n');
});

test('nothing to tell is an empty answer', async (t) => {
  const { url } = await serve(t, () => []);
  const response = await fetch(url);
  assert.deepEqual([response.status, await response.text()], [200, '']);
});

test('many items arrive whole and in order', async (t) => {
  const { url } = await serve(t, async function* () {
    for (let n = 0; n < 20_000; n++) yield { n };
  });
  const lines = (await (await fetch(url)).text()).trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).n),
    Array.from({ length: 20_000 }, (_, n) => n),
  );
});

test('an item is sent when it is there, though the next one is long in coming', async (t) => {
  const release = Promise.withResolvers<void>();
  const { url } = await serve(t, async function* () {
    yield 1;
    yield 2;
    await release.promise;
    yield 3;
  });
  const reader = (await fetch(url)).body?.getReader();
  let got = '';
  while (got !== '1\n2\n') got += new TextDecoder().decode((await reader?.read())?.value);
  release.resolve();
  assert.equal(new TextDecoder().decode((await reader?.read())?.value), '3\n');
});

test('an error before the first item is answered, a later one breaks the answer off', async (t) => {
  const { url, lines } = await serve(t, async function* () {
    yield* [];
    throw new Error('no database');
  });
  assert.equal((await fetch(url)).status, 500);
  const late = await serve(t, async function* () {
    yield 1;
    throw new Error('password is hunter2');
  });
  const response = await fetch(late.url);
  assert.equal(response.status, 200);
  await assert.rejects(response.text());
  assert.deepEqual(
    [...lines, ...late.lines].map(({ message }) => message),
    ['request failed', 'an answer broke off'],
  );
});

test('an item without a JSON form breaks the answer off', async (t) => {
  const { url } = await serve(t, () => [1, undefined]);
  await assert.rejects(async () => (await fetch(url)).text());
});

test('who makes items tidies up when the reader leaves', async (t) => {
  let hasTidied = false;
  const { url } = await serve(t, async function* () {
    try {
      for (;;) {
        yield 'x'.repeat(1000);
        await sleep(1);
      }
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

test('a deadline that was asked for breaks the answer off', async (t) => {
  const slow = async function* () {
    yield 1;
    await sleep(60_000, undefined, { ref: false });
  };
  const { url } = await serve(t, slow, { deadlineMs: 30 });
  await assert.rejects(async () => (await fetch(url)).text());
});

test('a slow reader is not run ahead of', async (t) => {
  let made = 0;
  const { url } = await serve(t, function* () {
    const item = 'x'.repeat(1024);
    for (; made < 1_000_000; made++) yield item;
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
  assert.ok(made < 100_000, `${made} items were made`);
  leave.abort();
});
