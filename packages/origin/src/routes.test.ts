import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hc } from 'hono/client';
import { createMiddleware } from 'hono/factory';
import {
  createOrigin,
  createRoutes,
  json,
  jsonBody,
  type OriginEnv,
  problem,
  route,
  serveOrigin,
  z,
} from './index.ts';
import { keptLog, until } from './origin.test-support.ts';
import type { ResponseChecking } from './validate-response.ts';

const itemSchema = z.object({ id: z.int(), name: z.string() }).openapi('Item');

const items = createRoutes()
  .openapi(
    route({
      method: 'get',
      path: '/items/{id}',
      request: {
        params: z.object({ id: z.coerce.number().int().min(1) }),
        query: z.object({ tags: z.array(z.string()).optional() }),
      },
      responses: { 200: json(itemSchema, 'The item'), 404: problem('No such item') },
    }),
    (c) => {
      const { id } = c.req.valid('param');
      return c.json({ id, name: (c.req.valid('query').tags ?? ['lamp']).join('+') }, 200);
    },
  )
  .openapi(
    route({
      method: 'post',
      path: '/items',
      request: { body: jsonBody(itemSchema.omit({ id: true })) },
      responses: { 201: json(itemSchema, 'The new item') },
    }),
    (c) => c.json({ id: 1, ...c.req.valid('json') }, 201),
  );

test('a client made of the type of the routes asks for and gets what they declare', async (t) => {
  const served = await serveOrigin(createOrigin({ name: 'shop', routes: items }), { port: 0 });
  t.after(() => served.close());
  const client = hc<typeof items>(served.url);
  const got = await client.items[':id'].$get({ param: { id: '5' }, query: { tags: ['a'] } });
  if (!got.ok) {
    const { detail }: { detail: string } = await got.json();
    assert.fail(detail);
  }
  const item: { id: number; name: string } = await got.json();
  assert.deepEqual(item, { id: 5, name: 'a' });
  // @ts-expect-error an item has no price
  assert.equal(item.price, undefined);
  const made = await client.items.$post({ json: { name: 'chair' } });
  if (made.status === 201) assert.deepEqual(await made.json(), { id: 1, name: 'chair' });
  else assert.fail(`${made.status}`);
  // @ts-expect-error there is no such route
  assert.equal(typeof client.chairs.$get, 'function');
});

const done = json(z.object({ isDone: z.boolean() }), 'Whether it is done');

test('groups are mounted into one another, with their paths and their documents', async () => {
  const version1 = createRoutes().basePath('/v1').route('/shop', items);
  const app = createOrigin({ name: 'shop', routes: [version1] });
  assert.equal((await app.request('/v1/shop/items/x')).status, 422);
  const document = JSON.parse(await (await app.request('/openapi.json')).text());
  assert.deepEqual(Object.keys(document.paths), ['/v1/shop/items/{id}', '/v1/shop/items']);
});

test('middleware of a route comes before its checks and types what it sets', async () => {
  const named = createMiddleware<OriginEnv & { Variables: { user: string } }>(async (c, next) => {
    c.set('user', 'ann');
    await next();
    c.header('x-user', 'ann');
  });
  const routes = createRoutes().openapi(
    route({
      method: 'get',
      path: '/me',
      middleware: named,
      request: { query: z.object({ n: z.coerce.number() }) },
      responses: { 200: json(z.object({ user: z.string() }), 'Who asks') },
    }),
    (c) => c.json({ user: c.var.user }, 200),
  );
  const app = createOrigin({ name: 'test', routes });
  const response = await app.request('/me?n=1');
  assert.deepEqual(await response.json(), { user: 'ann' });
  const invalid = await app.request('/me?n=x');
  assert.deepEqual([invalid.status, invalid.headers.get('x-user')], [422, 'ann']);
});

test('a route has its own deadline', async () => {
  const routes = createRoutes().openapi(
    route({ method: 'get', path: '/', deadlineMs: 20, responses: { 200: done } }),
    async (c) => {
      const { signal } = c.env.scope;
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
      return c.json({ isDone: true }, 200);
    },
  );
  const app = createOrigin({ name: 'test', routes, deadlineMs: 3_600_000 });
  assert.equal((await app.request('/')).status, 504);
});

test('a route handles so many requests at a time, and sheds what cannot wait', async () => {
  const release = Promise.withResolvers<void>();
  let running = 0;
  const routes = createRoutes().openapi(
    route({
      method: 'get',
      path: '/',
      maxInFlight: 1,
      request: { query: z.object({ n: z.coerce.number() }) },
      responses: { 200: done },
    }),
    async (c) => {
      running++;
      await release.promise;
      return c.json({ isDone: true }, 200);
    },
  );
  const app = createOrigin({ name: 'test', routes });
  const first = app.request('/?n=1');
  await until(() => running === 1, 'the first request');
  assert.equal((await app.request('/?n=2')).status, 503);
  assert.equal((await app.request('/?n=x')).status, 422, 'what is invalid needs no place');
  release.resolve();
  assert.equal((await first).status, 200);
  assert.equal((await app.request('/?n=3')).status, 200);
});

test('answers that are not what their route declares are told of, or refused', async (t) => {
  const schema = z.object({ n: z.int(), at: z.date() });
  const start = (checkResponses: ResponseChecking, n: number) => {
    const { logger, lines } = keptLog();
    const routes = createRoutes({ checkResponses }).openapi(
      route({ method: 'get', path: '/', responses: { 200: json(schema, 'A number') } }),
      (c) => c.json({ n, at: new Date(0).toJSON() }, 200),
    );
    return { app: createOrigin({ name: 'test', logger, routes }), lines };
  };
  const cases = [
    ['off', 1.5, 200, 0],
    ['log', 1.5, 200, 1],
    ['strict', 1.5, 500, 1],
    ['strict', 1, 200, 0],
  ] as const;
  for (const [checking, n, status, logged] of cases) {
    await t.test(`${checking} with ${n}`, async () => {
      const { app, lines } = start(checking, n);
      assert.equal((await app.request('/')).status, status);
      assert.equal(lines.length, logged);
      if (logged) assert.match(JSON.stringify(lines), /"path":"n"/);
    });
  }
});

test('a handler without anything to wait for answers without a promise', () => {
  const routes = createRoutes({ checkResponses: 'off' }).openapi(
    route({
      method: 'get',
      path: '/{n}',
      request: { params: z.object({ n: z.coerce.number() }) },
      responses: { 200: done },
    }),
    (c) => c.json({ isDone: c.req.valid('param').n > 0 }, 200),
  );
  assert.ok(routes.fetch(new Request('http://test/1'), {}) instanceof Response);
});

test('what cannot be meant is refused when the route is declared', () => {
  const responses = { 200: done };
  const declare = (extra: object) => route({ method: 'get', path: '/', responses, ...extra });
  assert.throws(() => declare({ path: '/items/:id' }), /GET \/items\/:id.*\{id\}/);
  assert.throws(() => declare({ path: 'items' }), /slash/);
  assert.throws(() => declare({ deadlineMs: 0 }), /deadlineMs/);
  assert.throws(() => declare({ maxBodyBytes: -1 }), /maxBodyBytes/);
  assert.throws(() => declare({ maxQueue: 3 }), /maxInFlight/);
  const handler = () => new Response();
  const withHook = () => createRoutes().openapi(declare({}), handler as never, () => {});
  assert.throws(withHook, /hooks are not called/);
});
