import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createCache, createMemoryStore } from '@headgate/cache';
import { serveOrigin } from '@headgate/origin';
import { createPartnerClient } from '@headgate/origin/client';
import { createItemsApp, type ItemsDeps } from './app.ts';
import { createPartSource } from './parts.ts';

/** Answers one call, or not; undefined stands for the good answer. */
type Treat = (path: string, response: ServerResponse) => boolean;

interface Calls {
  most: number;
  readonly paths: string[];
  readonly requests: IncomingMessage[];
}

/** Starts a partner that treats calls as told, and an items app in front of it. */
async function start(t: TestContext, treat: Treat = () => false, deps: Partial<ItemsDeps> = {}) {
  const calls: Calls = { most: 0, paths: [], requests: [] };
  let running = 0;
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    calls.paths.push(path);
    calls.requests.push(request);
    running += 1;
    calls.most = Math.max(calls.most, running);
    response.once('close', () => {
      running -= 1;
    });
    if (!treat(path, response)) setTimeout(() => response.end(JSON.stringify(good(path))), 5);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };

  const cache = createCache({ stores: [createMemoryStore({ maxSizeBytes: 1_000_000 })] });
  const partner = createPartnerClient({
    name: 'partner',
    upstreams: `http://127.0.0.1:${port}`,
    // Far beyond the tests that wait for a call to be ended by something else.
    timeoutMs: 120_000,
    maxConnections: 64,
    maxQueue: 512,
    cache: { cache, ttlMs: 60_000 },
  });
  t.after(async () => {
    await partner.close();
    await cache.close();
    if (server.listening) await stop();
  });
  const app = createItemsApp({
    parts: createPartSource(partner),
    instance: 'items-1',
    feedConcurrency: 8,
    extraLatencyMs: 0,
    deadlineMs: 5000,
    ...deps,
  });
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await app.request(path, { headers });
    return {
      status: response.status,
      headers: response.headers,
      body: JSON.parse(await response.text()),
    };
  };
  return { app, calls, get, stop };
}

function good(path: string): unknown {
  const id = Number(path.split('/')[2]);
  if (!path.endsWith('/comments')) return { id, userId: 1, title: 'title', body: 'body' };
  return [{ id: 1, postId: id, name: 'Ada', email: 'ada@example.com', body: 'yes' }];
}

/** For tests that would wait for a call that is never ended. */
const limit = { timeout: 30_000 };

const isComments = (path: string) => path.endsWith('/comments');

function answerStatus(status: number, only: (path: string) => boolean = () => true): Treat {
  return (path, response) => {
    if (!only(path)) return false;
    response.writeHead(status).end('{}');
    return true;
  };
}

test('an item is composed of a post and its comments', async (t) => {
  const { get } = await start(t);
  const { status, body } = await get('/items/7');
  assert.equal(status, 200);
  assert.deepEqual(body, {
    id: 7,
    post: good('/posts/7'),
    comments: good('/posts/7/comments'),
    partial: false,
    missing: [],
    servedBy: 'items-1',
  });
});

test('the two calls of an item run at the same time', async (t) => {
  const waiting: ServerResponse[] = [];
  const { get } = await start(t, (_path, response) => {
    waiting.push(response);
    // Answered only once both are there.
    if (waiting.length === 2) for (const one of waiting) one.writeHead(500).end();
    return true;
  });
  assert.equal((await get('/items/7')).status, 502);
});

test('one failing part leaves a partial answer that names it', async (t) => {
  const { get } = await start(t, answerStatus(500, isComments));
  const { status, body } = await get('/items/7');
  assert.equal(status, 200);
  assert.deepEqual([body.post.id, body.comments, body.partial], [7, null, true]);
  assert.deepEqual(body.missing, [
    {
      part: 'comments',
      reason: 'status',
      status: 500,
      message: 'partner /posts/7/comments: answered 500',
    },
  ]);
});

test('good answers are cached, failed ones are asked for again', async (t) => {
  let isBroken = true;
  const { get, calls } = await start(t, (path, response) =>
    answerStatus(500, () => isBroken && isComments(path))(path, response),
  );
  assert.equal((await get('/items/7')).body.partial, true);
  isBroken = false;
  assert.equal((await get('/items/7')).body.partial, false);
  assert.equal((await get('/items/7')).body.partial, false);
  const times = (path: string) => calls.paths.filter((one) => one === path).length;
  assert.deepEqual([times('/posts/7'), times('/posts/7/comments')], [1, 2]);
});

test('a post the partner does not have is no item', async (t) => {
  const { get } = await start(t, answerStatus(404));
  const { status, body } = await get('/items/7');
  assert.deepEqual([status, body.kind], [404, 'not-found']);
});

test('a partner that fails both parts is 502', async (t) => {
  const { get } = await start(t, answerStatus(503));
  const { status, body } = await get('/items/7');
  assert.deepEqual([status, body.kind, body.partnerStatus], [502, 'status', 503]);
});

