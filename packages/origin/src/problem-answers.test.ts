import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hono } from 'hono';
import { basicAuth } from 'hono/basic-auth';
import { quietOrigin } from './origin.test-support.ts';
import { HttpProblem } from './problem.ts';
import type { OriginEnv } from './request-scope.ts';

function start() {
  const { app, lines } = quietOrigin();
  const sub = new Hono<OriginEnv>();
  sub.get('/:id', (c) => (c.req.param('id') === '7' ? c.text('lamp') : c.notFound()));
  sub.put('/:id', (c) => c.body(null, 204));
  app.use('/items/*', async (_c, next) => next());
  app.route('/items', sub);
  app.post('/only-post', (c) => c.text('posted'));
  app.all('/any', (c) => c.text(c.req.method));
  return { app, lines };
}

async function ask(method: string, path: string) {
  const { app } = start();
  const response = await app.request(path, { method });
  const { status, headers } = response;
  return { status, allow: headers.get('allow'), text: await response.text() };
}

test('a path that has routes for other methods is 405 and names them', async () => {
  const { status, allow, text } = await ask('DELETE', '/items/7');
  assert.deepEqual([status, allow], [405, 'GET, HEAD, OPTIONS, PUT']);
  const { kind, detail } = JSON.parse(text);
  assert.equal(kind, 'method-not-allowed');
  assert.equal(detail, '/items/7 does not take DELETE; it takes GET, HEAD, OPTIONS, PUT');
  assert.equal((await ask('GET', '/only-post')).allow, 'OPTIONS, POST');
  assert.equal((await ask('HEAD', '/only-post')).status, 405);
});

test('OPTIONS is told what a path takes, and nothing of one that is not there', async () => {
  const there = await ask('OPTIONS', '/items/7');
  assert.deepEqual(there, { status: 204, allow: 'GET, HEAD, OPTIONS, PUT', text: '' });
  assert.equal((await ask('OPTIONS', '/nowhere')).status, 404);
});

test('what a handler does not find is 404, whatever other methods its path has', async () => {
  const { status, allow } = await ask('GET', '/items/8');
  assert.deepEqual([status, allow], [404, null]);
});

test('an unknown path is 404 with every method, below middleware too', async () => {
  for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS']) {
    assert.equal((await ask(method, '/nowhere')).status, 404, method);
    assert.equal((await ask(method, '/items/7/more')).status, 404, method);
  }
});

test('HEAD is answered as GET, without the body', async () => {
  assert.deepEqual(await ask('HEAD', '/items/7'), { status: 200, allow: null, text: '' });
});

test('a handler for all methods takes all', async () => {
  for (const method of ['GET', 'PATCH', 'OPTIONS']) {
    assert.deepEqual((await ask(method, '/any')).text, method);
  }
});

test('what is thrown and is no error is a 500 problem, and logged', async () => {
  const { app, lines } = start();
  const thrown: unknown = 'a string';
  app.get('/throws', () => {
    throw thrown;
  });
  app.get('/rejects', async () => {
    throw thrown;
  });
  for (const path of ['/throws', '/rejects']) {
    const response = await app.request(path);
    assert.equal(response.status, 500);
    assert.equal(response.headers.get('content-type'), 'application/problem+json');
    assert.match(response.headers.get('x-request-id') ?? '', /^[0-9a-z]{20}$/);
  }
  assert.deepEqual(
    lines.map(({ fields }) => (fields as { error: unknown }).error),
    [thrown, thrown],
  );
});

test('a failure of ours is logged with the cause that its answer does not tell, those of others are not', async () => {
  const { app, lines } = start();
  const problem = (side: 'origin' | 'partner', cause?: Error) =>
    new HttpProblem({ status: 503, kind: 'busy', side, retryable: true, detail: 'later', cause });
  const thrown = [
    problem('origin', new Error('password of the database')),
    problem('origin'),
    problem('partner', new Error('theirs')),
  ];
  app.get('/throws/:n', (c) => {
    throw thrown[Number(c.req.param('n'))];
  });
  for (const n of thrown.keys()) {
    const answer = await app.request(`/throws/${n}`);
    assert.equal(answer.status, 503);
    assert.doesNotMatch(await answer.text(), /password|theirs/);
  }
  assert.deepEqual(
    lines.map(({ fields }) => (fields as { error: unknown }).error),
    [thrown[0]],
  );
});

test('an exception of a middleware keeps the fields of its answer, such as a challenge', async () => {
  const { app } = quietOrigin();
  app.get('/', basicAuth({ username: 'ada', password: 'lamp' }), (c) => c.text('in'));
  const response = await app.request('/', { headers: { 'x-request-id': 'edge-1' } });
  assert.equal(response.status, 401);
  assert.match(response.headers.get('www-authenticate') ?? '', /^Basic realm=/);
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
  assert.match(await response.text(), /"kind":"http"/);
});
