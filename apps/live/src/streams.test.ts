import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveOrigin } from '@headgate/origin';
import { createLiveApp } from './app.ts';

async function start(t: TestContext) {
  const app = createLiveApp({ maxBacklogBytes: 1000 });
  const served = await serveOrigin(app, { port: 0, lingerMs: 0, drainTimeoutMs: 600_000 });
  t.after(() => {
    served.cut();
    return served.close();
  });
  const idle = async () => {
    while (app.lifecycle.inFlight > 0) await sleep(5);
  };
  return { app, idle, ...served };
}

function events(text: string): string[] {
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => data ?? '');
}

test('ticks come one by one and end after the count', async (t) => {
  const { url } = await start(t);
  const response = await fetch(`${url}/live/ticks?interval=1ms&count=3`);
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  assert.deepEqual(events(await response.text()), ['{"n":1}', '{"n":2}', '{"n":3}']);
});

test('the first tick does not wait for the interval', async (t) => {
  const { url } = await start(t);
  const client = new AbortController();
  const { body } = await fetch(`${url}/live/ticks?interval=60000`, { signal: client.signal });
  const first = await body?.getReader().read();
  assert.deepEqual(events(new TextDecoder().decode(first?.value)), ['{"n":1}']);
  client.abort();
});

test('endless ticks stop when the client leaves', async (t) => {
  const { url, idle } = await start(t);
  const client = new AbortController();
  await fetch(`${url}/live/ticks?interval=60000`, { signal: client.signal });
  client.abort();
  await idle();
});

test('endless ticks end cleanly when the origin leaves', async (t) => {
  const { url, close } = await start(t);
  const response = await fetch(`${url}/live/ticks?interval=60000`);
  const closed = close();
  assert.deepEqual(events(await response.text()), ['{"n":1}']);
  await closed;
});

test('a stream has the chunks it was asked for, without a length', async (t) => {
  const { url } = await start(t);
  const response = await fetch(`${url}/live/stream?chunks=5&size=7&delay=1`);
  assert.equal(response.headers.get('content-length'), null);
  const body = Buffer.from(await response.arrayBuffer());
  assert.deepEqual(
    [...body],
    Array.from({ length: 35 }, (_, index) => index % 7),
  );
});

test('a download has its length and the same bytes every time', async (t) => {
  const { url } = await start(t);
  const sizeBytes = 300_000;
  const response = await fetch(`${url}/live/download?bytes=${sizeBytes}`);
  assert.equal(response.headers.get('content-length'), String(sizeBytes));
  const expected = Buffer.from(Array.from({ length: sizeBytes }, (_, index) => index % 251));
  assert.ok(expected.equals(Buffer.from(await response.arrayBuffer())));
  assert.equal((await fetch(`${url}/live/download?bytes=0`)).headers.get('content-length'), '0');
});

test('a download waits for a client that does not read', async (t) => {
  const { url, idle } = await start(t);
  const before = process.memoryUsage();
  const asked = request(`${url}/live/download?bytes=${8 * 1024 ** 3}`).end();
  const [response] = await once(asked, 'response');
  await sleep(300);
  const after = process.memoryUsage();
  const grownBytes = after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed;
  assert.ok(grownBytes < 64 * 1024 ** 2, String(grownBytes));
  asked.on('error', () => {});
  response.destroy();
  await idle();
});

test('an upload is counted and hashed', async (t) => {
  const { url } = await start(t);
  const body = Buffer.alloc(3_000_000, 'headgate');
  const response = await fetch(`${url}/live/upload`, { method: 'POST', body });
  assert.deepEqual(await response.json(), {
    bytes: body.length,
    sha256: createHash('sha256').update(body).digest('hex'),
  });
  const empty = await fetch(`${url}/live/upload`, { method: 'POST' });
  assert.deepEqual(await empty.json(), {
    bytes: 0,
    sha256: createHash('sha256').digest('hex'),
  });
});

test('an upload whose client leaves is over', async (t) => {
  const { app, url, idle } = await start(t);
  const headers = { 'content-length': 1000 };
  const sent = request(`${url}/live/upload`, { method: 'POST', headers });
  sent.on('error', () => {});
  sent.write('partly');
  while (app.lifecycle.inFlight === 0) await sleep(5);
  sent.destroy();
  await idle();
});

test('a slow answer comes, or is given up with its client', async (t) => {
  const { url, idle } = await start(t);
  assert.deepEqual(await (await fetch(`${url}/live/slow?ms=5`)).json(), { waitedMs: 5 });
  const signal = AbortSignal.timeout(50);
  await assert.rejects(fetch(`${url}/live/slow?ms=600000`, { signal }));
  await idle();
});
