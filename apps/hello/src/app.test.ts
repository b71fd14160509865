import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hc } from 'hono/client';
import { createHelloApp } from './app.ts';
import type { GreetingRoutes } from './greetings.ts';

const app = createHelloApp({ greeting: 'good day', deadlineMs: 5000 });

test('someone is greeted by name, as often as asked', async () => {
  const answer = await app.request('/hello/Ada?times=2');
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { message: 'good day Ada, good day Ada', times: 2 });
});

test('a client knows paths, parameters and answers by their types', async () => {
  const client = hc<GreetingRoutes>('http://hello', { fetch: app.request });
  const answer = await client.hello[':name'].$get({ param: { name: 'Ada' }, query: {} });
  assert.ok(answer.ok);
  const { message } = await answer.json();
  assert.equal(message, 'good day Ada');
});

test('what cannot be meant is refused, every field by name', async () => {
  const answer = await app.request(`/hello/${'a'.repeat(41)}?times=0`);
  assert.equal(answer.status, 422);
  const { kind, fields } = (await answer.json()) as { kind: string; fields: { path: string }[] };
  assert.equal(kind, 'validation');
  assert.deepEqual(fields.map(({ path }) => path).sort(), ['name', 'times']);
});

test('the document describes the route', async () => {
  const answer = await app.request('/openapi.json');
  const document = (await answer.json()) as { paths: Record<string, unknown> };
  assert.ok(document.paths['/hello/{name}']);
});
