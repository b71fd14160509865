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
  app.get('/', (c) => c.text(c.var.scope.requestId));
  const kept = await app.request('/', { headers: { 'x-request-id': 'edge-1' } });
  assert.equal(kept.headers.get('x-request-id'), 'edge-1');
  assert.equal(await kept.text(), 'edge-1');

  const made = await app.request('/', { headers: { 'x-request-id': 'x'.repeat(200) } });
  assert.match(made.headers.get('x-request-id') ?? '', /^[0-9a-z]{20}$/);
});

test('a trace is continued with a step of our own', async () => {
  const { app } = start();
  app.get('/', (c) => c.json(c.var.scope.trace));
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
    await sleep(60_000, undefined, { signal: c.var.signal });
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
    await sleep(60_000, undefined, { signal: c.var.signal });
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
