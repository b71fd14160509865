/** The kept connections of an upstream: which is used, for how long, and what if it is dead. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { exchangeOnce, get, getText, openClient, type RawClient } from '../support/raw-client.ts';
import {
  answerOk,
  type ReceivedRequest,
  type RecordingOrigin,
  type Script,
  startOrigin,
} from '../support/recording-origin.ts';

const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody';

/** As many requests at a time as connections are wanted, answered in order; all are idle then. */
async function openConnections(
  proxy: ProxyProcess,
  origin: RecordingOrigin,
  count: number,
): Promise<void> {
  const held: ReceivedRequest[] = [];
  origin.script = (request) => held.push(request);
  await using stack = new AsyncDisposableStack();
  const clients = new Map<string, RawClient>();
  for (let i = 0; i < count; i++) {
    const client = stack.use(await openClient(proxy.port));
    clients.set(`/${i}`, client);
    client.send(getText(`/${i}`));
  }
  await eventually(() => assert.equal(held.length, count));
  held.sort((a, b) => a.connection - b.connection);
  for (const request of held) {
    request.answer('held');
    await clients.get(request.target)?.response();
  }
  origin.script = answerOk;
}

test('a kept connection carries the requests of many clients, those that close included', async () => {
  await using origin = await startOrigin();
  await using proxy = await startProxyTo([origin.url]);
  for (let i = 0; i < 10; i++) {
    assert.equal((await get(proxy.port, '/', 'Connection: close')).text, 'ok');
    assert.equal((await exchangeOnce(proxy.port, POST)).text, 'ok');
    assert.equal((await exchangeOnce(proxy.port, 'GET / HTTP/1.0\r\n\r\n')).text, 'ok');
  }
  assert.equal(origin.connectionCount, 1);
});

test('of several kept connections the one used last is used first', async () => {
  await using origin = await startOrigin();
  await using proxy = await startProxyTo([origin.url]);
  await openConnections(proxy, origin, 3);
  for (let i = 0; i < 3; i++) {
    await get(proxy.port);
    assert.equal(origin.last.connection, 2);
  }
});

test('a connection that stays idle longer than timeouts.upstreamKeepAlive is closed', async () => {
  await using origin = await startOrigin();
  await using proxy = await startProxyTo([origin.url], {
    timeouts: { upstreamKeepAlive: '300ms' },
  });
  await openConnections(proxy, origin, 3);
  await eventually(() => assert.equal(origin.connections.size, 0));
  assert.equal((await get(proxy.port)).text, 'ok');
  assert.equal(origin.last.connection, 3);
});

test('a connection older than timeouts.upstreamLifetime takes no new request', async () => {
  await using origin = await startOrigin();
  await using proxy = await startProxyTo([origin.url], { timeouts: { upstreamLifetime: '500ms' } });
  await get(proxy.port);
  const old = origin.last;
  assert.equal(old.connection, 0);
  await sleep(600);
  assert.equal((await get(proxy.port)).text, 'ok');
  assert.equal(origin.last.connection, 1);
  await eventually(() => assert.ok(old.socket.destroyed));
});

test('an answer outlives timeouts.upstreamLifetime of its connection, which then is closed', async () => {
  await using origin = await startOrigin(({ socket }) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf '),
  );
  await using proxy = await startProxyTo([origin.url], { timeouts: { upstreamLifetime: '300ms' } });
  await using client = await openClient(proxy.port);
  client.send(getText());
  await client.receives('half');
  await sleep(500);
  origin.last.socket.write('half');
  assert.equal((await client.response()).text, 'half half');
  await eventually(() => assert.equal(origin.connections.size, 0));
});

for (const [end, die] of [
  ['closes', ({ socket }) => socket.end()],
  ['resets', ({ socket }) => socket.resetAndDestroy()],
] as const satisfies readonly (readonly [string, Script])[]) {
  test(`a GET whose reused connection ${end} is made again on a fresh one, past all that are kept`, async () => {
    await using origin = await startOrigin();
    await using proxy = await startProxyTo([origin.url]);
    await openConnections(proxy, origin, 6);
    origin.script = (request) => (request.connection < 6 ? die(request) : answerOk(request));
    for (let i = 0; i < 3; i++) {
      assert.equal((await get(proxy.port)).text, 'ok');
      assert.equal(origin.last.connection, 6);
    }
  });

  test(`a POST whose reused connection ${end} is 502, and is not made again`, async () => {
    await using origin = await startOrigin();
    await using proxy = await startProxyTo([origin.url]);
    await openConnections(proxy, origin, 1);
    const asked = origin.requests.length;
    origin.script = (request) => (request.connection === 0 ? die(request) : answerOk(request));
    assert.equal((await exchangeOnce(proxy.port, POST)).status, 502);
    assert.equal(origin.requests.length, asked + 1);
    assert.equal((await exchangeOnce(proxy.port, POST)).text, 'ok');
  });
}

test('an upstream that announces the end of its connection need not close it', async () => {
  await using origin = await startOrigin((request) => request.answer('ok', 'Connection: close'));
  await using proxy = await startProxyTo([origin.url]);
  for (let i = 0; i < 3; i++) {
    assert.equal((await get(proxy.port)).text, 'ok');
    assert.equal(origin.last.connection, i);
  }
  await eventually(() => assert.equal(origin.connections.size, 0));
});

const http10 = {
  'with a length and keep-alive': ['Content-Length: 2\r\nConnection: keep-alive\r\n', 1],
  'with a length only': ['Content-Length: 2\r\n', 3],
} as const;

for (const [how, [fields, connections]] of Object.entries(http10)) {
  test(`${connections === 1 ? 'one connection carries' : 'new connections carry'} three answers of HTTP/1.0 ${how}`, async () => {
    await using origin = await startOrigin(({ socket }) =>
      socket.write(`HTTP/1.0 200 OK\r\n${fields}\r\nok`),
    );
    await using proxy = await startProxyTo([origin.url]);
    await using client = await openClient(proxy.port);
    for (let i = 0; i < 3; i++) {
      client.send(getText());
      const response = await client.response();
      assert.equal(response.text, 'ok');
      assert.equal(response.framing, 'length');
    }
    assert.equal(origin.connectionCount, connections);
  });
}

test('with maxConnecting: 1 fifty requests at a time are all answered', async () => {
  await using origin = await startOrigin(async (request) => {
    await sleep(20);
    request.answer(request.target);
  });
  await using proxy = await startProxyTo([origin.url], { maxConnecting: 1 });
  const paths = Array.from({ length: 50 }, (_, i) => `/${i}`);
  const texts = await Promise.all(paths.map(async (path) => (await get(proxy.port, path)).text));
  assert.deepEqual(texts, paths);
});
