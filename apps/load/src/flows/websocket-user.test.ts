import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server as TlsServer } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import type { StreamOptions } from '../scenario.ts';
import type { TargetGuard } from '../target-guard.ts';
import { makeCertificate } from './certificate.test-support.ts';
import { connectTo, listen, serve, serveTcp } from './client.test-support.ts';
import type { HttpClientOptions } from './http-client.ts';

/** A server of WebSockets, and a function that opens one of them from the other side. */
async function open(
  t: TestContext,
  serveOne: (socket: WebSocket, request: IncomingMessage) => void,
  options: Partial<HttpClientOptions> = {},
  server: Server | TlsServer = createServer(),
) {
  const sockets = new WebSocketServer({ server: server as Server });
  sockets.on('connection', serveOne);
  const target = await listen(t, server, server instanceof TlsServer ? 'https' : 'http');
  const connected = connectTo(t, target, options);
  const { client } = connected;
  const websocket = (path = '/live', streamOptions?: StreamOptions) =>
    client.openWebSocket({ intendedMs: performance.now() }, path, streamOptions);
  return { ...connected, sockets, target, websocket };
}

function echo(socket: WebSocket): void {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
}

describe('a WebSocket', () => {
  it('is opened as a step, with the headers of the flow and its own', async (t) => {
    const opened: (string | undefined)[] = [];
    const { websocket, recorder, target } = await open(
      t,
      (_socket, { url, headers }) => {
        opened.push(url, `${headers['x-a']} ${headers['x-b']}`, headers.host);
      },
      { headers: { 'X-A': 'flow', 'X-B': 'flow' } },
    );
    await websocket('/live?a=1', { headers: { 'x-b': 'own' } });
    await websocket('/live', { name: 'connect' });
    assert.deepEqual(opened.slice(0, 3), ['/live?a=1', 'flow own', target.host]);
    assert.deepEqual(recorder.lines, ['flow › GET /live 101', 'flow › connect 101']);
    assert.equal(recorder.connectMs.length, 2);
    assert.equal(recorder.openConnections, 2);
    for (const { intendedMs, sentMs, firstByteMs } of recorder.outcomes) {
      assert.ok(intendedMs <= sentMs && sentMs <= firstByteMs);
    }
  });

  it('is the first request of its run, when it is', async (t) => {
    const { client, recorder } = await open(t, echo);
    const due = { intendedMs: 5 };
    await client.openWebSocket(due, '/live');
    await client.openWebSocket(due, '/live');
    const [first, second] = recorder.outcomes;
    assert.equal(first?.intendedMs, 5);
    assert.ok((second?.intendedMs ?? 0) > 5);
  });

  it('carries text as text and bytes as bytes, in order', async (t) => {
    const { websocket, recorder } = await open(t, echo);
    const socket = await websocket();
    socket.send('one');
    socket.send(Buffer.from([1, 2]));
    assert.equal(await socket.receive(), 'one');
    assert.deepEqual(await socket.receive(), Buffer.from([1, 2]));
    assert.equal(recorder.receivedBytes, 5);
    assert.deepEqual(recorder.lines, ['flow › GET /live 101']);
  });

  it('measures round trips', async (t) => {
    const { websocket, recorder } = await open(t, (socket) => {
      socket.on('message', (data) => {
        setTimeout(() => {
          socket.send('noise');
          socket.send(`re: ${data}`);
        }, 20);
      });
    });
    const socket = await websocket();
    const accept = (message: string | Buffer) => String(message).startsWith('re:');
    assert.equal(await socket.roundTrip('a', { accept }), 're: a');
    assert.equal(await socket.receive(), 'noise');
    assert.equal(await socket.roundTrip('b', { name: 'ask' }), 'noise');
    assert.deepEqual(recorder.lines.slice(1), ['flow › message message', 'flow › ask message']);
    for (const { sentMs, endedMs } of recorder.outcomes.slice(1)) assert.ok(endedMs - sentMs > 10);
  });

  it('answers pings, and does not take pongs for messages', async (t) => {
    const { websocket } = await open(t, (socket) => {
      socket.ping('are you there');
      socket.on('pong', (data) => socket.send(`pong ${data}`));
      socket.pong();
    });
    const socket = await websocket();
    assert.equal(await socket.receive(), 'pong are you there');
  });

  it('is closed by the flow, which gets nothing from it after that', async (t) => {
    const codes: number[] = [];
    const { websocket, recorder } = await open(t, (socket) => {
      socket.on('close', (code) => codes.push(code));
    });
    const socket = await websocket();
    await socket.close();
    await socket.close();
    await assert.rejects(socket.receive(), { kind: 'exception', message: /closed by the flow/ });
    assert.throws(() => socket.send('a'), { kind: 'exception' });
    while (codes.length < 1 || recorder.openConnections > 0) await sleep(1);
    assert.deepEqual(codes, [1000]);
  });

  it('is released without waiting for the other side', async (t) => {
    const { websocket, recorder } = await open(t, echo);
    (await websocket()).release();
    while (recorder.openConnections > 0) await sleep(1);
  });

  it('goes over TLS', async (t) => {
    const { websocket } = await open(t, echo, {}, createHttpsServer(makeCertificate()));
    assert.equal(await (await websocket()).roundTrip('a'), 'a');
  });
});

