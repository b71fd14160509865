import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { createOrigin, createRoutes, json, jsonBody, route, serveOrigin, z } from './index.ts';
import { keptLog, until } from './origin.test-support.ts';
import type { InvalidField } from './validate-fields.ts';

const anything = json(z.unknown(), 'What was taken');

const routes = createRoutes()
  .openapi(
    route({
      method: 'get',
      path: '/parts/{id}',
      request: {
        params: z.object({ id: z.coerce.number().int() }),
        query: z.object({ n: z.coerce.number().default(3), tags: z.array(z.string()).optional() }),
        headers: z.object({ 'X-Key': z.string().max(5) }),
        cookies: z.object({ session: z.string().length(3) }),
      },
      responses: { 200: anything },
    }),
    (c) => {
      const { req } = c;
      const parts = [req.valid('param'), req.valid('query'), req.valid('header')];
      return c.json([...parts, req.valid('cookie')] as unknown, 200);
    },
  )
  .openapi(
    route({
      method: 'post',
      path: '/bodies/{id}',
      maxBodyBytes: 100_000,
      deadlineMs: 60_000,
      request: {
        params: z.object({ id: z.coerce.number() }),
        body: jsonBody(z.looseObject({ names: z.array(z.string()) })),
      },
      responses: { 200: anything },
    }),
    async (c) => c.json({ valid: c.req.valid('json'), again: await c.req.json() } as unknown, 200),
  )
  .openapi(
    route({
      method: 'post',
      path: '/optional',
      request: { body: { content: { 'application/json': { schema: z.object({ a: z.int() }) } } } },
      responses: { 200: anything },
    }),
    (c) => c.json(c.req.valid('json') as unknown, 200),
  )
  .openapi(
    route({
      method: 'post',
      path: '/forms',
      request: {
        body: {
          required: true,
          content: {
            'multipart/form-data': {
              schema: z.object({
                title: z.string(),
                file: z.instanceof(File).optional(),
                tags: z.array(z.string()).optional(),
              }),
            },
          },
        },
      },
      responses: { 200: anything },
    }),
    async (c) => {
      const { file, ...fields } = c.req.valid('form');
      return c.json({ ...fields, file: file && (await file.text()) } as unknown, 200);
    },
  )
  .openapi(
    route({
      method: 'post',
      path: '/slow',
      deadlineMs: 50,
      request: { body: jsonBody(z.object({})) },
      responses: { 200: anything },
    }),
    (c) => c.json({} as unknown, 200),
  );

const app = createOrigin({ name: 'test', routes });

async function ask(path: string, init?: RequestInit) {
  const response = await app.request(path, init);
  return { status: response.status, body: JSON.parse(await response.text()) };
}

function post(path: string, body: RequestInit['body'], contentType: string | undefined) {
  const headers = contentType === undefined ? {} : { 'content-type': contentType };
  return ask(path, { method: 'POST', body: body ?? null, headers });
}

const inJson = 'application/json';

test('a handler gets each part as its schema makes it', async () => {
  const headers = { 'x-key': 'k', cookie: 'session=abc; other=1' };
  const { status, body } = await ask('/parts/7?tags=a%20b&unknown=1', { headers });
  assert.equal(status, 200);
  const [params, query, header, cookies] = body;
  assert.deepEqual(params, { id: 7 });
  assert.deepEqual(query, { n: 3, tags: ['a b'] });
  assert.deepEqual(header, { 'X-Key': 'k' });
  assert.deepEqual(cookies, { session: 'abc' });
});

test('what is wrong in any part is told in one answer, without the values of secrets', async () => {
  const headers = { 'x-key': 'hunter2', cookie: 'session=hunter2' };
  const { status, body } = await ask('/parts/x?n=y&n=z&tags=1&tags=2', { headers });
  assert.equal(status, 422);
  assert.equal(body.kind, 'validation');
  assert.deepEqual(
    body.fields.map(({ in: part, path, code }: InvalidField) => [part, path, code]),
    [
      ['path', 'id', 'invalid_type'],
      ['query', 'n', 'invalid_type'],
      ['header', 'X-Key', 'too_big'],
      ['cookie', 'session', 'too_big'],
    ],
  );
  assert.equal(JSON.stringify(body).includes('hunter2'), false);
});

test('a field that is missing is required, whatever its type', async () => {
  const { body } = await ask('/parts/7');
  assert.deepEqual(body.fields, [
    { in: 'header', path: 'X-Key', message: 'is required', code: 'required' },
    { in: 'cookie', path: 'session', message: 'is required', code: 'required' },
  ]);
});

test('parts and body are told together, with places inside of lists', async () => {
  const { status, body } = await post('/bodies/x', '{"names":["a",1]}', inJson);
  assert.equal(status, 422);
  assert.deepEqual(
    body.fields.map(({ in: part, path }: InvalidField) => `${part} ${path}`),
    ['path id', 'body names[1]'],
  );
});

test('no more than a hundred fields are told', async () => {
  const { body } = await post('/bodies/1', JSON.stringify({ names: Array(500).fill(1) }), inJson);
  assert.equal(body.fields.length, 100);
});

test('a body can be read again by the handler', async () => {
  const { body } = await post('/bodies/1', '{"names":["a"]}', 'application/vnd.shop+json');
  assert.deepEqual(body, { valid: { names: ['a'] }, again: { names: ['a'] } });
});

