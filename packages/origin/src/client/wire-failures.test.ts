// Requests that fail or are given up: what is told, what is sent again, and what is left behind.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import {
  type Accepted,
  answerOf,
  call,
  connectTo,
  startUpstream,
  turns,
  until,
} from './wire-upstream.test-support.ts';

const answerAll = ({ socket }: Accepted) => socket.write(answerOf('ok'));

test('a kept connection that was dead costs an idempotent request nothing', async (t) => {
  const upstream = await startUpstream(t, ({ socket, index, requestCount }) =>
    index === 0 && requestCount === 2 ? socket.destroy() : socket.write(answerOf(`${index}`)),
  );
  const transport = connectTo(t, upstream);
  await call(transport);
  assert.equal(String((await call(transport)).answer?.body), '1');
});

test('any other request that meets a dead connection fails, and may have arrived', async (t) => {
  const upstream = await startUpstream(t, ({ socket, requestCount }) =>
    requestCount === 2 ? socket.destroy() : socket.write(answerOf('ok')),
  );
  const transport = connectTo(t, upstream);
  await call(transport, { method: 'POST' });
  const { failure } = await call(transport, { method: 'POST' });
  assert.deepEqual([failure?.kind, failure?.wasAnythingSent], ['broken', true]);
  assert.equal(upstream.accepted.length, 1);
});

test('a request is not repeated once an answer has begun, nor when its connection was new', async (t) => {
  const upstream = await startUpstream(t, ({ socket, requestCount, index }) => {
    if (requestCount === 1 && index === 0) socket.write(answerOf('ok'));
    else if (index === 0) socket.end('HTTP/1.1 2');
    else socket.destroy();
  });
  const transport = connectTo(t, upstream);
  await call(transport);
  assert.equal((await call(transport)).failure?.kind, 'broken');
  assert.equal((await call(transport)).failure?.kind, 'broken');
  assert.equal(upstream.accepted.length, 2);
});

test('a repeated request that finds no upstream either was still sent', async (t) => {
  const upstream = await startUpstream(t, ({ socket, requestCount }) => {
    if (requestCount === 1) return socket.write(answerOf('ok'));
    return upstream.server.close(() => {}) && socket.destroy();
  });
  const transport = connectTo(t, upstream);
  await call(transport);
  const { failure } = await call(transport);
  assert.deepEqual([failure?.kind, failure?.wasAnythingSent], ['connect', true]);
  assert.match(failure?.message ?? '', /ECONNREFUSED/);
});

test('an upstream that is not there, a name that is none, and time that is up are no connection', async (t) => {
  const upstream = await startUpstream(t, answerAll);
  upstream.server.close();
  await once(upstream.server, 'close');
  const refused = (await call(connectTo(t, upstream))).failure;
  assert.deepEqual([refused?.kind, refused?.wasAnythingSent], ['connect', false]);
  assert.match(refused?.message ?? '', /ECONNREFUSED/);

  const nowhere = connectTo(t, upstream, { url: new URL('http://nowhere.invalid') });
  assert.equal((await call(nowhere)).failure?.kind, 'connect');

  const listening = await startUpstream(t, answerAll);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const late = call(connectTo(t, listening, { connectTimeoutMs: 700 }));
  t.mock.timers.tick(700);
  t.mock.timers.reset();
  const { failure } = await late;
  assert.deepEqual(failure, {
    kind: 'connect',
    wasAnythingSent: false,
    message: 'no connection within 700 ms',
  });
});

test('an answer that comes before the body was taken is told, and ends the connection', async (t) => {
  const upstream = await startUpstream(t, ({ socket, received }) => {
    // Reads no further than the head.
    if (received.startsWith('POST')) socket.pause();
    socket.write(answerOf('no', '413 Content Too Large'));
  });
  const transport = connectTo(t, upstream);
  const body = Buffer.alloc(20_000_000);
  const { answer } = await call(transport, { method: 'POST', body });
  assert.equal(answer?.status, 413);
  upstream.accepted[0]?.socket.resume();
  await until(() => upstream.openCount === 0, 'the connection is closed');
  assert.equal((await call(transport)).answer?.status, 413);
  assert.equal(upstream.accepted.length, 2);
});