describe('a WebSocket fails', () => {
  it('when the handshake is answered with another status', async (t) => {
    const target = await serve(t, (_request, response) => response.writeHead(403).end('no'));
    const { client, recorder } = connectTo(t, target);
    await assert.rejects(client.openWebSocket({ intendedMs: 0 }, '/live'), {
      name: 'RequestFailure',
      kind: 'status',
      message: 'GET /live answered 403; expected 101',
    });
    assert.deepEqual(recorder.lines, ['flow › GET /live 403']);
    assert.equal(recorder.outcomes[0]?.isExpected, false);
    while (recorder.openConnections > 0) await sleep(1);
  });

  it('when it cannot be sent', async (t) => {
    const { websocket, recorder } = await open(t, echo);
    await assert.rejects(websocket('/live', { headers: { a: 'b\r\nc: d' } }), TypeError);
    await assert.rejects(websocket('live'), /is no path/);
    await assert.rejects(websocket('http://192.0.2.1/'), /--i-own-this-host/);
    assert.deepEqual(recorder.lines, []);
    assert.equal(recorder.open, 0);
  });

  it('when nobody listens', async (t) => {
    const { client, recorder } = connectTo(t, new URL('http://127.0.0.1:1'));
    await assert.rejects(client.openWebSocket({ intendedMs: 0 }, '/'), { kind: 'refused' });
    assert.ok(Number.isNaN(recorder.outcomes[0]?.sentMs));
  });

  it('when the handshake is not answered in time', async (t) => {
    const target = await serveTcp(t, () => {});
    const { client, recorder } = connectTo(t, target, { timeoutMs: 500 });
    await assert.rejects(client.openWebSocket({ intendedMs: 0 }, '/'), { kind: 'timeout' });
    while (recorder.openConnections > 0) await sleep(1);
    const guard: TargetGuard = { check() {}, lookup() {} };
    const slow = connectTo(t, new URL('http://slow.test'), { timeoutMs: 30, guard });
    const opening = slow.client.openWebSocket({ intendedMs: 0 }, '/');
    await assert.rejects(opening, { kind: 'connect-timeout' });
  });

  it('when what answers is no HTTP, or no WebSocket', async (t) => {
    const target = await serveTcp(t, (socket) =>
      socket.once('data', () => socket.end('SSH-2.0\r\n')),
    );
    const { client } = connectTo(t, target);
    await assert.rejects(client.openWebSocket({ intendedMs: 0 }, '/'), { kind: 'protocol' });
    const { websocket } = await open(t, (socket) => {
      (socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(
        Buffer.from([0xff, 0xff, 0xff]),
      );
    });
    await assert.rejects((await websocket()).receive(), { kind: 'protocol' });
  });

  it('when it is closed by the other side, saying how', async (t) => {
    const { websocket, recorder } = await open(t, (socket) => {
      socket.on('message', () => socket.close(1013, 'try again later'));
    });
    const socket = await websocket();
    await assert.rejects(socket.roundTrip('a'), {
      kind: 'reset',
      message: 'GET /live was closed by the other side with 1013 (try again later)',
    });
    await assert.rejects(socket.roundTrip('b'), { kind: 'reset' });
    assert.throws(() => socket.send('c'), { kind: 'reset', message: /1013/ });
    assert.deepEqual(recorder.lines.slice(1), ['flow › message reset', 'flow › message reset']);
  });

  it('when its connection breaks', async (t) => {
    const { websocket } = await open(t, (socket) => {
      socket.on('message', () => socket.terminate());
    });
    await assert.rejects((await websocket()).roundTrip('a'), { kind: 'reset', message: /1006/ });
  });

  it('when a message does not come in time', async (t) => {
    const { websocket } = await open(t, () => {}, { timeoutMs: 500 });
    const socket = await websocket();
    await assert.rejects(socket.receive(), { kind: 'timeout', message: /GET \/live .* 500 ms/ });
    await assert.rejects(socket.roundTrip('a', { timeout: '20ms' }), { message: /20 ms/ });
  });

  it('when more is sent than the flow receives', async (t) => {
    const { websocket, recorder } = await open(t, (socket) => {
      for (let i = 0; i < 2_000; i++) socket.send('x');
    });
    const socket = await websocket();
    while (recorder.openConnections > 0) await sleep(1);
    for (let i = 0; i < 1_001; i++) assert.equal(await socket.receive(), 'x');
    await assert.rejects(socket.receive(), { kind: 'protocol', message: /receive faster/ });
  });

  it('when the run is over', async (t) => {
    const { websocket, abort, recorder } = await open(t, () => {});
    const socket = await websocket();
    const waiting = socket.roundTrip('a');
    abort.abort();
    await assert.rejects(waiting, { kind: 'cut' });
    await assert.rejects(websocket(), { kind: 'cut' });
    while (recorder.openConnections > 0) await sleep(1);
  });
});