test('bodies that cannot be read are refused for what they are', async (t) => {
  const cases: [string, RequestInit['body'], string | undefined, number, RegExp][] = [
    ['another type', 'names=a', 'text/csv', 415, /must be application\/json/],
    ['no type', new Uint8Array([123]), undefined, 415, /has no content-type/],
    ['broken JSON', '{"names": secret', inJson, 400, /not valid JSON/],
    ['JSON without quotes', '{names:[]}', inJson, 400, /not valid JSON \(at position 1\)/],
    ['bytes that are not text', new Uint8Array([0x22, 0xff, 0x22]), inJson, 400, /not UTF-8/],
    ['too many bytes', `"${'x'.repeat(100_000)}"`, inJson, 413, /100000 bytes/],
    ['nothing', '', inJson, 422, /body/],
  ];
  for (const [name, sent, type, status, detail] of cases) {
    await t.test(name, async () => {
      const answer = await post('/bodies/1', sent, type);
      assert.equal(answer.status, status);
      assert.match(answer.body.detail, detail);
      assert.equal(answer.body.detail.includes('secret'), false);
    });
  }
});

test('a body that may be missing is checked when it is there', async () => {
  assert.deepEqual(await post('/optional', null, undefined), { status: 200, body: {} });
  assert.equal((await post('/optional', '{"a":"b"}', inJson)).status, 422);
  assert.deepEqual((await post('/optional', '{"a":1}', inJson)).body, { a: 1 });
});

test('keys that would change prototypes are dropped in any spelling', async () => {
  for (const key of ['__proto__', '\\u005f_proto__', '__pr\\u006fto__']) {
    const { status, body } = await post(
      '/bodies/1',
      `{"names":[],"${key}":{"isAdmin":true}}`,
      inJson,
    );
    assert.equal(status, 200);
    assert.deepEqual(body.valid, { names: [] });
  }
  const { status } = await ask('/parts/7?__proto__=a&__proto__=b');
  assert.equal(status, 422);
  assert.equal('isAdmin' in {}, false);
});

test('forms are taken with files, repeated fields and either encoding', async () => {
  const form = new FormData();
  form.set('title', 'x');
  form.append('tags', 'a');
  form.set('file', new File(['content'], 'a.txt'));
  const multipart = await ask('/forms', { method: 'POST', body: form });
  assert.deepEqual(multipart.body, { title: 'x', tags: ['a'], file: 'content' });
  const encoded = await ask('/forms', {
    method: 'POST',
    body: new URLSearchParams('title=a+b&tags=1&tags=2'),
  });
  assert.deepEqual(encoded.body, { title: 'a b', tags: ['1', '2'] });
  const broken = await post('/forms', 'no boundary', 'multipart/form-data');
  assert.equal(broken.status, 400);
});

test('a schema that waits is refused by name', async () => {
  const schema = z.object({ name: z.string().refine(async () => true) });
  const { logger, lines } = keptLog();
  const waiting = createOrigin({
    name: 'test',
    logger,
    routes: createRoutes().openapi(
      route({ method: 'get', path: '/', request: { query: schema }, responses: { 200: anything } }),
      (c) => c.json({} as unknown, 200),
    ),
  });
  assert.equal((await waiting.request('/?name=a')).status, 500);
  const fields: { error?: unknown } | undefined = lines[0]?.fields;
  assert.match(String(fields?.error), /schema of the query has an asynchronous check/);
});

test('on the wire a body is counted while it is read, and waited for no longer than the deadline', async (t) => {
  const served = await serveOrigin(app, { port: 0 });
  t.after(() => served.close());
  const send = async (head: string, ...chunks: string[]) => {
    const socket = connect(served.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(`POST ${head}\r\nHost: a\r\nContent-Type: application/json\r\n`);
    for (const chunk of chunks) socket.write(chunk);
    return (await text(socket)).slice(9, 12);
  };
  const many = `2000\r\n${'x'.repeat(0x2000)}\r\n`.repeat(20);
  const chunked = 'Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n';
  assert.equal(await send('/bodies/1 HTTP/1.1', chunked, `${many}0\r\n\r\n`), '413');
  const long = 'Connection: close\r\nContent-Length: 100001\r\n\r\n';
  assert.equal(await send('/bodies/1 HTTP/1.1', long), '413');
  const stuck = 'Connection: close\r\nContent-Length: 10\r\n\r\n{';
  assert.equal(await send('/slow HTTP/1.1', stuck), '504');
  const whole = 'Connection: close\r\nContent-Length: 15\r\n\r\n{"names":["';
  assert.equal(await send('/bodies/1 HTTP/1.1', whole, 'a"]}'), '200');
});

test('a client that leaves in the middle of its body is nobody to answer, and no error', async (t) => {
  const { logger, lines } = keptLog();
  const leaving = createOrigin({ name: 'test', logger, routes });
  const served = await serveOrigin(leaving, { port: 0 });
  t.after(() => served.close());
  const socket = connect(served.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('POST /bodies/1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n');
  socket.write('Content-Length: 100\r\n\r\n{"names":');
  await until(() => leaving.lifecycle.inFlight === 1, 'arrival');
  socket.destroy();
  await until(() => leaving.lifecycle.inFlight === 0, 'the end of the request');
  const metrics = await (await leaving.request('/metrics')).text();
  assert.match(metrics, /origin_requests_total\{method="POST",status="499"\} 1/);
  assert.deepEqual(lines, []);
});
