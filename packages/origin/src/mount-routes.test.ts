import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOrigin, createRoutes, type DocsOptions, json, problem, route, z } from './index.ts';
import { keptLog } from './origin.test-support.ts';

const get = (path: string, more: object = {}) =>
  route({
    method: 'get',
    path,
    responses: { 200: json(z.object({ id: z.string() }).openapi('Thing'), 'It') },
    ...more,
  });

const handler = () => new Response() as never;

function start(docs?: DocsOptions | false) {
  const routes = createRoutes()
    .openapi(get('/things/{id}', { request: { params: z.object({ id: z.string() }) } }), handler)
    .openapi(get('/named', { operationId: 'getThingsById', summary: 'Its own' }), handler)
    .openapi(get('/hidden', { hide: true }), handler)
    .openapi(
      get('/missing', { responses: { 404: problem('Not there'), 500: problem('Own') } }),
      handler,
    );
  return createOrigin({ name: 'shop', routes, ...(docs !== undefined && { docs }) });
}

async function documentOf(app: ReturnType<typeof start>) {
  return JSON.parse(await (await app.request('/openapi.json')).text());
}

test('the document says what routes declare, and the problems any route has', async () => {
  const document = await documentOf(start());
  assert.equal(document.openapi, '3.1.0');
  assert.deepEqual(document.info, { title: 'shop', version: '0.0.0' });
  assert.deepEqual(document.servers, [{ url: '.' }]);
  assert.deepEqual(Object.keys(document.paths), ['/things/{id}', '/named', '/missing']);
  const { responses } = document.paths['/things/{id}'].get;
  assert.deepEqual(Object.keys(responses), ['200', '422', '500', '503', '504']);
  const [type] = Object.keys(responses[503].content);
  assert.equal(type, 'application/problem+json');
  assert.deepEqual(Object.keys(document.components.schemas).sort(), ['Problem', 'Thing']);
  const own = document.paths['/missing'].get.responses;
  assert.deepEqual([own[500].description, own[422]], ['Own', undefined]);
});

test('operations without a name get one of their own', async () => {
  const { paths } = await documentOf(start());
  const { operationId, summary } = paths['/things/{id}'].get;
  assert.deepEqual([operationId, summary], ['getThingsById2', 'Get things by id']);
  assert.equal(paths['/named'].get.summary, 'Its own');
});

test('a parameter that is coerced is not said to take null', async () => {
  const query = z.object({ n: z.coerce.number().int(), text: z.string().nullable() });
  const listed = get('/listed', { request: { query } });
  const app = createOrigin({ name: 'x', routes: createRoutes().openapi(listed, handler) });
  const { parameters } = (await documentOf(app)).paths['/listed'].get;
  assert.deepEqual(
    parameters.map(({ schema }: { schema: object }) => schema),
    [{ type: 'integer' }, { type: 'string' }],
  );
});

test('the limits of a route are no part of its document', async () => {
  const limited = get('/limited', { maxInFlight: 2, maxQueue: 1, deadlineMs: 5, maxBodyBytes: 9 });
  const app = createOrigin({ name: 'x', routes: createRoutes().openapi(limited, handler) });
  assert.equal(JSON.stringify(await documentOf(app)).includes('max'), false);
});

test('a document says how to authenticate', async () => {
  const bearer = { type: 'http', scheme: 'bearer' } as const;
  const document = await documentOf(
    start({
      title: 'Shop',
      version: '2.0.0',
      description: 'What it sells',
      servers: [{ url: 'https://api.example.com' }],
      securitySchemes: { bearer },
      security: [{ bearer: [] }],
      tags: [{ name: 'things' }],
    }),
  );
  assert.deepEqual(document.info, {
    title: 'Shop',
    version: '2.0.0',
    description: 'What it sells',
  });
  assert.deepEqual(document.components.securitySchemes, { bearer });
  assert.deepEqual(document.security, [{ bearer: [] }]);
  assert.deepEqual(document.servers, [{ url: 'https://api.example.com' }]);
});

test('who has the document already is not sent it again', async () => {
  const app = start();
  const etag = (await app.request('/openapi.json')).headers.get('etag') ?? '';
  assert.match(etag, /^"[\w-]{22}"$/);
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
    const again = await app.request('/openapi.json', { headers: { 'if-none-match': known } });
    assert.deepEqual([again.status, again.headers.get('etag')], [304, etag]);
  }
  const other = await app.request('/openapi.json', { headers: { 'if-none-match': '"other"' } });
  assert.equal(other.status, 200);
});

test('the page and its files come from here, and allow no script from elsewhere', async () => {
  const app = start({ title: 'A <b> & c' });
  const page = await app.request('/docs');
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'none'; script-src 'self';/);
  assert.equal(policy.includes('unsafe'), false);
  const html = await page.text();
  assert.match(html, /<title>A &lt;b> &amp; c<\/title>/);
  const addresses = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address);
  assert.equal(addresses.length, 5);
  for (const address of addresses) {
    assert.match(address ?? '', /^docs\//, 'addresses are relative, for apps behind a prefix');
    const file = await app.request(`/${address}`);
    assert.equal(file.status, 200);
    assert.match(file.headers.get('cache-control') ?? '', /immutable/);
    assert.match(
      file.headers.get('content-type') ?? '',
      /^(?:text\/(?:css|javascript);|image\/png)/,
    );
    await file.body?.cancel();
  }
});

test('nothing else of the package is served, whatever is asked for', async () => {
  const app = start();
  const html = await (await app.request('/docs')).text();
  const at = /href="(docs\/[^/]+)\//.exec(html)?.[1];
  for (const path of ['package.json', 'index.html', '..%2fpackage.json']) {
    assert.equal((await app.request(`/${at}/${path}`)).status, 404, path);
  }
  assert.equal((await app.request('/docs/0.0.1/swagger-ui.css')).status, 404);
  const slash = await app.request('/docs/');
  assert.deepEqual([slash.status, slash.headers.get('location')], [308, '../docs']);
});

test('document and page can be turned off', async () => {
  const app = start(false);
  assert.equal((await app.request('/openapi.json')).status, 404);
  assert.equal((await app.request('/docs')).status, 404);
  assert.equal((await app.request('/named')).status, 200);
});

test('a schema that documents have no words for is told of by its route', async () => {
  const { logger, lines } = keptLog();
  const content = { 'multipart/form-data': { schema: z.object({ file: z.file() }) } };
  const upload = route({
    method: 'post',
    path: '/uploads',
    request: { body: { content } },
    responses: { 204: { description: 'Kept' } },
  });
  const routes = createRoutes().openapi(get('/fine'), handler).openapi(upload, handler);
  const app = createOrigin({ name: 'x', logger, routes });
  assert.equal((await app.request('/openapi.json')).status, 500);
  const fields: { error?: unknown } | undefined = lines[0]?.fields;
  assert.match(String(fields?.error), /route POST \/uploads: documents have no words for a file/);
});
