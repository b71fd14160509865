import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createOrigin, type Origin } from './origin.ts';
import { createOriginServer, type ServeOptions, serveOrigin } from './serve-origin.ts';
import { upgradeWebSocket } from './websocket.ts';

async function serve(t: TestContext, app: Origin, options: Partial<ServeOptions> = {}) {
  const served = await serveOrigin(app, { port: 0, lingerMs: 0, ...options });
  t.after(() => {
    served.cut();
    return served.close();
  });
  return served;
}

/** A route that answers when told to, and tells when it was asked. */
function gate(app: Origin) {
  const asked = Promise.withResolvers<AbortSignal>();
  const open = Promise.withResolvers<void>();
  app.get('/gate', async (c) => {
    asked.resolve(c.env.scope.signal);
    await open.promise;
    return c.text('through');
  });
  return { asked: asked.promise, open: open.resolve };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

/** Status and `Connection` of an answer that comes over `agent`. */
async function ask(url: string, agent: Agent): Promise<[number | undefined, string | undefined]> {
  const [response] = await once(get(url, { agent }), 'response');
  response.resume();
  await once(response, 'close');
  return [response.statusCode, response.headers.connection];
}

test('idle connections are kept longer than the proxy keeps them', async (t) => {
  const { url } = await serve(t, createOrigin({ name: 'test' }));
  const response = await fetch(`${url}/health`);
  assert.equal(response.headers.get('keep-alive'), 'timeout=75');
});

test('a body that was not announced is read as an empty one', async (t) => {
  const app = createOrigin({ name: 'test' });
  app.post('/text', async (c) => c.text(`text of ${(await c.req.text()).length}`));
  app.post('/stream', async (c) => {
    let sizeBytes = 0;
    for await (const chunk of c.req.raw.body ?? []) sizeBytes += chunk.length;
    return c.text(`stream of ${sizeBytes}`);
  });
  const { port } = await serve(t, app);
  for (const way of ['text', 'stream']) {
    const socket = connect(port, '127.0.0.1').setEncoding('utf8');
    // Not even `content-length: 0`, which other clients send.
    socket.write(`POST /${way} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n`);
    assert.match(await text(socket), new RegExp(`\r\n\r\n${way} of 0$`));
  }
});

test('a client that leaves in the middle of an answer aborts what makes the rest of it', async (t) => {
  const app = createOrigin({ name: 'test' });
  const begun = Promise.withResolvers<AbortSignal>();
  app.get('/endless', (c) => {
    begun.resolve(c.env.scope.signal);
    return c.body(
      new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(9)) }),
    );
  });
  const { url } = await serve(t, app);
  const client = new AbortController();
  await fetch(`${url}/endless`, { signal: client.signal });
  const signal = await begun.promise;
  assert.equal(signal.aborted, false);
  client.abort();
  if (!signal.aborted) await once(signal, 'abort');
  assert.equal(signal.reason.kind, 'client-gone');
});

test('an answer that has gone out in full aborts nothing', async (t) => {
  const app = createOrigin({ name: 'test' });
  let signal: AbortSignal | undefined;
  app.get('/', (c) => {
    signal = c.env.scope.signal;
    return c.text('all of it');
  });
  const { url } = await serve(t, app);
  assert.equal(await (await fetch(url)).text(), 'all of it');
  await until(() => app.lifecycle.inFlight === 0);
  assert.equal(signal?.aborted, false);
});

test('the load header counts requests until the last byte of their body', async (t) => {
  const app = createOrigin({ name: 'test' });
  const end = Promise.withResolvers<void>();
  app.get('/body', (c) =>
    c.body(
      new ReadableStream({
        async start(controller) {
          controller.enqueue(new TextEncoder().encode('begin'));
          await end.promise;
          controller.close();
        },
      }),
    ),
  );
  const { url } = await serve(t, app);
  const load = async () => (await fetch(`${url}/health`)).headers.get('headgate-load');

  assert.equal(await load(), '1');
  const open = await fetch(`${url}/body`);
  assert.equal(await load(), '2');
  end.resolve();
  assert.equal(await open.text(), 'begin');
  await until(() => app.lifecycle.inFlight === 0);
  assert.equal(await load(), '1');
});

