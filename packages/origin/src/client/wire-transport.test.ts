// Connections: which are opened, used and kept, and for how long.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { WireTransport } from './wire-transport.ts';
import {
  type Accepted,
  answerOf,
  call,
  connectTo,
  type Outcome,
  requestOf,
  startUpstream,
  transportDefaults,
  turns,
  until,
} from './wire-upstream.test-support.ts';

const answerAll = ({ socket }: Accepted) => socket.write(answerOf('ok'));

test('requests that follow one another share a connection', async (t) => {
  const upstream = await startUpstream(t, answerAll);
  const transport = connectTo(t, upstream);
  for (let i = 0; i < 5; i++) await call(transport);
  assert.equal(upstream.accepted.length, 1);
});

test('an answer can be kept while others arrive', async (t) => {
  const upstream = await startUpstream(t, ({ socket, requestCount }) => {
    const head = `HTTP/1.1 20${requestCount} OK\r\nx-n: ${requestCount}\r\n`;
    const body = String(requestCount).repeat(4);
    if (requestCount < 3) socket.write(`${head}content-length: 4\r\n\r\n${body}`);
    else socket.write(`${head}transfer-encoding: chunked\r\n\r\n4\r\n${body}\r\n0\r\n\r\n`);
  });
  const transport = connectTo(t, upstream);
  const kept = [];
  for (let i = 0; i < 3; i++) kept.push((await call(transport)).answer);
  assert.deepEqual(
    kept.map((answer) => [answer?.status, answer?.header('x-n'), String(answer?.body)]),
    [
      [201, '1', '1111'],
      [202, '2', '2222'],
      [203, '3', '3333'],
    ],
  );
});

test('the connection used last is used next', async (t) => {
  const waiting: Accepted[] = [];
  const upstream = await startUpstream(t, (connection) => waiting.push(connection));
  const transport = connectTo(t, upstream);
  const three = [1, 2, 3].map(() => call(transport));
  await until(() => waiting.length === 3, 'three requests arrive');
  const last = waiting[1] as Accepted;
  for (const connection of [waiting[2], waiting[0], last]) {
    connection?.socket.write(answerOf('ok'));
    await turns(4);
  }
  await Promise.all(three);
  const next = call(transport);
  await until(() => last.requestCount === 2, 'the next request comes on the same connection');
  last.socket.write(answerOf('ok'));
  await next;
});

test('bytes behind an answer end the connection, and nobody gets them', async (t) => {
  const upstream = await startUpstream(t, ({ socket, index }) =>
    socket.write(answerOf(`${index}`) + (index === 0 ? answerOf('evil') : '')),
  );
  const transport = connectTo(t, upstream);
  assert.equal(String((await call(transport)).answer?.body), '0');
  assert.equal(String((await call(transport)).answer?.body), '1');
});

test('an answer to nothing ends the connection, and the next request gets its own', async (t) => {
  const upstream = await startUpstream(t, ({ socket, index }) =>
    socket.write(answerOf(`${index}`)),
  );
  const transport = connectTo(t, upstream);
  await call(transport);
  upstream.accepted[0]?.socket.write(answerOf('evil'));
  await until(() => upstream.openCount === 0, 'the connection is closed');
  assert.equal(String((await call(transport)).answer?.body), '1');
});

test('a kept connection that has just ended is not used', async (t) => {
  const waiting: Accepted[] = [];
  const upstream = await startUpstream(t, (connection) => {
    if (connection.received.includes('POST')) connection.socket.write(answerOf('posted'));
    else waiting.push(connection);
  });
  const transport = connectTo(t, upstream);
  const rested = call(transport);
  await until(() => waiting.length === 1, 'the first request arrives');
  const posts = new Promise<Outcome[]>((resolve) => {
    const post = () => call(transport, { method: 'POST' });
    const sink = {
      onHead() {},
      onFailure: ({ message }: { message: string }) => assert.fail(message),
    };
    // Of the two, one gets the connection of this answer, the other might get the one that ended.
    const onAnswer = () => resolve(Promise.all([post(), post()]));
    transport.send(requestOf(), { ...sink, onAnswer });
  });
  await until(() => waiting.length === 2, 'the second request arrives');
  waiting[0]?.socket.write(answerOf('ok'));
  await rested;
  waiting[0]?.socket.destroy();
  waiting[1]?.socket.write(answerOf('ok'));
  assert.deepEqual(
    (await posts).map(({ answer }) => String(answer?.body)),
    ['posted', 'posted'],
  );
});

test('a request sent when an answer is told gets the connection of that answer', async (t) => {
  const upstream = await startUpstream(t, answerAll);
  const transport = connectTo(t, upstream);
  await new Promise<void>((resolve) => {
    let left = 20;
    const next = () => {
      left -= 1;
      if (left === 0) resolve();
      else {
        transport.send(
          { method: 'GET', path: '/', fields: '', body: undefined, isIdempotent: false },
          { onHead() {}, onAnswer: next, onFailure: ({ message }) => assert.fail(message) },
        );
      }
    };
    next();
  });
  assert.equal(upstream.accepted.length, 1);
});

