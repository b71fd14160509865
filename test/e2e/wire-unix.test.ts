/** Listeners and upstreams that are Unix sockets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, lstatSync, renameSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readApp } from '../support/admin-client.ts';
import { eventually } from '../support/eventually.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { get, getText, openClient, RawClient } from '../support/raw-client.ts';
import { startOrigin } from '../support/recording-origin.ts';
import { echo, sameForEverySplit, sendApart, withoutIds } from '../support/splits.ts';

async function makeFolder(): Promise<AsyncDisposable & { file(name: string): string }> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-unix-'));
  return {
    file: (name) => join(folder, name),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

function startAt(path: string, url: string): Promise<ProxyProcess> {
  return startProxyTo([url], {}, { listeners: [{ address: `unix:${path}` }] });
}

async function openUnixClient(path: string): Promise<RawClient> {
  const socket = connect({ path, allowHalfOpen: true });
  await once(socket, 'connect');
  return new RawClient(socket);
}

async function listenAt(path: string, accept: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, accept).listen(path);
  await once(server, 'listening');
  return server;
}

/** Passes every connection to `path` on to a port, so that any origin can be had at a path. */
async function joinTo(port: number, path: string): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = await listenAt(path, (near) => {
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.pipe(other);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

test('a listener at a path announces itself and serves what comes', async () => {
  await using folder = await makeFolder();
  await using origin = await startOrigin(echo);
  const path = folder.file('edge.sock');
  await using proxy = await startAt(path, origin.url);
  await proxy.prints(`listening on unix:${path}`);
  const request =
    'POST /a/../b HTTP/1.1\r\nHost: edge.test\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody';
  const answer = await sameForEverySplit(request, async (pieces) => {
    await using client = await openUnixClient(path);
    await sendApart(client.socket, pieces);
    await client.ended();
    return withoutIds(client.unread);
  });
  assert.match(answer, /\r\n\r\nPOST \/b HTTP\/1\.1\r\n.*\r\n\r\nbody$/s);
  assert.equal(origin.last.header('x-forwarded-for'), 'unknown');
  assert.equal(origin.last.header('x-forwarded-proto'), 'http');
  assert.equal(origin.last.header('host'), 'edge.test');
});

test('a peer at a path may speak for its clients when it is trusted', async () => {
  await using folder = await makeFolder();
  await using origin = await startOrigin();
  const path = folder.file('edge.sock');
  await using _proxy = await startProxyTo(
    [origin.url],
    {},
    { listeners: [{ address: `unix:${path}` }], trustedProxies: ['unix'] },
  );
  await using client = await openUnixClient(path);
  client.send(getText('/', 'X-Forwarded-For: 203.0.113.9'));
  assert.equal((await client.response()).status, 200);
  assert.equal(origin.last.header('x-forwarded-for')?.split(', ')[0], '203.0.113.9');
});

test('an upstream at a path is asked over kept connections, and may be large', async () => {
  await using folder = await makeFolder();
  await using origin = await startOrigin(async (request) => {
    const { length } = await request.body;
    request.answer('x'.repeat(length));
  });
  const path = folder.file('origin.sock');
  await using _join = await joinTo(origin.port, path);
  await using proxy = await startProxyTo([`unix:${path}`]);
  const size = 1024 * 1024;
  for (let i = 0; i < 3; i++) {
    await using client = await openClient(proxy.port);
    client.send(`PUT /up HTTP/1.1\r\nHost: edge.test\r\nContent-Length: ${size}\r\n\r\n`);
    client.send(Buffer.alloc(size));
    assert.equal((await client.response()).body.length, size);
    assert.equal(origin.last.header('host'), 'edge.test');
    assert.equal(origin.last.target, '/up');
  }
  assert.equal(origin.connectionCount, 1);
});

test('an upstream at a path is probed there', async () => {
  await using folder = await makeFolder();
  await using origin = await startOrigin();
  const path = folder.file('origin.sock');
  await using _join = await joinTo(origin.port, path);
  await using proxy = await startProxyTo([`unix:${path}`], { healthCheck: { interval: '50ms' } });
  await eventually(async () => {
    const { upstreams } = await readApp(proxy);
    assert.equal(upstreams[0]?.verdict, 'healthy');
    assert.equal(upstreams[0]?.url, `unix:${path}`);
  });
  assert.ok(origin.probeCount > 0);
});

test('an upstream whose path nobody listens at is 503', async () => {
  await using folder = await makeFolder();
  await using proxy = await startProxyTo([`unix:${folder.file('nobody.sock')}`]);
  assert.equal((await get(proxy.port)).status, 503);
});

test('listeners at paths and at ports serve side by side', async () => {
  await using folder = await makeFolder();
  await using origin = await startOrigin();
  const path = folder.file('edge.sock');
  await using proxy = await startProxyTo(
    [origin.url],
    {},
    { listeners: [{ address: `unix:${path}` }, { address: '127.0.0.1:0' }] },
  );
  assert.equal((await get(proxy.port)).text, 'ok');
  assert.equal(origin.last.header('x-forwarded-for'), '127.0.0.1');
  await using client = await openUnixClient(path);
  client.send(getText());
  assert.equal((await client.response()).text, 'ok');
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`after ${signal} the socket file is gone`, async () => {
    await using folder = await makeFolder();
    await using origin = await startOrigin();
    const path = folder.file('edge.sock');
    await using proxy = await startAt(path, origin.url);
    assert.ok(lstatSync(path).isSocket());
    proxy.signal(signal);
    assert.equal((await proxy.exited).code, 0);
    assert.equal(existsSync(path), false);
  });
}

test('a socket file that nobody listens at any more is replaced', async () => {
  await using folder = await makeFolder();
  await using origin = await startOrigin();
  const path = folder.file('edge.sock');
  const other = await listenAt(folder.file('other.sock'), () => {});
  // Closing removes the file it was opened with, so that a renamed one is left over.
  renameSync(folder.file('other.sock'), path);
  other.close();
  await once(other, 'close');
  assert.ok(lstatSync(path).isSocket());

  await using _proxy = await startAt(path, origin.url);
  await using client = await openUnixClient(path);
  client.send(getText());
  assert.equal((await client.response()).text, 'ok');
});

test('a path that another process listens at ends the start, and stays theirs', async () => {
  await using folder = await makeFolder();
  await using origin = await startOrigin();
  const path = folder.file('edge.sock');
  await using first = await startAt(path, origin.url);
  await assert.rejects(
    async () => {
      await using _second = await startAt(path, origin.url);
    },
    (error: Error) => error.message.includes(path) && error.message.includes('in use'),
  );
  await using client = await openUnixClient(path);
  client.send(getText());
  assert.equal((await client.response()).text, 'ok');
  first.signal('SIGTERM');
  assert.equal((await first.exited).code, 0);
});

test('a file that is no socket is left alone, and ends the start', async () => {
  await using folder = await makeFolder();
  await using origin = await startOrigin();
  const path = folder.file('notes.txt');
  await writeFile(path, 'keep me');
  await using _beside = await startAt(folder.file('edge.sock'), origin.url);
  await assert.rejects(async () => {
    await using _proxy = await startAt(path, origin.url);
  });
  assert.equal(await readFile(path, 'utf8'), 'keep me');
});