test('an answer is told though its connection was reset right behind it', async (t) => {
  const upstream = await startUpstream(t, ({ socket }) => {
    socket.removeAllListeners('data');
    // Destroyed with the rest of the body unread: that is a reset.
    socket.write(answerOf('no', '413 Content Too Large'), () => socket.destroy());
  });
  const transport = connectTo(t, upstream);
  for (let i = 0; i < 20; i++) {
    const { answer } = await call(transport, { method: 'POST', body: Buffer.alloc(5_000_000) });
    assert.equal(answer?.status, 413);
  }
});

test('a request given up leaves no connection, at whatever stage, and nothing is told', async (t) => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n';
  const stages: readonly (readonly [string, string | undefined])[] = [
    ['sent', undefined],
    ['in the head', head.slice(0, 20)],
    ['after the head', head],
    ['in the body', `${head}four`],
  ];
  let sent: string | undefined;
  const upstream = await startUpstream(t, ({ socket }) => socket.write(sent ?? ''));
  const transport = connectTo(t, upstream);
  const told: string[] = [];
  const start = () =>
    transport.send(
      { method: 'GET', path: '/', fields: '', body: undefined, isIdempotent: true },
      {
        onHead: () => told.push('head'),
        onAnswer: () => told.push('answer'),
        onFailure: () => told.push('failure'),
      },
    );
  start().abort();
  await turns();
  start().abort();
  for (const [stage, text] of stages) {
    sent = text;
    const before = upstream.accepted.length;
    const attempt = start();
    await until(() => (upstream.accepted[before]?.requestCount ?? 0) === 1, stage);
    await turns(4);
    attempt.abort();
    attempt.abort();
    await until(() => upstream.openCount === 0, `${stage}: the connection is closed`);
  }
  assert.deepEqual(told, ['head', 'head']);
});

test('a request given up when its head is told ends there', async (t) => {
  const upstream = await startUpstream(t, answerAll);
  const transport = connectTo(t, upstream);
  const told: string[] = [];
  const attempt = transport.send(
    { method: 'GET', path: '/', fields: '', body: undefined, isIdempotent: true },
    {
      onHead: () => attempt.abort(),
      onAnswer: () => told.push('answer'),
      onFailure: () => told.push('failure'),
    },
  );
  await until(() => upstream.accepted.length === 1 && upstream.openCount === 0, 'it is closed');
  assert.deepEqual(told, []);
});

test('to give up what is over does not touch the request that has the connection now', async (t) => {
  const upstream = await startUpstream(t, answerAll);
  const transport = connectTo(t, upstream);
  const first = await new Promise<{ abort(): void }>((resolve) => {
    const attempt = transport.send(
      { method: 'GET', path: '/', fields: '', body: undefined, isIdempotent: false },
      { onHead() {}, onAnswer: () => resolve(attempt), onFailure() {} },
    );
  });
  const second = call(transport, { isIdempotent: false });
  first.abort();
  assert.equal((await second).answer?.status, 200);
});

test('closing fails what is under way, leaves no connection and takes no request', async (t) => {
  const upstream = await startUpstream(t, ({ socket, received }) => {
    if (received.lastIndexOf('/quick') > received.lastIndexOf('/slow'))
      socket.write(answerOf('ok'));
  });
  const transport = connectTo(t, upstream);
  await Promise.all([call(transport, { path: '/quick' }), call(transport, { path: '/quick' })]);
  const slow = [1, 2, 3].map(() => call(transport, { path: '/slow' }));
  await until(() => upstream.accepted.length === 3, 'requests are under way');
  const opening = call(transport);
  await transport.close();
  const told = await Promise.all([...slow, opening]);
  assert.deepEqual(
    told.map(({ failure }) => failure?.kind),
    ['broken', 'broken', 'broken', 'broken'],
  );
  assert.deepEqual(
    [told[0]?.failure?.wasAnythingSent, told.at(-1)?.failure?.wasAnythingSent],
    [true, false],
  );
  await until(() => upstream.openCount === 0, 'all connections are closed');
  const { failure } = await call(transport);
  assert.deepEqual([failure?.kind, failure?.wasAnythingSent], ['connect', false]);
  await transport.close();
});