test('a client that leaves aborts the work done for it and is no longer counted', async (t) => {
  const app = createOrigin({ name: 'test' });
  const { asked, open } = gate(app);
  const { url } = await serve(t, app);
  const client = new AbortController();
  const answer = fetch(`${url}/gate`, { signal: client.signal });
  const signal = await asked;
  client.abort();
  await assert.rejects(answer);
  if (!signal.aborted) await once(signal, 'abort');
  assert.equal(signal.reason.kind, 'client-gone');
  await until(() => app.lifecycle.inFlight === 0);
  open();
});

test('a draining origin is unhealthy, answers what is in flight, and then is gone', async (t) => {
  const app = createOrigin({ name: 'test' });
  const { asked, open } = gate(app);
  const { url, close } = await serve(t, app, { lingerMs: 300 });
  const answer = fetch(`${url}/gate`);
  await asked;

  const closed = close();
  const health = await fetch(`${url}/health`);
  assert.equal(health.status, 503);
  assert.equal(health.headers.get('connection'), 'close');
  let isClosed = false;
  void closed.then(() => {
    isClosed = true;
  });
  await sleep(500);
  assert.equal(isClosed, false);
  await assert.rejects(fetch(`${url}/health`));

  open();
  const response = await answer;
  assert.equal(response.headers.get('connection'), 'close');
  assert.equal(await response.text(), 'through');
  await closed;
});

test('what outlasts the drain timeout is cut', async (t) => {
  const app = createOrigin({ name: 'test' });
  const { asked } = gate(app);
  const { url, close } = await serve(t, app, { drainTimeoutMs: 50 });
  const answer = assert.rejects(fetch(`${url}/gate`));
  await asked;
  await close();
  await answer;
});

test('a draining origin waits for what goes on after its answers', async (t) => {
  const app = createOrigin({ name: 'test' });
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let isDone = false;
  app.get('/', (c) => {
    c.env.scope.background('work', async () => {
      await ended;
      isDone = true;
    });
    return c.text('answered');
  });
  const { url, close } = await serve(t, app);
  assert.equal(await (await fetch(url)).text(), 'answered');
  const closed = close();
  await sleep(100);
  end();
  await closed;
  assert.equal(isDone, true);
});

test('a task that outlasts the drain timeout is told to stop', async (t) => {
  const app = createOrigin({ name: 'test' });
  const { promise: told, resolve: tell } = Promise.withResolvers<void>();
  app.get('/', (c) => {
    c.env.scope.background('work', async (signal) => {
      signal.addEventListener('abort', () => tell(), { once: true });
      await told;
    });
    return c.text('answered');
  });
  const { url, close } = await serve(t, app, { drainTimeoutMs: 50 });
  await (await fetch(url)).text();
  await Promise.all([close(), told]);
});

test('work that fails after its client has left is no failure of the origin', async (t) => {
  const lines: string[] = [];
  const ignore = () => {};
  const logger = {
    debug: ignore,
    info: ignore,
    warn: ignore,
    error: (message: string) => lines.push(message),
    setLevel: ignore,
  };
  const app = createOrigin({ name: 'test', logger });
  const arrived = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<void>();
  app.post('/', async (c) => {
    arrived.resolve();
    try {
      return c.text(await c.req.text());
    } finally {
      failed.resolve();
    }
  });
  const { port } = await serve(t, app);
  const socket = connect(port, '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nhalf');
  await arrived.promise;
  socket.destroy();
  await failed.promise;
  await until(() => app.lifecycle.inFlight === 0);
  const metrics = await (await app.request('/metrics')).text();
  assert.match(metrics, /origin_requests_total\{method="POST",status="499"\} 1/);
  assert.deepEqual(lines, []);
});

test('cut ends a drain that would still wait', async (t) => {
  const app = createOrigin({ name: 'test' });
  const { asked } = gate(app);
  const { url, close, cut } = await serve(t, app, { drainTimeoutMs: 600_000, lingerMs: 600_000 });
  const answer = assert.rejects(fetch(`${url}/gate`));
  await asked;
  const closed = close();
  cut();
  await closed;
  await answer;
});

test('a connection that never sent a request does not hold up the drain', async (t) => {
  const { port, close } = await serve(t, createOrigin({ name: 'test' }), {
    drainTimeoutMs: 600_000,
  });
  const socket = connect(port, '127.0.0.1').resume();
  await once(socket, 'connect');
  await fetch(`http://127.0.0.1:${port}/health`);
  await Promise.all([once(socket, 'close'), close()]);
});

