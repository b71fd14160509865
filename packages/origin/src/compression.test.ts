import assert from 'node:assert/strict';
import { get } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { chooseCoding } from './compression.ts';
import { type CompressionOptions, ndjson, type Origin, serveOrigin, sse } from './index.ts';
import { quietOrigin, until } from './origin.test-support.ts';

const long = JSON.stringify({ words: Array(500).fill('headgate') });

function start(compression: CompressionOptions | boolean = true) {
  const { app } = quietOrigin({ compression });
  app.get('/long', (c) => c.body(long, 200, { 'content-type': 'application/json', etag: '"1"' }));
  return app;
}

async function serve(t: TestContext, app: Origin) {
  const served = await serveOrigin(app, { port: 0 });
  t.after(() => served.close());
  return served.url;
}

/** As it is on the wire: fetch would decode it. */
async function ask(url: string, accept?: string) {
  const headers = accept === undefined ? {} : { 'accept-encoding': accept };
  const { promise, resolve, reject } = Promise.withResolvers<import('node:http').IncomingMessage>();
  get(url, { headers, agent: false }, resolve).on('error', reject);
  const response = await promise;
  return { headers: response.headers, body: await buffer(response) };
}

test('the coding is the one the client likes best, and ours among equals', () => {
  const all = ['zstd', 'br', 'gzip'] as const;
  const cases: [string, string | undefined][] = [
    ['', undefined],
    ['gzip', 'gzip'],
    ['gzip, deflate, br, zstd', 'zstd'],
    ['gzip;q=1.0, br;q=0.5', 'gzip'],
    ['GZIP ; Q=0.5, BR;q=0.4', 'gzip'],
    ['x-gzip', 'gzip'],
    ['*', 'zstd'],
    ['*;q=0.5, zstd;q=0', 'br'],
    ['gzip;q=0', undefined],
    ['identity, gzip;q=0.5', undefined],
    ['identity;q=0.5, gzip', 'gzip'],
    ['deflate, identity;q=0', undefined],
    ['gzip;q=nonsense', undefined],
  ];
  for (const [accept, coding] of cases) assert.equal(chooseCoding(accept, all), coding, accept);
});

test('an answer is the same in every coding', async (t) => {
  const url = await serve(t, start());
  const decoders = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync };
  for (const [coding, decode] of Object.entries(decoders)) {
    const { headers, body } = await ask(`${url}/long`, coding);
    assert.equal(headers['content-encoding'], coding);
    assert.equal(headers['content-length'], String(body.byteLength));
    assert.equal(headers.etag, 'W/"1"');
    assert.equal(headers.vary, 'accept-encoding');
    assert.equal(String(decode(body)), long);
    assert.ok(body.byteLength < long.length / 10);
  }
  const { headers, body } = await ask(`${url}/long`);
  assert.deepEqual([headers['content-encoding'], headers.etag], [undefined, '"1"']);
  assert.equal(headers.vary, 'accept-encoding', 'caches keep the plain one apart as well');
  assert.equal(String(body), long);
});

test('what would not shrink, or must not change, is sent as it is', async (t) => {
  const app = start();
  const json = { 'content-type': 'application/json' };
  app.get('/short', (c) => c.body('{}', 200, json));
  app.get('/image', (c) => c.body(long, 200, { 'content-type': 'image/png' }));
  app.get('/kept', (c) => c.body(long, 200, { ...json, 'cache-control': 'private, no-transform' }));
  app.get('/done', (c) => c.body(long, 200, { ...json, 'content-encoding': 'aws-chunked' }));
  app.get('/part', (c) => c.body(long, 206, { ...json, 'content-range': 'bytes 0-9/10' }));
  app.get('/none', (c) => c.body(null, 204));
  app.get('/events', (c) =>
    sse(c, async function* () {
      yield { data: long };
    }),
  );
  const url = await serve(t, app);
  for (const path of ['/short', '/image', '/kept', '/done', '/part', '/none', '/events']) {
    const { headers, body } = await ask(url + path, 'gzip, br, zstd');
    const coding = path === '/done' ? 'aws-chunked' : undefined;
    assert.equal(headers['content-encoding'], coding, path);
    if (path === '/events') assert.equal(String(body), `data: ${long}\n\n`);
    else if (path !== '/none') assert.equal(String(body), path === '/short' ? '{}' : long, path);
  }
});

test('a stream is compressed without waiting for its end', async (t) => {
  const release = Promise.withResolvers<void>();
  const app = start({ codings: ['gzip'] });
  app.get('/', (c) =>
    ndjson(
      c,
      (async function* () {
        yield 'first';
        await release.promise;
        yield 'last';
      })(),
    ),
  );
  const url = await serve(t, app);
  const response = await fetch(url);
  assert.equal(response.headers.get('content-encoding'), 'gzip');
  assert.equal(response.headers.get('content-length'), null);
  const reader = response.body?.getReader();
  const { value } = (await reader?.read()) ?? {};
  assert.equal(new TextDecoder().decode(value), '"first"\n');
  release.resolve();
  const { value: last } = (await reader?.read()) ?? {};
  assert.equal(new TextDecoder().decode(last), '"last"\n');
});

test('a stream that breaks off does so in its coding, and one that is left is given up', async (t) => {
  let hasTidied = false;
  const app = start();
  const items = async function* (fails: boolean) {
    try {
      yield long;
      await sleep(5);
      if (fails) throw new Error('no more');
      for (;;) {
        yield long;
        await sleep(1);
      }
    } finally {
      hasTidied = true;
    }
  };
  app.get('/breaks', (c) => ndjson(c, items(true)));
  app.get('/endless', (c) => ndjson(c, items(false)));
  const url = await serve(t, app);
  await assert.rejects(async () => (await fetch(`${url}/breaks`)).text());
  hasTidied = false;
  const leave = new AbortController();
  const response = await fetch(`${url}/endless`, { signal: leave.signal });
  await response.body?.getReader().read();
  leave.abort();
  await until(() => hasTidied, 'tidying up');
});

test('a HEAD request says that the answer varies', async () => {
  const headers = { 'accept-encoding': 'gzip' };
  const response = await start().request('/long', { method: 'HEAD', headers });
  assert.equal(response.headers.get('vary'), 'accept-encoding');
});
