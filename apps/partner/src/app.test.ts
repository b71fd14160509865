import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveOrigin } from '@headgate/origin';
import { createPartnerApp } from './app.ts';
import { createDial, dialSchema } from './dial.ts';
import { createRandom } from './random.ts';

function start(settings: object = {}) {
  return createPartnerApp({
    dial: createDial(dialSchema.parse(settings)),
    random: createRandom(1),
  });
}

function turn(app: ReturnType<typeof start>, body: string) {
  return app.request('/_dial', { method: 'PUT', body });
}

test('posts, comments and users are answered by id', async () => {
  const app = start();
  const json = async (path: string) => JSON.parse(await (await app.request(path)).text());
  assert.equal((await json('/posts/7')).id, 7);
  assert.equal((await json('/posts/7/comments'))[0].postId, 7);
  assert.equal((await json('/users/1000000')).id, 1_000_000);
  assert.equal((await json('/posts')).length, 10);
  assert.equal((await json('/posts?limit=3')).length, 3);
});

test('what does not exist is 404, a wrong limit 400', async () => {
  const app = start();
  for (const id of ['0', '1000001', '01', 'abc', '9999999999', '-1']) {
    assert.equal((await app.request(`/posts/${id}`)).status, 404, id);
  }
  for (const limit of ['0', '101', 'x', '1.5']) {
    assert.equal((await app.request(`/posts?limit=${limit}`)).status, 400, limit);
  }
});

test('the error rate is the share of requests that fail, with 500 or 503', async () => {
  const app = start({ errorRate: 0.3 });
  const counts = new Map<number, number>();
  for (let n = 1; n <= 1000; n++) {
    const { status } = await app.request(`/posts/${n}`);
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  assert.deepEqual(new Set(counts.keys()), new Set([200, 500, 503]));
  const ok = counts.get(200) ?? 0;
  assert.ok(ok > 650 && ok < 750, String(ok));
});

test('the same seed fails the same requests', async () => {
  const run = async () => {
    const app = start({ errorRate: 0.5 });
    const statuses: number[] = [];
    for (let n = 1; n <= 50; n++) statuses.push((await app.request('/posts/1')).status);
    return statuses;
  };
  assert.deepEqual(await run(), await run());
});

test('a route or a single path can be dialled alone', async () => {
  const app = start({
    paths: {
      '/posts/:id/comments': { errorRate: 1 },
      '/posts/7': { errorRate: 1 },
      '/posts/8/comments': { errorRate: 0 },
    },
  });
  const isOk = async (path: string) => (await app.request(path)).ok;
  assert.equal(await isOk('/posts/1/comments'), false);
  assert.equal(await isOk('/posts/8/comments'), true);
  assert.equal(await isOk('/posts/7'), false);
  assert.equal(await isOk('/posts/8'), true);
});

test('the dial is turned at run time, and what it shows can be put back', async () => {
  const app = start();
  const settings = {
    latency: 'uniform:0ms-1ms',
    errorRate: 1,
    stallRate: 0,
    paths: { '/users/:id': { errorRate: 0 } },
  };
  assert.equal((await turn(app, JSON.stringify(settings))).status, 200);
  const shown = await (await app.request('/_dial')).text();
  assert.deepEqual(JSON.parse(shown), settings);
  assert.equal((await app.request('/posts/1')).ok, false);
  assert.equal((await app.request('/users/1')).ok, true);
  assert.equal((await turn(app, shown)).status, 200);
});

test('a dial that makes no sense is refused with every problem, and not turned', async () => {
  const app = start();
  const wrong = {
    latency: '20',
    errorRate: 2,
    stallRate: 'x',
    paths: { '/nowhere': {}, '/posts/:id': { errorRate: -1 } },
  };
  const response = await turn(app, JSON.stringify(wrong));
  assert.equal(response.status, 400);
  const { problems } = JSON.parse(await response.text());
  const paths = problems.map(({ path }: { path: string }) => path);
  assert.deepEqual(
    paths.sort(),
    ['errorRate', 'latency', 'paths./nowhere', 'paths./posts/:id.errorRate', 'stallRate'].sort(),
  );
  assert.equal((await turn(app, '{')).status, 400);
  assert.equal((await app.request('/posts/1')).ok, true);
});

test('a stall lasts until the client leaves, and nothing of it stays', async (t) => {
  const app = start({ stallRate: 1 });
  const served = await serveOrigin(app, { port: 0, lingerMs: 0 });
  t.after(() => served.close());
  const client = new AbortController();
  // The stated deadline is not the partner's business.
  const headers = { 'headgate-deadline-ms': '1' };
  const answer = fetch(`${served.url}/posts/1`, { headers, signal: client.signal });
  const first = await Promise.race([answer, new Promise((done) => setTimeout(done, 200, 'none'))]);
  assert.equal(first, 'none');
  client.abort();
  await assert.rejects(answer);
  while (app.lifecycle.inFlight > 0) await new Promise((done) => setTimeout(done, 5));
});

test('a stall does not hold up a partner that is told to leave', async () => {
  const app = start({ stallRate: 1 });
  const served = await serveOrigin(app, { port: 0, lingerMs: 0, drainTimeoutMs: 600_000 });
  const answer = fetch(`${served.url}/posts/1`);
  while (app.lifecycle.inFlight === 0) await new Promise((done) => setTimeout(done, 5));
  await served.close();
  assert.equal((await answer).status, 503);
});
