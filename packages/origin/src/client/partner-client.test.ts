import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createDeadline } from '../deadline.ts';
import {
  createPartnerClient,
  type PartnerClient,
  type PartnerClientOptions,
} from './partner-client.ts';

const { signal } = new AbortController();
const parse = (body: unknown) => body;

function connectTo(t: TestContext, port: number, options: Partial<PartnerClientOptions> = {}) {
  const client = createPartnerClient({
    name: 'partner',
    baseUrl: `http://127.0.0.1:${port}/base/`,
    timeoutMs: 60_000,
    maxConnections: 4,
    maxInFlight: 4,
    maxQueue: 4,
    ...options,
  });
  t.after(() => client.close());
  return client;
}

async function partner(
  t: TestContext,
  listener: RequestListener,
  options: Partial<PartnerClientOptions> = {},
): Promise<PartnerClient> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return connectTo(t, (server.address() as AddressInfo).port, options);
}

async function failure(result: ReturnType<PartnerClient['get']>) {
  const settled = await result;
  assert.equal(settled.ok, false);
  return settled.ok ? undefined : settled.failure;
}

test('an answer is parsed JSON, asked for below the base path', async (t) => {
  const client = await partner(t, (request, response) => {
    response.end(JSON.stringify({ url: request.url }));
  });
  const result = await client.get(['posts', 7], { signal, parse, query: { limit: 1 } });
  assert.deepEqual(result, { ok: true, status: 200, body: { url: '/base/posts/7?limit=1' } });
});

test('id, trace and remaining time go along', async (t) => {
  const client = await partner(t, (request, response) => {
    response.end(JSON.stringify(request.headers));
  });
  const deadline = createDeadline({ budgetMs: 5000, client: signal });
  t.after(() => deadline.end());
  const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), isSampled: true };
  const result = await client.get(['x'], {
    signal,
    parse: (body) => body as Record<string, string>,
    scope: { requestId: 'r1', trace, deadline },
    headers: { 'x-extra': 'yes' },
  });
  assert.ok(result.ok);
  assert.equal(result.body['x-request-id'], 'r1');
  assert.equal(result.body.traceparent, `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`);
  assert.equal(result.body['x-extra'], 'yes');
  const remainingMs = Number(result.body['headgate-deadline-ms']);
  assert.ok(remainingMs > 0 && remainingMs <= 5000, String(remainingMs));
});

test('a status other than 2xx is a failure that says whether to come back', async (t) => {
  const client = await partner(t, (request, response) => {
    response.statusCode = Number(request.url?.split('/').at(-1));
    response.setHeader('location', '/base/200').end('{}');
  });
  const cases: [number, boolean][] = [
    [302, false],
    [404, false],
    [429, true],
    [500, true],
    [501, false],
    [503, true],
  ];
  for (const [status, retryable] of cases) {
    assert.deepEqual(await failure(client.get([status], { signal, parse })), {
      kind: 'status',
      side: 'partner',
      retryable,
      status,
      message: `partner /base/${status}: answered ${status}`,
    });
  }
});

test('an answer that is not what was agreed is invalid', async (t) => {
  const client = await partner(
    t,
    (request, response) => response.end(request.url?.endsWith('/big') ? '"'.padEnd(99) : '{'),
    { maxResponseBytes: 50 },
  );
  assert.equal((await failure(client.get(['cut'], { signal, parse })))?.kind, 'invalid');
  assert.equal((await failure(client.get(['big'], { signal, parse })))?.kind, 'invalid');
  assert.equal((await failure(client.get(['..'], { signal, parse })))?.kind, 'invalid');
  const refuse = () => {
    throw new TypeError('no title');
  };
  const strict = await partner(t, (_request, response) => response.end('{}'));
  assert.equal((await failure(strict.get(['x'], { signal, parse: refuse })))?.kind, 'invalid');
});

test('a partner that refuses connections is unreachable', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const result = await failure(connectTo(t, port).get(['x'], { signal, parse }));
  assert.deepEqual(result, {
    kind: 'unreachable',
    side: 'partner',
    retryable: true,
    message: 'partner /base/x: connection failed (ECONNREFUSED)',
  });
});

test('a partner that breaks off mid-answer is unreachable', async (t) => {
  const client = await partner(t, (_request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('{"a":');
    setImmediate(() => response.destroy());
  });
  assert.equal((await failure(client.get(['x'], { signal, parse })))?.kind, 'unreachable');
});

