/** What becomes of open WebSockets when the edge stops, with a real client and a real origin. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { awaitInFlight } from '../support/admin-client.ts';
import { eventually, soon } from '../support/eventually.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { startWebSocketOrigin, type WebSocketOrigin } from '../support/websocket-origin.ts';

/** So short that tunnels are closed at once, and long enough that none is cut. */
const SHUTDOWN = { timeouts: { shutdown: '9s' } } as const;
const LARGE_BYTES = 1024 * 1024;

function startEdgeTo(origin: WebSocketOrigin): Promise<ProxyProcess> {
  return startProxyTo([origin.url], {}, SHUTDOWN);
}

interface Client extends AsyncDisposable {
  readonly socket: WebSocket;
  /** The other end, at the origin. */
  readonly far: WebSocket;
  /** Messages in the order they came. */
  readonly received: Buffer[];
  readonly code: Promise<number>;
  /** What the origin was told. */
  readonly farCode: Promise<number>;
}

async function openClient(proxy: ProxyProcess, origin: WebSocketOrigin): Promise<Client> {
  const before = new Set(origin.open);
  const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/chat`, { perMessageDeflate: false });
  const received: Buffer[] = [];
  socket.on('message', (data) => received.push(data as Buffer));
  socket.on('error', () => {});
  await soon(once(socket, 'open'), 'the opening of a WebSocket');
  const far = [...origin.open].find((one) => !before.has(one));
  assert.ok(far);
  return {
    socket,
    far,
    received,
    code: codeOf(socket),
    farCode: codeOf(far),
    async [Symbol.asyncDispose]() {
      socket.terminate();
      if (socket.readyState !== WebSocket.CLOSED) await once(socket, 'close');
    },
  };
}

async function codeOf(socket: WebSocket): Promise<number> {
  const [code] = (await soon(once(socket, 'close'), 'the close of a WebSocket')) as [number];
  return code;
}

async function assertStops(proxy: ProxyProcess): Promise<void> {
  assert.deepEqual(await soon(proxy.exited, 'the exit'), { code: 0, signal: null });
}

test('both sides are told that the edge goes away, and it is gone soon', async () => {
  await using origin = await startWebSocketOrigin();
  await using proxy = await startEdgeTo(origin);
  const clients = [];
  for (let i = 0; i < 5; i++) clients.push(await openClient(proxy, origin));
  const [first] = clients as [Client];
  first.socket.send('hello');
  await eventually(() => assert.equal(String(first.received[0]), 'hello'));
  proxy.signal('SIGTERM');
  for (const { code, farCode } of clients) {
    assert.equal(await code, 1001);
    assert.equal(await farCode, 1001);
  }
  await assertStops(proxy);
  assert.equal(proxy.stderr, '');
});

test('messages that are on their way arrive whole and before the close', async () => {
  await using origin = await startWebSocketOrigin();
  await using proxy = await startEdgeTo(origin);
  await using client = await openClient(proxy, origin);
  const fromClient: Buffer[] = [];
  client.far.removeAllListeners('message');
  client.far.on('message', (data) => fromClient.push(data as Buffer));
  const numbered = Array.from({ length: 50 }, (_, i) => Buffer.alloc(20_000, String(i)));
  for (const message of numbered) client.socket.send(message);
  proxy.signal('SIGTERM');
  assert.equal(await client.farCode, 1001);
  assert.equal(await client.code, 1001);
  assert.equal(Buffer.concat(fromClient).compare(Buffer.concat(numbered)), 0);
  await assertStops(proxy);
});

test('a large message that is being streamed is waited for', async () => {
  await using origin = await startWebSocketOrigin();
  await using proxy = await startEdgeTo(origin);
  await using client = await openClient(proxy, origin);
  const half = Buffer.alloc(LARGE_BYTES / 2, 'x');
  client.far.send(half, { fin: false, compress: false });
  await awaitInFlight(proxy, 1);
  proxy.signal('SIGTERM');
  await refusesConnections(proxy);
  assert.equal(client.socket.readyState, WebSocket.OPEN);
  client.far.send(half, { fin: true, compress: false });
  assert.equal(await client.code, 1001);
  assert.equal(client.received.length, 1);
  assert.equal(client.received[0]?.length, LARGE_BYTES);
  assert.equal(await client.farCode, 1001);
  await assertStops(proxy);
});

test('a frame that stops in the middle is not finished by the edge: both sides are cut', async () => {
  await using origin = await startWebSocketOrigin();
  await using proxy = await startEdgeTo(origin);
  await using client = await openClient(proxy, origin);
  const raw = (client.far as unknown as { _socket: Socket })._socket;
  raw.write(Buffer.from([0x82, 126, 0x10, 0x00, ...Buffer.alloc(100, 'x')]));
  const bytes = collectBytes(client.socket);
  await eventually(() => assert.ok(bytes().length >= 104));
  proxy.signal('SIGTERM');
  assert.equal(await client.code, 1006);
  assert.equal(bytes().length, 104, 'nothing after the half frame');
  assert.equal(await client.farCode, 1006);
  await assertStops(proxy);
});

test('a client that does not answer is waited for only so long, and its origin is told', async () => {
  await using origin = await startWebSocketOrigin();
  await using proxy = await startEdgeTo(origin);
  const client = connect({ host: '127.0.0.1', port: proxy.port });
  await using _closing = { [Symbol.asyncDispose]: async () => void client.destroy() };
  client.on('error', () => {});
  const pieces: Buffer[] = [];
  client.on('data', (piece: Buffer) => pieces.push(piece));
  client.write(
    'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await eventually(() => assert.equal(origin.open.size, 1));
  const [far] = [...origin.open] as [WebSocket];
  const farCode = codeOf(far);
  await eventually(() => assert.match(Buffer.concat(pieces).toString('latin1'), /\r\n\r\n$/));
  proxy.signal('SIGTERM');
  assert.equal(await farCode, 1001);
  await assertStops(proxy);
  const end = Buffer.concat(pieces).subarray(-4);
  assert.deepEqual([...end], [0x88, 2, 0x03, 0xe9], 'an unmasked Close frame with 1001');
});

test('a close that is under way is left to the two sides', async () => {
  await using origin = await startWebSocketOrigin();
  await using proxy = await startEdgeTo(origin);
  await using client = await openClient(proxy, origin);
  client.far.close(4001, 'bye');
  assert.equal(await client.code, 4001);
  proxy.signal('SIGTERM');
  assert.equal(await client.farCode, 4001);
  await assertStops(proxy);
});

test('with more time, clients are not all told at one instant', async () => {
  await using origin = await startWebSocketOrigin();
  await using proxy = await startProxyTo([origin.url], {}, { timeouts: { shutdown: '13s' } });
  const clients = [];
  for (let i = 0; i < 20; i++) clients.push(await openClient(proxy, origin));
  proxy.signal('SIGTERM');
  const closedAt = await Promise.all(
    clients.map(async ({ code }) => {
      assert.equal(await code, 1001);
      return performance.now();
    }),
  );
  // Four seconds to choose from: twenty choices within a tenth of that would be a miracle.
  assert.ok(Math.max(...closedAt) - Math.min(...closedAt) > 400);
  await assertStops(proxy);
});

/** The bytes of frames as they come, before `ws` makes anything of them. */
function collectBytes(client: WebSocket): () => Buffer {
  const pieces: Buffer[] = [];
  const raw = (client as unknown as { _socket: Socket })._socket;
  raw.on('data', (piece: Buffer) => pieces.push(piece));
  return () => Buffer.concat(pieces);
}

/** Resolves when the drain has begun. */
async function refusesConnections(proxy: ProxyProcess): Promise<void> {
  await eventually(async () => {
    const probe = connect({ host: '127.0.0.1', port: proxy.port });
    const isRefused = await new Promise<boolean>((resolve) => {
      probe.once('connect', () => resolve(false));
      probe.once('error', () => resolve(true));
    });
    probe.destroy();
    assert.ok(isRefused);
  });
  await sleep(50);
}
