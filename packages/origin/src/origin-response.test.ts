import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { quietOrigin, until } from './origin.test-support.ts';
import { serveOrigin } from './serve-origin.ts';

async function serve(t: TestContext) {
  const { app, lines } = quietOrigin();
  const shared = { 'content-type': 'text/plain', 'x-shared': 'yes' };
  app.get('/plain', (c) => c.text('plain'));
  app.get('/record', (c) => c.body('record', 200, shared));
  app.get('/fields', (c) => {
    c.header('set-cookie', 'a=1', { append: true });
    c.header('set-cookie', 'b=2', { append: true });
    return c.text('fields');
  });
  app.get('/empty', (c) => c.body(null, 204));
  app.get('/stream', (c) => c.body(ReadableStream.from([Buffer.from('stre'), Buffer.from('am')])));
  app.get('/own', (c) => c.text('own', 200, { 'x-request-id': 'mine' }));
  const bad = () => new Response('bad', { headers: { 'x-name': 'a\r\nb: c' } });
  app.get('/bad', bad);
  app.get('/bad-later', async () => bad());
  app.get('/bad-stream', async () => {
    const { headers } = { headers: { 'x-name': '→' } };
    return new Response(ReadableStream.from([Buffer.from('bad')]), { headers });
  });
  app.get('/bad-status', () => new Response('bad', { status: 1000 }));
  app.get('/bad-raw', (c) => {
    c.env.outgoing?.setHeader('x-shared', 'yes');
    c.env.outgoing?.writeHead(200, 'Not\nso', ['x-raw', 'yes']);
    c.env.outgoing?.end('bad');
    return RESPONSE_ALREADY_SENT;
  });
  app.get('/load', (c) => c.text('load', 200, { 'headgate-load': '77' }));
  app.get('/raw', (c) => {
    c.env.outgoing?.writeHead(202, 'Taken', ['x-raw', 'yes']);
    c.env.outgoing?.end('raw');
    return RESPONSE_ALREADY_SENT;
  });
  app.get('/implicit', (c) => {
    c.env.outgoing?.end('implicit');
    return RESPONSE_ALREADY_SENT;
  });
  const served = await serveOrigin(app, { port: 0, lingerMs: 0 });
  t.after(() => {
    served.cut();
    return served.close();
  });
  return { app, lines, shared, ...served };
}

async function ask(url: string): Promise<{ response: IncomingMessage; body: string }> {
  const headers = { 'x-request-id': 'edge-1' };
  const [response] = await once(get(url, { headers }), 'response');
  return { response, body: await text(response) };
}

test('every kind of answer carries the id of its request and the load, once', async (t) => {
  const { app, url } = await serve(t);
  for (const path of ['/plain', '/record', '/fields', '/stream', '/raw', '/implicit', '/nowhere']) {
    const { response } = await ask(`${url}${path}`);
    const names = response.rawHeaders.filter((name, i) => i % 2 === 0 && name !== 'set-cookie');
    assert.equal(response.headers['x-request-id'], 'edge-1', path);
    assert.equal(response.headers['headgate-load'], '1', path);
    assert.equal(new Set(names.map((name) => name.toLowerCase())).size, names.length, path);
    await until(() => app.lifecycle.inFlight === 0, 'the end');
  }
});

test('what the handler has set is sent as it was', async (t) => {
  const { url, shared } = await serve(t);
  const record = await ask(`${url}/record`);
  assert.equal(record.body, 'record');
  assert.equal(record.response.headers['x-shared'], 'yes');
  assert.deepEqual(shared, { 'content-type': 'text/plain', 'x-shared': 'yes' });
  const fields = await ask(`${url}/fields`);
  assert.deepEqual(fields.response.headers['set-cookie'], ['a=1', 'b=2']);
  const raw = await ask(`${url}/raw`);
  assert.deepEqual([raw.response.statusCode, raw.response.statusMessage], [202, 'Taken']);
  assert.equal(raw.response.headers['x-raw'], 'yes');
  assert.equal((await ask(`${url}/own`)).response.headers['x-request-id'], 'mine');
});