test('connections that rest too long are closed, the others are not', async (t) => {
  const upstream = await startUpstream(t, ({ socket, received }) => {
    if (!received.includes('/held')) socket.write(answerOf('ok'));
  });
  let nowMs = 0;
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const url = new URL(`http://127.0.0.1:${upstream.port}`);
  const options = { url, ...transportDefaults, idleTimeoutMs: 1000 };
  const transport = new WireTransport(options, () => nowMs);
  t.after(() => transport.close());
  const pass = (ms: number) => {
    nowMs += ms;
    t.mock.timers.tick(ms);
  };
  const held = transport.send(
    { method: 'GET', path: '/held', fields: '', body: undefined, isIdempotent: true },
    { onHead() {}, onAnswer() {}, onFailure() {} },
  );
  await Promise.all([call(transport), call(transport)]);
  assert.equal(upstream.openCount, 3);
  pass(600);
  await call(transport);
  pass(400);
  await closedDownTo(2);
  pass(599);
  await turns(4);
  assert.equal(upstream.openCount, 2);
  pass(1);
  await closedDownTo(1);
  held.abort();

  async function closedDownTo(count: number): Promise<void> {
    for (let i = 0; i < 10_000 && upstream.openCount > count; i++) await turns(1);
    assert.equal(upstream.openCount, count);
  }
});

test('a connection that rested too long while the process was busy is not used', async (t) => {
  const upstream = await startUpstream(t, answerAll);
  let nowMs = 0;
  const url = new URL(`http://127.0.0.1:${upstream.port}`);
  const transport = new WireTransport({ url, ...transportDefaults }, () => nowMs);
  t.after(() => transport.close());
  await call(transport);
  nowMs += transportDefaults.idleTimeoutMs;
  await call(transport);
  assert.equal(upstream.accepted.length, 2);
});

test('a connection that has served for long is replaced, so that names are looked up again', async (t) => {
  const upstream = await startUpstream(t, answerAll);
  let nowMs = 0;
  const url = new URL(`http://127.0.0.1:${upstream.port}`);
  const transport = new WireTransport({ url, ...transportDefaults }, () => nowMs);
  t.after(() => transport.close());
  for (let i = 0; i < 12; i++) {
    nowMs += 30_000;
    await call(transport);
  }
  assert.equal(upstream.accepted.length, 2);
});

test('a process with nothing but connections at rest ends', async (t) => {
  const upstream = await startUpstream(t, answerAll);
  const script = `
    import { createTransport } from ${JSON.stringify(import.meta.resolve('./create-transport.ts'))};
    const url = new URL('http://127.0.0.1:${upstream.port}');
    const transport = createTransport({ url, ...${JSON.stringify(transportDefaults)} });
    const request = { method: 'GET', path: '/', fields: '', body: undefined, isIdempotent: true };
    transport.send(request, {
      onHead() {},
      onAnswer: ({ body }) => console.log(String(body)),
      onFailure: ({ message }) => console.log(message),
    });
  `;
  const node = ['--input-type=module', '--eval', script];
  const { stdout } = await promisify(execFile)(process.execPath, node, { timeout: 30_000 });
  assert.equal(stdout, 'ok\n');
});

const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((it) => it?.address === '::1');

test('an IPv6 address is connected to, and named in brackets', {
  skip: hasIpv6 ? false : 'this machine has no IPv6 loopback',
}, async (t) => {
  const upstream = await startUpstream(t, answerAll, { host: '::1' });
  const url = new URL(`http://[::1]:${upstream.port}`);
  assert.equal((await call(connectTo(t, upstream, { url }))).answer?.status, 200);
  assert.match(upstream.accepted[0]?.received ?? '', /\r\nhost: \[::1\]:\d+\r\n/);
});

test('a thousand requests over sixteen connections each get their own answer', async (t) => {
  const server = createServer((request, response) => {
    setImmediate(() => response.end(request.url));
  });
  let accepted = 0;
  server.on('connection', () => {
    accepted += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const transport = connectTo(t, server.address() as AddressInfo);
  const paths = Array.from({ length: 1000 }, (_, i) => `/${i}`);
  const left = [...paths];
  const got: string[] = [];
  const work = async () => {
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      const { answer } = await call(transport, { path, isIdempotent: false });
      assert.equal(String(answer?.body), path);
      got.push(path);
    }
  };
  await Promise.all(Array.from({ length: transportDefaults.maxConnections }, work));
  assert.deepEqual(got.sort(), paths.sort());
  assert.ok(accepted <= transportDefaults.maxConnections, `${accepted} connections`);
});
