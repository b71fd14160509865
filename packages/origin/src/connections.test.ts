import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { SocketHandle } from '@headgate/supervisor';
import { followConnections } from './connections.ts';

function answering(t: TestContext, name: string): Server {
  const server = createServer((_request, response) => response.end(name));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return server;
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('a connection that is given away is served by who takes it, with all the client sent', async (t) => {
  const giver = answering(t, 'giver');
  const taker = answering(t, 'taker');
  await portOf(taker);
  const taking = followConnections(taker);
  let given = 0;
  const giving = followConnections(giver, (takeHandle) => {
    const handle = takeHandle() as SocketHandle;
    given += 1;
    // Time for what the client sends at once to arrive.
    setTimeout(() => taking.take(handle), 50);
    return true;
  });
  const port = await portOf(giver);
  const fetched = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    body: 'x'.repeat(100_000),
  });
  assert.equal(await fetched.text(), 'taker');
  assert.equal(given, 1);
  assert.equal(giving.count, 0);
  assert.equal(taking.count, 1);
  // The server it left does not wait for it.
  const closed = once(giver, 'close');
  giver.close();
  await closed;
});

test('what is not given away is served here and counted until it closes', async (t) => {
  const server = answering(t, 'here');
  const connections = followConnections(server, () => false);
  const port = await portOf(server);
  await connections.none();
  const socket = connect(port, '127.0.0.1').resume();
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(socket, 'data');
  assert.equal(connections.count, 1);
  let isNone = false;
  const none = connections.none().then(() => {
    isNone = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isNone, false);
  socket.destroy();
  await none;
  assert.equal(connections.count, 0);
});

test('destroyAll cuts connections that have been upgraded as well', async (t) => {
  const server = answering(t, 'here');
  server.on('upgrade', (_request, socket) => socket.write('HTTP/1.1 101 Yes\r\n\r\n'));
  const connections = followConnections(server);
  const port = await portOf(server);
  const socket = connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
  await once(socket, 'data');
  const closed = once(socket, 'close');
  connections.destroyAll();
  await Promise.all([closed, connections.none()]);
});
