import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseTraceparent } from '@headgate/telemetry';
import { HTTPException } from 'hono/http-exception';
import { createOrigin, type OriginOptions } from './origin.ts';
import { badRequest, HttpProblem } from './problem.ts';

interface Line {
  message: string;
  fields: object | undefined;
}

function start(options: Partial<OriginOptions> = {}) {
  const errors: Line[] = [];
  const ignore = () => {};
  const logger = {
    debug: ignore,
    info: ignore,
    warn: ignore,
    error: (message: string, fields?: object) => errors.push({ message, fields }),
    setLevel: ignore,
  };
  return { app: createOrigin({ name: 'test', logger, ...options }), errors };
}

test('a request keeps the id it came with, and gets one when it has none that is usable', async () => {
  const { app } = start();
  app.get('/', (c) => c.text(c.env.scope.requestId));
  const kept = await app.request('/', { headers: { 'x-request-id': 'edge-1' } });
  assert.equal(kept.headers.get('x-request-id'), 'edge-1');
  assert.equal(await kept.text(), 'edge-1');

  const made = await app.request('/', { headers: { 'x-request-id': 'x'.repeat(200) } });
  assert.match(made.headers.get('x-request-id') ?? '', /^[0-9a-z]{20}$/);
});

test('a trace is continued with a step of our own', async () => {
  const { app } = start();
  app.get('/', (c) => c.json(c.env.scope.trace));
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const response = await app.request('/', { headers: { traceparent } });
  const trace = JSON.parse(await response.text());
  assert.equal(trace.traceId, parseTraceparent(traceparent)?.traceId);
  assert.notEqual(trace.spanId, 'b7ad6b7169203331');
});

test('errors become problem+json, and keep to themselves what clients must not see', async (t) => {
  const dialled = { status: 503, kind: 'busy', side: 'origin', retryable: true } as const;
  const cases = [
    { error: badRequest('id is odd', { fields: ['id'] }), status: 400, kind: 'bad-request' },
    {
      error: new HttpProblem({ ...dialled, detail: 'later', headers: { 'retry-after': '2' } }),
      status: 503,
      kind: 'busy',
    },
    { error: new HTTPException(401, { message: 'who are you' }), status: 401, kind: 'http' },
    { error: new Error('password is hunter2'), status: 500, kind: 'internal' },
  ];
  for (const { error, status, kind } of cases) {
    await t.test(`${kind} is ${status}`, async () => {
      const { app, errors } = start();
      app.get('/', () => {
        throw error;
      });
      const response = await app.request('/', { headers: { 'x-request-id': 'r1' } });
      const text = await response.text();
      assert.equal(response.status, status);
      assert.equal(response.headers.get('content-type'), 'application/problem+json');
      const { requestId, kind: answered, status: inBody } = JSON.parse(text);
      assert.deepEqual(
        { requestId, answered, inBody },
        { requestId: 'r1', answered: kind, inBody: status },
      );
      assert.equal(response.headers.get('retry-after'), kind === 'busy' ? '2' : null);
      assert.equal(text.includes('hunter2'), false);
      assert.equal(errors.length, kind === 'internal' ? 1 : 0);
    });
  }
});

test('an unknown path is a 404 problem', async () => {
  const response = await start().app.request('/nowhere');
  assert.equal(response.status, 404);
  assert.equal(JSON.parse(await response.text()).kind, 'not-found');
});

test('work that fails because the deadline passed is answered 504', async () => {
  const { app, errors } = start({ deadlineMs: 20 });
  app.get('/', async (c) => {
    await sleep(60_000, undefined, { signal: c.env.scope.signal });
    return c.text('late');
  });
  const response = await app.request('/');
  assert.equal(response.status, 504);
  assert.equal(JSON.parse(await response.text()).kind, 'timeout');
  assert.deepEqual(errors, []);
});

test('a caller that states less time gets its answer by then', async () => {
  const { app } = start({ deadlineMs: 60_000 });
  app.get('/', async (c) => {
    await sleep(60_000, undefined, { signal: c.env.scope.signal });
    return c.text('late');
  });
  const response = await app.request('/', { headers: { 'headgate-deadline-ms': '10' } });
  assert.equal(response.status, 504);
});

test('health is 200 until draining, then 503 and connections are given up', async () => {
  const { app } = start();
  const before = await app.request('/health');
  assert.deepEqual([before.status, await before.json()], [200, { status: 'ok' }]);
  assert.equal(before.headers.get('connection'), null);
  app.lifecycle.drain();
  const after = await app.request('/health');
  assert.equal(after.status, 503);
  assert.equal(after.headers.get('connection'), 'close');
});

test('requests are counted by status in the metrics', async () => {
  const { app } = start();
  await app.request('/nowhere');
  const response = await app.request('/metrics');
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  assert.match(text, /origin_requests_total\{method="GET",status="404"\} 1/);
  assert.match(text, /origin_requests_in_flight 1/);
});

test('a deadline that nobody watches cuts nothing', async () => {
  const { app, errors } = start({ deadlineMs: 5 });
  app.get('/', async (c) => {
    await sleep(30);
    return c.text('late, and here');
  });
  app.get('/throws', async () => {
    await sleep(30);
    throw new Error('of its own');
  });
  assert.equal(await (await app.request('/')).text(), 'late, and here');
  assert.equal((await app.request('/throws')).status, 500);
  assert.equal(errors.length, 1);
});

test('the budget counts from the arrival, however late it is asked for', async () => {
  const { app } = start({ deadlineMs: 20 });
  app.get('/', async (c) => {
    await sleep(40);
    const { deadline, signal } = c.env.scope;
    assert.equal(deadline.remainingMs(), 0);
    signal.throwIfAborted();
    return c.text('late');
  });
  const response = await app.request('/');
  assert.equal(response.status, 504);
});

test('more than may be in flight is shed at once, except what watches the origin', async () => {
  const { app } = start({ maxInFlight: 1 });
  const gate = Promise.withResolvers<void>();
  app.get('/', async (c) => {
    await gate.promise;
    return c.text('through');
  });
  const first = app.request('/');
  const shed = await app.request('/');
  assert.deepEqual([shed.status, shed.headers.get('retry-after')], [503, '1']);
  const { kind } = JSON.parse(await shed.text());
  assert.equal(kind, 'overload');
  for (const path of ['/health', '/ready', '/metrics']) {
    assert.equal((await app.request(path)).status, 200, path);
  }
  gate.resolve();
  assert.equal((await first).status, 200);
  assert.equal((await app.request('/')).status, 200);
  assert.throws(
    () => start({ maxInFlight: 0 }),
    /maxInFlight must be a whole number from 1, not 0/,
  );
});

test('durations are told by the pattern of the route, and invented paths make no labels', async () => {
  const { app } = start();
  app.use('/items/*', async (_c, next) => next());
  app.get('/items/:id', (c) => c.text('lamp'));
  for (const path of ['/items/1', '/items/2', '/items/1/more', '/invented'])
    await app.request(path);
  await app.request('/items/3', { method: 'HEAD' });
  await app.request('/items/3', { method: 'PUT' });
  const text = await (await app.request('/metrics')).text();
  const counts = [...text.matchAll(/^origin_request_duration_seconds_count\{(.*)\} (\d+)$/gm)];
  assert.deepEqual(
    counts.map(([, labels, count]) => [labels, count]),
    [
      ['route="/items/:id"', '3'],
      ['route="none"', '3'],
    ],
  );
});
