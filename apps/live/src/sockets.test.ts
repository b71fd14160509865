import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveOrigin } from '@headgate/origin';
import { createLiveApp } from './app.ts';

async function start(t: TestContext, maxBacklogBytes = 1_000_000) {
  const app = createLiveApp({ maxBacklogBytes });
  const served = await serveOrigin(app, { port: 0, lingerMs: 0, drainTimeoutMs: 1000 });
  t.after(() => served.close());
  const open = async (path: string) => {
    const socket = new WebSocket(`ws://127.0.0.1:${served.port}/live${path}`);
    socket.binaryType = 'arraybuffer';
    await once(socket, 'open');
    return socket;
  };
  return { app, open, ...served };
}

async function next(socket: WebSocket): Promise<unknown> {
  const [event] = await once(socket, 'message');
  return event.data;
}

test('the echo socket sends text and bytes back as they came', async (t) => {
  const { open } = await start(t);
  const socket = await open('/ws');
  socket.send('grüße');
  assert.equal(await next(socket), 'grüße');
  const bytes = randomBytes(100_000);
  socket.send(bytes);
  const answer = await next(socket);
  assert.ok(answer instanceof ArrayBuffer);
  assert.deepEqual(Buffer.from(answer), bytes);
});

test('a message larger than allowed closes the socket with 1009', async (t) => {
  const { open } = await start(t);
  const socket = await open('/ws');
  socket.send(new Uint8Array(1024 * 1024 + 1));
  const [event] = await once(socket, 'close');
  assert.equal(event.code, 1009);
});

test('a room hears what one of its members says', async (t) => {
  const { open } = await start(t);
  const [a, b] = [await open('/rooms/one'), await open('/rooms/one')];
  const heard = [next(a), next(b)];
  a.send('hello');
  assert.deepEqual(await Promise.all(heard), ['hello', 'hello']);
});

test('a member that stops reading is dropped while the others go on', async (t) => {
  const { app, open, port } = await start(t, 1000);
  const deaf = connect(port, '127.0.0.1');
  t.after(() => deaf.destroy());
  deaf.write(
    'GET /live/rooms/one HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\n' +
      `upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
  );
  await once(deaf, 'readable');
  const talker = await open('/rooms/one');
  assert.equal(app.lifecycle.inFlight, 2);

  const message = new Uint8Array(500_000);
  while (app.lifecycle.inFlight === 2) {
    const heard = next(talker);
    talker.send(message);
    await heard;
  }
  const heard = next(talker);
  talker.send('still here');
  assert.equal(await heard, 'still here');
});

test('a room needs a proper name, and plain requests are told to upgrade', async (t) => {
  const { url, port } = await start(t);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/live/rooms/a%20b`);
  await once(socket, 'error');
  for (const path of ['/live/ws', '/live/rooms/one']) {
    const response = await fetch(url + path);
    assert.equal(response.status, 426);
    assert.equal(response.headers.get('upgrade'), 'websocket');
  }
});

test('sockets are closed with 1001 when the origin leaves', async (t) => {
  const { open, close } = await start(t);
  const sockets = [await open('/ws'), await open('/rooms/one')];
  const closed = sockets.map(async (socket) => {
    const [event] = await once(socket, 'close');
    return event.code;
  });
  await sleep(0);
  await close();
  assert.deepEqual(await Promise.all(closed), [1001, 1001]);
});
