import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hono } from 'hono';
import { type PositionSource, readYourWrites } from './read-your-writes.ts';

/** An app that tells what its reads are to have seen; its log is at 0/2A. */
function createApp(source: Partial<PositionSource> = {}) {
  const app = new Hono();
  const database: PositionSource = {
    position: async () => '0/2A',
    acceptPosition: async (text) => (text === '0/2A' ? text : undefined),
    ...source,
  };
  const guarded = app.use(readYourWrites({ database }));
  guarded.get('/', (c) => c.text(String(c.var.readAfter)));
  guarded.put('/', (c) => c.body(null, 204));
  guarded.put('/refused', (c) => c.body(null, 409));
  return app;
}

async function read(app: Hono, headers: Record<string, string>): Promise<string> {
  return (await app.request('/', { headers })).text();
}

test('a write gives its position to header and cookie, and a read takes it from either', async () => {
  const app = createApp();
  const written = await app.request('/', { method: 'PUT' });
  assert.equal(written.headers.get('headgate-read-after'), '0/2A');
  const cookie = written.headers.get('set-cookie') ?? '';
  assert.match(
    cookie,
    /^headgate-read-after=[^;]+; Max-Age=60; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  );
  assert.equal(await read(app, { cookie: cookie.split(';')[0] ?? '' }), '0/2A');
  assert.equal(await read(app, { 'headgate-read-after': '0/2A' }), '0/2A');
  assert.equal(await read(app, {}), 'undefined');
});

test('a position the database does not accept is ignored', async () => {
  assert.equal(await read(createApp(), { 'headgate-read-after': 'F/FFFFFFFF' }), 'undefined');
});

test('reads and refused writes carry nothing away', async () => {
  const app = createApp({ position: () => assert.fail('asked for a position') });
  for (const [path, method] of [
    ['/', 'GET'],
    ['/refused', 'PUT'],
  ] as const) {
    const answer = await app.request(path, { method });
    assert.equal(answer.headers.get('headgate-read-after'), null);
    assert.equal(answer.headers.get('set-cookie'), null);
  }
});

test('a write is answered though the database cannot tell its position any more', async () => {
  const app = createApp({ position: () => Promise.reject(new Error('gone')) });
  const written = await app.request('/', { method: 'PUT' });
  assert.equal(written.status, 204);
  assert.equal(written.headers.get('headgate-read-after'), null);
});
