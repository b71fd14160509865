import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { serveOrigin } from '@headgate/origin';
import { createLiveApp } from './app.ts';

const app = createLiveApp({ maxBacklogBytes: 1000 });

async function json(path: string, init: RequestInit = {}) {
  const response = await app.request(`/live${path}`, init);
  return { status: response.status, body: JSON.parse(await response.text()) };
}

test('parameters out of bounds are refused with their bounds', async () => {
  const paths = [
    '/ticks?interval=0',
    '/ticks?interval=60001',
    '/ticks?count=-1',
    '/stream?chunks=0',
    '/stream?size=99999999',
    '/stream?delay=x',
    '/slow?ms=600001',
    '/slow?ms=',
    '/download?bytes=99999999999',
    '/download?bytes=1e3',
  ];
  for (const path of paths) {
    const { status, body } = await json(path);
    const name = path.match(/\?(\w+)/)?.[1];
    assert.equal(status, 422, path);
    const [field] = body.fields;
    assert.deepEqual([field.in, field.path], ['query', name], path);
    assert.match(field.message, /^must be .*from \d+(ms)? to \d+(ms)?, not "/);
  }
});

test('headers are shown as they were received: order, case and repetition', async (t) => {
  const served = await serveOrigin(createLiveApp({ maxBacklogBytes: 1000 }), { port: 0 });
  t.after(() => served.close());
  const socket = connect(served.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    'GET /live/headers HTTP/1.1\r\nhOST: localhost\r\nX-One: 1\r\nx-one: 2\r\nConnection: close\r\n\r\n',
  );
  const [, body] = (await text(socket)).split('\r\n\r\n');
  assert.deepEqual(JSON.parse(body ?? ''), {
    headers: [
      ['hOST', 'localhost'],
      ['X-One', '1'],
      ['x-one', '2'],
      ['Connection', 'close'],
    ],
  });
});

test('echo shows any method with its path and body', async () => {
  const { body } = await json('/echo?a=%20b', { method: 'PROPFIND', body: 'grüße' });
  assert.equal(body.method, 'PROPFIND');
  assert.equal(body.path, '/live/echo?a=%20b');
  assert.deepEqual([body.body, body.encoding], ['grüße', 'utf8']);
});

test('echo shows a body that is not text as base64', async () => {
  const { body } = await json('/echo', { method: 'POST', body: new Uint8Array([0xff, 0xfe]) });
  assert.deepEqual([body.body, body.encoding], ['//4=', 'base64']);
});

test('echo takes a mebibyte and not a byte more', async () => {
  const send = (sizeBytes: number) =>
    json('/echo', { method: 'POST', body: 'x'.repeat(sizeBytes) });
  const fits = await send(1024 ** 2);
  assert.deepEqual([fits.status, fits.body.body.length], [200, 1024 ** 2]);
  const tooLarge = await send(1024 ** 2 + 1);
  assert.deepEqual([tooLarge.status, tooLarge.body.kind], [413, 'too-large']);
});