test('an answer that breaks off is not asked for again, though the connection had worked', async (t) => {
  let asked = 0;
  const client = await partner(
    t,
    (_request, response) => {
      asked += 1;
      if (asked === 1) return response.end('1');
      response.writeHead(200, { 'content-length': 100 }).write('{"a":');
      return setImmediate(() => response.destroy());
    },
    { maxConnections: 1 },
  );
  assert.ok((await client.get(['x'], { signal, parse })).ok);
  assert.equal((await failure(client.get(['x'], { signal, parse })))?.kind, 'unreachable');
  assert.equal(asked, 2);
});

test('a refusal is known by its status, however its body ends', async (t) => {
  const client = await partner(t, (_request, response) => {
    response.writeHead(503, { 'content-length': 100 }).write('busy');
    setTimeout(() => response.destroy(), 10);
  });
  const result = await failure(client.get(['x'], { signal, parse }));
  assert.equal(result?.kind, 'status');
  assert.equal(result?.status, 503);
});

test('an answer in many pieces is one answer, whatever characters the pieces cut', async (t) => {
  const bytes = Buffer.from('"grüß dich"');
  const client = await partner(t, async (_request, response) => {
    for (const byte of bytes) {
      response.write(Uint8Array.of(byte));
      await new Promise(setImmediate);
    }
    response.end();
  });
  const result = await client.get(['x'], { signal, parse });
  assert.deepEqual(result, { ok: true, status: 200, body: 'grüß dich' });
});

test('time that is up is a timeout, and the partner sees the connection close', async (t) => {
  const closed = Promise.withResolvers<void>();
  const client = await partner(t, (request) => request.socket.once('close', closed.resolve), {
    timeoutMs: 30,
  });
  const result = await failure(client.get(['x'], { signal, parse }));
  assert.deepEqual([result?.kind, result?.side, result?.retryable], ['timeout', 'partner', true]);
  await closed.promise;
});

test('the deadline of the request ends a call before its own timeout', async (t) => {
  const client = await partner(t, () => {});
  const deadline = createDeadline({ budgetMs: 30, client: signal });
  t.after(() => deadline.end());
  const result = await failure(client.get(['x'], { signal, parse, scope: { deadline } }));
  assert.equal(result?.kind, 'timeout');
});

test('a caller that leaves closes the connection to the partner', async (t) => {
  const asked = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const client = await partner(t, (request) => {
    request.socket.once('close', closed.resolve);
    asked.resolve();
  });
  const caller = new AbortController();
  const result = failure(client.get(['x'], { signal: caller.signal, parse }));
  await asked.promise;
  caller.abort();
  assert.equal((await result)?.kind, 'aborted');
  await closed.promise;
  assert.equal(client.inFlight, 0);
});

test('calls beyond the bound wait, and beyond the queue are turned away', async (t) => {
  let running = 0;
  let most = 0;
  const client = await partner(
    t,
    (_request, response) => {
      running += 1;
      most = Math.max(most, running);
      setTimeout(() => {
        running -= 1;
        response.end('1');
      }, 20);
    },
    { maxInFlight: 2, maxQueue: 3 },
  );
  const calls = Array.from({ length: 8 }, () => client.get(['x'], { signal, parse }));
  assert.deepEqual([client.inFlight, client.queued], [2, 3]);
  const kinds = (await Promise.all(calls)).map((result) =>
    result.ok ? 'ok' : result.failure.kind,
  );
  assert.equal(most, 2);
  assert.deepEqual(kinds, [...new Array(5).fill('ok'), ...new Array(3).fill('overload')]);
});

test('a connection that died while idle is replaced without anyone noticing', async (t) => {
  const sockets = new Set<Socket>();
  let asked = 0;
  // The first connection answers once and dies with the second request in its hands.
  const server = createSocketServer((socket) => {
    let answered = 0;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', () => {
      asked += 1;
      if (sockets.size === 1 && answered === 1) return socket.destroy();
      answered += 1;
      return socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const client = connectTo(t, (server.address() as AddressInfo).port, { maxConnections: 1 });
  assert.ok((await client.get(['x'], { signal, parse })).ok);
  assert.ok((await client.get(['x'], { signal, parse })).ok);
  assert.equal(asked, 3);
});