test('an answer has no more framing than it needs', async (t) => {
  const { url } = await serve(t);
  const plain = await ask(`${url}/plain`);
  assert.deepEqual([plain.response.headers['content-length'], plain.body], ['5', 'plain']);
  const empty = await ask(`${url}/empty`);
  assert.deepEqual(
    [empty.response.statusCode, empty.response.headers['content-length']],
    [204, undefined],
  );
  const stream = await ask(`${url}/stream`);
  assert.equal(stream.body, 'stream');
});

test('requests that were sent without waiting each end with their own answer', async (t) => {
  const { app, port } = await serve(t);
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  const head = (path: string, id: string) =>
    `GET ${path} HTTP/1.1\r\nhost: t\r\nx-request-id: ${id}\r\n`;
  socket.write(`${head('/stream', 'a')}\r\n${head('/plain', 'b')}connection: close\r\n\r\n`);
  const answers = await text(socket);
  assert.deepEqual(answers.match(/x-request-id: \w/g), ['x-request-id: a', 'x-request-id: b']);
  assert.deepEqual([app.lifecycle.inFlight, app.lifecycle.ended], [0, 2]);
});

test('the connection is given up once, when the process is told to', async (t) => {
  const { app, url } = await serve(t);
  app.lifecycle.giveUp(1);
  assert.equal((await ask(`${url}/plain`)).response.headers.connection, 'close');
  assert.equal((await ask(`${url}/raw`)).response.headers.connection, 'keep-alive');
});

test('fields and statuses that cannot be sent are a problem of the origin, and end nothing else', async (t) => {
  const { app, lines, url, port } = await serve(t);
  const paths = ['/bad', '/bad-later', '/bad-stream', '/bad-status', '/bad-raw'];
  for (const path of paths) {
    const { response, body } = await ask(`${url}${path}`);
    const { statusCode, statusMessage, headers } = response;
    assert.deepEqual([statusCode, statusMessage], [500, 'Internal Server Error'], path);
    assert.equal(headers['content-type'], 'application/problem+json');
    assert.deepEqual([headers['x-request-id'], headers['x-shared']], ['edge-1', undefined]);
    assert.equal(JSON.parse(body).kind, 'internal');
  }
  assert.deepEqual(
    lines.map(({ message }) => message),
    paths.map(() => 'request failed'),
  );
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: t\r\n`;
  socket.write(`${get('/bad')}\r\n${get('/plain')}connection: close\r\n\r\n`);
  assert.match(await text(socket), /500 Internal.*}HTTP\/1\.1 200 OK.*plain$/s);
  await until(() => app.lifecycle.inFlight === 0, 'the end');
});

test('an answer that is handed on does not tell the load of others', async (t) => {
  const { url } = await serve(t);
  assert.equal((await ask(`${url}/load`)).response.headers['headgate-load'], '1');
});

test('an answer that breaks off before its turn cuts the connection when its turn comes', async (t) => {
  const { app, port } = await serve(t);
  const first = Promise.withResolvers<void>();
  app.get('/first', async (c) => {
    await first.promise;
    return c.text('first');
  });
  app.get('/broken', (c) => {
    setImmediate(() => c.env.outgoing?.destroy(new Error('broken')));
    c.env.outgoing?.write('half');
    return RESPONSE_ALREADY_SENT;
  });
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: t\r\n\r\n`;
  socket.write(get('/first') + get('/broken') + get('/plain'));
  await until(() => app.lifecycle.ended === 1, 'the break');
  first.resolve();
  assert.match(await text(socket), /200 OK.*first$/s);
  await until(() => app.lifecycle.ended === 3, 'the end of all');
  assert.equal(app.lifecycle.inFlight, 0);
});
