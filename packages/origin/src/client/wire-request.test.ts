// What a request looks like on the wire, and what is never put there.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { WireRequest } from './transport.ts';
import { whyUnsendable } from './wire-request.ts';
import {
  answerOf,
  call,
  connectTo,
  requestOf,
  startUpstream,
  until,
} from './wire-upstream.test-support.ts';

/** Everything an upstream receives of one request with a body of `sizeBytes`. */
async function onTheWire(t: TestContext, request: Partial<WireRequest>, sizeBytes = 0) {
  const upstream = await startUpstream(t, ({ socket, received }) => {
    const headEnd = received.indexOf('\r\n\r\n') + 4;
    if (headEnd > 3 && received.length - headEnd >= sizeBytes) socket.write(answerOf('ok'));
  });
  const { answer } = await call(connectTo(t, upstream), request);
  assert.equal(answer?.status, 200);
  const host = `host: 127.0.0.1:${upstream.port}\r\n`;
  return upstream.accepted[0]?.received.replace(host, 'host\r\n');
}

test('a request without body is its line, Host and the fields it was given', async (t) => {
  assert.equal(
    await onTheWire(t, { path: '/a/b?c=d&e', fields: 'accept: */*\r\nx-a: é\r\n' }),
    'GET /a/b?c=d&e HTTP/1.1\r\nhost\r\naccept: */*\r\nx-a: é\r\n\r\n',
  );
});

test('a POST without body says so', async (t) => {
  assert.equal(
    await onTheWire(t, { method: 'POST' }),
    'POST / HTTP/1.1\r\nhost\r\ncontent-length: 0\r\n\r\n',
  );
});

test('bodies of every kind and size arrive as they are, with their size in bytes', async (t) => {
  const bodies = [
    '',
    '{"a":1}',
    'é€😀',
    'a'.repeat(100_000),
    '€'.repeat(30_000),
    Uint8Array.of(0, 255, 13, 10, 128),
    new Uint8Array(new ArrayBuffer(100_000), 7, 90_000).fill(200),
  ];
  for (const body of bodies) {
    const bytes = Buffer.from(body as string);
    const received = await onTheWire(t, { method: 'PUT', body }, bytes.length);
    const head = `PUT / HTTP/1.1\r\nhost\r\ncontent-length: ${bytes.length}\r\n\r\n`;
    assert.equal(received, head + bytes.toString('latin1'));
  }
});

test('what would be read as something else is not sent, and costs no connection', async (t) => {
  const upstream = await startUpstream(t, ({ socket }) => socket.write(answerOf('ok')));
  const transport = connectTo(t, upstream);
  const hostile: Partial<WireRequest>[] = [
    { path: '/a b' },
    { path: '/a\r\nx: y' },
    { path: '/a\n' },
    { path: '/\0' },
    { path: '/\x7f' },
    { path: '/é' },
    { path: '/a#b' },
    { path: '' },
    { path: 'a' },
    { path: 'http://other/' },
    { path: '*' },
    { method: '' },
    { method: 'GET /' },
    { method: 'G\r\nET' },
    { method: 'GÉT' },
    { method: 'CONNECT' },
  ];
  for (const request of hostile) {
    const { failure } = await call(transport, request);
    assert.deepEqual([failure?.kind, failure?.wasAnythingSent], ['protocol', false]);
    assert.equal(failure?.message, whyUnsendable(requestOf(request)));
  }
  const told: string[] = [];
  const tell = (what: string) => () => told.push(what);
  const sink = { onHead: tell('head'), onAnswer: tell('answer'), onFailure: tell('failure') };
  transport.send(requestOf({ path: '' }), sink).abort();
  assert.equal((await call(transport)).answer?.status, 200);
  await until(() => upstream.accepted.length === 1, 'only the last one is sent');
  assert.deepEqual(told, []);
});