test('an open WebSocket is in flight, and is closed with 1001 when the origin leaves', async (t) => {
  const app = createOrigin({ name: 'test' });
  app.get(
    '/ws',
    upgradeWebSocket(() => ({ onMessage: ({ data }, ws) => ws.send(`${data}!`) })),
  );
  const { port, close } = await serve(t, app);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
  await once(socket, 'open');
  assert.equal(app.lifecycle.inFlight, 1);
  socket.send('hello');
  const [message] = await once(socket, 'message');
  assert.equal(message.data, 'hello!');

  const closed = once(socket, 'close');
  await close();
  const [event] = await closed;
  assert.equal(event.code, 1001);
  await until(() => app.lifecycle.inFlight === 0);
});

test('a process whose address stays closes its listener at once and answers what it has', async (t) => {
  const app = createOrigin({ name: 'test' });
  const { asked, open } = gate(app);
  const { server, close, cut } = createOriginServer(app, { drainTimeoutMs: 600_000 });
  t.after(cut);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => kept.destroy());
  assert.deepEqual(await ask(`${url}/health`, kept), [200, 'keep-alive']);
  const answer = fetch(`${url}/gate`);
  await asked;

  let isListening = true;
  const closed = close({
    departure: 'address-stays',
    onListenerClosed: () => {
      isListening = false;
    },
  });
  assert.equal(isListening, false);
  await assert.rejects(fetch(`${url}/health`));
  // The connection that lay idle is still there, and health speaks for the address.
  assert.deepEqual(await ask(`${url}/health`, kept), [200, 'close']);
  open();
  assert.equal((await answer).headers.get('connection'), 'close');
  await closed;
});

test('WebSockets of a process whose address stays are closed with 1012, each at its own time', async (t) => {
  const app = createOrigin({ name: 'test' });
  app.get(
    '/ws',
    upgradeWebSocket(() => ({})),
  );
  const { server, close, cut } = createOriginServer(app, {});
  t.after(cut);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sockets = Array.from({ length: 20 }, () => new WebSocket(`ws://127.0.0.1:${port}/ws`));
  await Promise.all(sockets.map((socket) => once(socket, 'open')));
  const startedMs = performance.now();
  const ends = Promise.all(
    sockets.map(async (socket) => {
      const [{ code }] = await once(socket, 'close');
      return { code, afterMs: performance.now() - startedMs };
    }),
  );
  await close({ departure: 'address-stays', timeoutMs: 2_000 });
  const ended = await ends;
  assert.deepEqual(new Set(ended.map(({ code }) => code)), new Set([1012]));
  const times = ended.map(({ afterMs }) => afterMs);
  assert.ok(Math.max(...times) - Math.min(...times) > 200, String(times));
});

test('a refused upgrade is answered and is no longer counted', async (t) => {
  const app = createOrigin({ name: 'test' });
  const { port } = await serve(t, app);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/nowhere`);
  await once(socket, 'error');
  await until(() => app.lifecycle.inFlight === 0);
});

test('a busy port is one line that names the port and the setting', async (t) => {
  const { port } = await serve(t, createOrigin({ name: 'first' }));
  await assert.rejects(serveOrigin(createOrigin({ name: 'second' }), { port }), {
    message: `port ${port} on 127.0.0.1 is already in use; set PORT to a free one`,
  });
});

test('an offer of another protocol is ignored, and the request answered', async (t) => {
  const app = createOrigin({ name: 'test' });
  app.get('/', (c) => c.text('in HTTP/1.1'));
  const { url } = await serve(t, app);
  const headers = { connection: 'upgrade, http2-settings', upgrade: 'h2c', 'http2-settings': '' };
  const [response] = await once(get(url, { headers }), 'response');
  assert.deepEqual([response.statusCode, await text(response)], [200, 'in HTTP/1.1']);
});

test('an upgrade that was refused is over, whether or not its client hangs up', async (t) => {
  const app = createOrigin({ name: 'test' });
  const { port } = await serve(t, app);
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).resume();
  t.after(() => socket.destroy());
  socket.write('GET / HTTP/1.1\r\nhost: t\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
  await once(socket, 'end');
  await until(() => app.lifecycle.ended === 1);
  assert.equal(app.lifecycle.inFlight, 0);
  assert.equal(socket.writable, true);
  // Its half is not waited for either: writing into it fails in the end.
  const writing = setInterval(() => socket.write('x'), 50);
  t.after(() => clearInterval(writing));
  const failed = Promise.withResolvers<NodeJS.ErrnoException>();
  socket.once('error', failed.resolve);
  assert.match((await failed.promise).code ?? '', /^(EPIPE|ECONNRESET)$/);
});
