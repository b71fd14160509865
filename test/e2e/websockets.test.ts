/** WebSocket through the edge, with a real client and a real origin. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { awaitInFlight, readMetric } from '../support/admin-client.ts';
import { eventually, soon } from '../support/eventually.ts';
import { refusingUrl } from '../support/free-port.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { startWebSocketOrigin, type WebSocketOrigin } from '../support/websocket-origin.ts';

let origin: WebSocketOrigin;
let proxy: ProxyProcess;

before(async () => {
  origin = await startWebSocketOrigin();
  proxy = await startProxyTo([origin.url]);
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

async function openSocket(
  protocols: string[] = [],
  headers: Record<string, string> = {},
  port = proxy.port,
): Promise<WebSocket & AsyncDisposable> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chat?room=1`, protocols, { headers });
  await soon(once(socket, 'open'), 'the opening of a WebSocket');
  return Object.assign(socket, {
    async [Symbol.asyncDispose]() {
      socket.terminate();
      if (socket.readyState !== WebSocket.CLOSED) await once(socket, 'close');
    },
  });
}

async function nextMessage(socket: WebSocket): Promise<Buffer> {
  const [data] = await soon(once(socket, 'message'), 'a message');
  return data as Buffer;
}

test('messages cross both ways, text and binary, small and large', async () => {
  await using socket = await openSocket();
  for (const message of ['hello', 'x'.repeat(300_000)]) {
    socket.send(message);
    assert.equal((await nextMessage(socket)).toString(), message);
  }
  const bytes = Buffer.from([0, 255, 13, 10, 128]);
  socket.send(bytes);
  assert.deepEqual(await nextMessage(socket), bytes);
});

test('the handshake reaches the origin with its own fields and those of the edge', async () => {
  await using socket = await openSocket(['chat', 'echo'], {
    cookie: 'session=1',
    'x-forwarded-for': '203.0.113.9',
    host: 'chat.test',
  });
  assert.equal(socket.protocol, 'echo');
  assert.match(socket.extensions, /permessage-deflate/);
  const { headers, url } = origin.handshakes.at(-1) as (typeof origin.handshakes)[number];
  assert.equal(url, '/chat?room=1');
  assert.equal(headers.cookie, 'session=1');
  assert.equal(headers.host, 'chat.test');
  assert.equal(headers['sec-websocket-protocol'], 'chat,echo');
  assert.equal(headers['x-forwarded-for'], '127.0.0.1');
  assert.equal(headers['x-forwarded-host'], 'chat.test');
  assert.equal(headers['x-forwarded-proto'], 'http');
  assert.ok(headers['x-request-id']);
  assert.ok(headers.traceparent);
});

test('a tunnel is in flight for as long as it lives', async () => {
  await using socket = await openSocket();
  await awaitInFlight(proxy, 1);
  socket.send('still here');
  await nextMessage(socket);
  await awaitInFlight(proxy, 1);
  socket.close(1000);
  await once(socket, 'close');
  await awaitInFlight(proxy, 0);
});

test('a close of the client reaches the origin with its code, and the answer comes back', async () => {
  await using socket = await openSocket();
  const [theirs] = [...origin.open];
  assert.ok(theirs);
  const closedThere = once(theirs, 'close');
  const closedHere = once(socket, 'close');
  socket.close(4001, 'done');
  assert.equal((await soon(closedThere, 'the close at the origin'))[0], 4001);
  assert.equal((await soon(closedHere, 'the close at the client'))[0], 4001);
});

test('a close of the origin reaches the client with its code', async () => {
  await using socket = await openSocket();
  const closed = once(socket, 'close');
  for (const theirs of origin.open) theirs.close(4002, 'bye');
  const [code, reason] = await soon(closed, 'the close at the client');
  assert.equal(code, 4002);
  assert.equal(String(reason), 'bye');
});

test('an origin that is cut off cuts its clients off, and clients cut off their origin', async () => {
  await using first = await openSocket();
  const closed = once(first, 'close');
  for (const theirs of origin.open) theirs.terminate();
  assert.equal((await soon(closed, 'the close at the client'))[0], 1006);

  await using second = await openSocket();
  second.terminate();
  await eventually(() => assert.equal(origin.open.size, 0));
  await awaitInFlight(proxy, 0);
});

test('an upstream that refuses is passed over', async () => {
  await using other = await startProxyTo([await refusingUrl(), origin.url], {
    policy: 'round-robin',
  });
  for (let i = 0; i < 3; i++) {
    await using socket = await openSocket([], {}, other.port);
    socket.send('hello');
    assert.equal((await nextMessage(socket)).toString(), 'hello');
  }
});

test('after two hundred tunnels no socket is left anywhere', async () => {
  const TUNNELS = 200;
  for (let opened = 0; opened < TUNNELS; opened += 20) {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => openSocket()));
    sockets.forEach((socket, i) => {
      socket.send('hello');
      if (i % 2 === 0) socket.close();
      else socket.terminate();
    });
    await Promise.all(sockets.map((socket) => socket[Symbol.asyncDispose]()));
  }
  await awaitInFlight(proxy, 0);
  await eventually(async () => {
    assert.equal(origin.open.size, 0);
    const [connections] = await readMetric(proxy, 'headgate_client_connections');
    assert.equal(connections?.value, 0);
  });
});