test('a partner that cannot be reached is 503 with Retry-After', async (t) => {
  const { get, stop } = await start(t);
  await stop();
  const { status, headers, body } = await get('/items/7');
  assert.deepEqual([status, body.kind, headers.get('retry-after')], [503, 'unreachable', '1']);
});

test(
  'a partner that stalls is 504 at the deadline, and its connections are closed',
  limit,
  async (t) => {
    const { get, calls } = await start(t, () => true, { deadlineMs: 100 });
    const { status, body } = await get('/items/7');
    assert.deepEqual([status, body.kind], [504, 'timeout']);
    await Promise.all(calls.requests.map(closed));
    assert.equal(calls.requests.length, 2);
  },
);

test('a part that stalls is missing when the deadline comes', async (t) => {
  const { get } = await start(t, isComments, { deadlineMs: 300 });
  const { status, body } = await get('/items/7');
  assert.equal(status, 200);
  assert.deepEqual([body.post.id, body.missing[0].reason], [7, 'timeout']);
});

test('the deadline of the caller is kept', async (t) => {
  const { get } = await start(t, () => true, { deadlineMs: 600_000 });
  assert.equal((await get('/items/7', { 'headgate-deadline-ms': '50' })).status, 504);
});

test('a client that leaves ends the calls made for it', limit, async (t) => {
  const asked = Promise.withResolvers<void>();
  const { app, calls } = await start(t, () => {
    if (calls.requests.length === 2) asked.resolve();
    return true;
  });
  const served = await serveOrigin(app, { port: 0, lingerMs: 0 });
  t.after(() => served.close());
  const client = new AbortController();
  const answer = fetch(`${served.url}/items/7`, { signal: client.signal });
  await asked.promise;
  client.abort();
  await assert.rejects(answer);
  await Promise.all(calls.requests.map(closed));
});

test('the request id goes along to the partner', async (t) => {
  const { get, calls } = await start(t);
  await get('/items/7', { 'x-request-id': 'edge-1' });
  assert.deepEqual(
    calls.requests.map(({ headers }) => headers['x-request-id']),
    ['edge-1', 'edge-1'],
  );
});

test('a feed of 100 posts never makes more calls at once than its bound', async (t) => {
  const { get, calls } = await start(t);
  const { status, body } = await get('/feed?count=100');
  assert.equal(status, 200);
  assert.deepEqual(
    body.items.map(({ id }: { id: number }) => id),
    Array.from({ length: 100 }, (_, index) => index + 1),
  );
  assert.deepEqual([body.count, body.partial, calls.paths.length], [100, false, 100]);
  assert.equal(calls.most, 8);
});

test('a feed may start anywhere', async (t) => {
  const { get, calls } = await start(t);
  const { status, body } = await get('/feed?count=3&from=1001');
  assert.equal(status, 200);
  assert.deepEqual(
    body.items.map(({ id }: { id: number }) => id),
    [1001, 1002, 1003],
  );
  assert.deepEqual(calls.paths, ['/posts/1001', '/posts/1002', '/posts/1003']);
});

test('a feed names the posts it is missing, and fails only without any', async (t) => {
  const only = (path: string) => path === '/posts/2';
  const some = await (await start(t, answerStatus(500, only))).get('/feed?count=3');
  assert.equal(some.status, 200);
  assert.deepEqual([some.body.items.length, some.body.partial], [2, true]);
  assert.equal(some.body.missing[0].part, 'posts/2');

  const none = await (await start(t, answerStatus(500))).get('/feed?count=3');
  assert.deepEqual([none.status, none.body.kind], [502, 'status']);
});

test('a feed that runs out of time has what came before', async (t) => {
  const { get } = await start(t, (path) => Number(path.split('/')[2]) > 4, { deadlineMs: 300 });
  const { status, body } = await get('/feed?count=50');
  assert.equal(status, 200);
  assert.deepEqual([body.items.length, body.missing.length], [4, 46]);
  assert.deepEqual(
    new Set(body.missing.map(({ reason }: { reason: string }) => reason)),
    new Set(['timeout']),
  );
});

test('what is not a whole number in range is refused and asks nobody', async (t) => {
  const { get, calls } = await start(t);
  const paths = ['/items/0', '/items/abc', '/items/-1', '/items/1.5', '/items/99999999999'];
  for (const path of [
    ...paths,
    '/feed?count=0',
    '/feed?count=101',
    '/feed?count=x',
    '/feed?from=0',
  ]) {
    const { status, body } = await get(path);
    assert.deepEqual([status, body.kind], [422, 'validation'], path);
  }
  assert.deepEqual(calls.paths, []);
});

function closed({ socket }: IncomingMessage): Promise<void> {
  if (socket.destroyed) return Promise.resolve();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
