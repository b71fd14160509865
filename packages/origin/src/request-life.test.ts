import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { quietOrigin, until } from './origin.test-support.ts';
import type { Origin } from './origin.ts';
import type { OriginEnv } from './request-scope.ts';
import { serveOrigin } from './serve-origin.ts';

test('an app that is mounted finds the scope of the request it answers a part of', async () => {
  const { app } = quietOrigin();
  const sub = new Hono<OriginEnv>();
  sub.get('/id', (c) => c.text(c.env.scope.requestId));
  app.route('/sub', sub);
  const response = await app.request('/sub/id', { headers: { 'x-request-id': 'edge-1' } });
  assert.equal(await response.text(), 'edge-1');
});

test('what an environment brings along stays in it', async () => {
  const { app } = quietOrigin();
  app.get('/', (c) => c.text((c.env as unknown as { region: string }).region));
  assert.equal(await (await app.request('/', {}, { region: 'north' })).text(), 'north');
});

test('an answer whose fields cannot be changed is handed on with those of the kit', async (t) => {
  const elsewhere = createServer((_, response) => response.end('from elsewhere'));
  elsewhere.listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  t.after(() => {
    elsewhere.closeAllConnections();
    elsewhere.close();
  });
  const { app } = quietOrigin();
  const url = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  app.get('/', () => fetch(url));
  const response = await app.request('/', { headers: { 'x-request-id': 'edge-1' } });
  assert.equal(response.headers.get('x-request-id'), 'edge-1');
  assert.equal(await response.text(), 'from elsewhere');
});

test('a request of app.request() is over when its answer is there, failed or not', async () => {
  const { app } = quietOrigin();
  app.get('/', (c) => c.text('ok'));
  app.get('/broken', () => {
    throw new Error('broken');
  });
  await Promise.all([app.request('/'), app.request('/broken')]);
  assert.deepEqual([app.lifecycle.inFlight, app.lifecycle.ended], [0, 2]);
});

/** The URL of `fetch` on a server that knows nothing of the kit. */
async function serveElsewhere(t: TestContext, fetch: Origin['fetch']): Promise<string> {
  const server = createAdaptorServer({ fetch });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('on a server that is none of the kit, a request lasts to the end of its response', async (t) => {
  const { app } = quietOrigin();
  app.get('/', (c) => c.text('ok'));
  const url = await serveElsewhere(t, app.fetch);
  const response = await fetch(url, { headers: { connection: 'close' } });
  assert.equal(response.headers.get('headgate-load'), '1');
  assert.equal(await response.text(), 'ok');
  await until(() => app.lifecycle.inFlight === 0, 'the end');
});

test('there too, a client that leaves in the middle of an answer is noticed', async (t) => {
  const { app } = quietOrigin();
  const begun = Promise.withResolvers<AbortSignal>();
  app.get('/', (c) => {
    begun.resolve(c.env.scope.signal);
    return c.body(
      new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(9)) }),
    );
  });
  const url = await serveElsewhere(t, app.fetch);
  const client = new AbortController();
  await fetch(url, { signal: client.signal });
  client.abort();
  const signal = await begun.promise;
  await until(() => signal.aborted, 'the abort');
  assert.equal(signal.reason.kind, 'client-gone');
});

test('what is asked for twice is the same', async () => {
  const { app } = quietOrigin();
  app.get('/', (c) => {
    const { scope } = c.env;
    for (const name of ['requestId', 'trace', 'deadline', 'signal'] as const) {
      assert.equal(scope[name], scope[name], name);
    }
    return c.text('ok');
  });
  assert.equal((await app.request('/')).status, 200);
});

test('requests that are made with one environment have scopes of their own', async () => {
  const { app } = quietOrigin();
  app.get('/', async (c) => {
    const { scope } = c.env;
    await new Promise((resolve) => setImmediate(resolve));
    return c.json(c.env.scope === scope);
  });
  const shared = { region: 'north' };
  const answers = await Promise.all([app.request('/', {}, shared), app.request('/', {}, shared)]);
  for (const answer of answers) assert.equal(await answer.json(), true);
  assert.deepEqual(shared, { region: 'north' });
});

test('an app that answers a part of what another is asked ends nothing but its own', async (t) => {
  const { app } = quietOrigin();
  const { app: inner } = quietOrigin();
  const tasks: string[] = [];
  inner.get('/inner', (c) => {
    c.env.scope.background('inner', async () => void tasks.push('inner'));
    return c.text('inner');
  });
  app.get('/', async (c) => {
    const { scope } = c.env;
    scope.background('outer', async () => void tasks.push('outer'));
    const answer = await inner.fetch(new Request(new URL('/inner', c.req.url)), c.env);
    assert.equal(c.env.scope, scope);
    return c.text(await answer.text());
  });
  const served = await serveOrigin(app, { port: 0, lingerMs: 0 });
  t.after(() => {
    served.cut();
    return served.close();
  });
  assert.equal(await (await fetch(served.url)).text(), 'inner');
  await until(() => tasks.length === 2, 'both tasks');
  for (const { lifecycle } of [app, inner]) {
    assert.deepEqual([lifecycle.inFlight, lifecycle.ended], [0, 1]);
  }
});
