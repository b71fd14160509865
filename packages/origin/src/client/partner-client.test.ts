import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createDeadline } from '../deadline.ts';
import { createOrigin } from '../origin.ts';
import { all } from './all.ts';
import { createPartnerClient, type PartnerClient } from './partner-client.ts';
import type { PartnerClientOptions } from './partner-options.ts';

const { signal } = new AbortController();
const parse = (body: unknown) => body;

function connectTo(t: TestContext, port: number, options: Partial<PartnerClientOptions> = {}) {
  const client = createPartnerClient({
    name: 'partner',
    upstreams: `http://127.0.0.1:${port}/base/`,
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
  assert.ok(result.ok);
  assert.deepEqual([result.status, result.body], [200, { url: '/base/posts/7?limit=1' }]);
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
  assert.match(result.body.traceparent ?? '', new RegExp(`^00-${'a'.repeat(32)}-[0-9a-f]{16}-01$`));
  assert.doesNotMatch(result.body.traceparent ?? '', /b{16}/, 'a step of its own');
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
      body: '{}',
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
  assert.equal((await failure(client.get(['big'], { signal, parse })))?.kind, 'too-large');
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
    message: 'partner /base/x: the connection failed (ECONNREFUSED)',
  });
});

test('a partner that breaks off mid-answer is unreachable', async (t) => {
  const client = await partner(t, (_request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('{"a":');
    setImmediate(() => response.destroy());
  });
  assert.equal((await failure(client.get(['x'], { signal, parse })))?.kind, 'unreachable');
});

test('without retries an answer that breaks off is not asked for again, though the connection had worked', async (t) => {
  let asked = 0;
  const client = await partner(
    t,
    (_request, response) => {
      asked += 1;
      if (asked === 1) return response.end('1');
      response.writeHead(200, { 'content-length': 100 }).write('{"a":');
      return setImmediate(() => response.destroy());
    },
    { maxConnections: 1, retry: false },
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
  assert.equal(result.ok && result.body, 'grüß dich');
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
  const calls = Array.from({ length: 8 }, (_, n) => client.get(['x', n], { signal, parse }));
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

test('fifty callers of one path are one request on the wire', async (t) => {
  let asked = 0;
  const client = await partner(t, (_request, response) => {
    asked += 1;
    setImmediate(() => response.end('{"a":1}'));
  });
  const results = await Promise.all(Array.from({ length: 50 }, () => client.get(['x'])));
  assert.equal(asked, 1);
  assert.ok(results.every((result) => result.ok));
});

test('the call a fan-out gives up is closed on the wire', async (t) => {
  const closed = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const client = await partner(t, async (request, response) => {
    if (request.url === '/base/slow') {
      request.socket.once('close', closed.resolve);
      asked.resolve();
      return;
    }
    await asked.promise;
    response.writeHead(404).end();
  });
  const result = all({
    slow: (given) => client.get(['slow'], { signal: given }),
    gone: (given) => client.get(['gone'], { signal: given }),
  });
  await assert.rejects(result, { message: 'partner /base/gone: answered 404' });
  await closed.promise;
  assert.equal(client.inFlight, 0);
});

test('a partner failure that is thrown is the answer of the origin', async (t) => {
  const client = await partner(t, (_request, response) => {
    response.writeHead(503, { 'retry-after': '60' }).end('busy');
  });
  const app = createOrigin({ name: 'test' });
  app.get('/', async (c) => {
    const { scope } = c.env;
    return c.json(await all({ post: (given) => client.get(['x'], { scope, signal: given }) }));
  });
  const response = await app.request('/');
  const body = (await response.json()) as Record<string, unknown>;
  assert.deepEqual([response.status, body.kind, body.partnerStatus], [502, 'status', 503]);
  assert.equal(body.detail, 'partner /base/x: answered 503');
});

test('a body is read as what the caller says, and what came with a refusal is kept', async (t) => {
  const client = await partner(t, (request, response) => {
    if (request.method === 'POST') response.statusCode = 422;
    response.end(Buffer.from('\ufeff"grüß"'));
  });
  const text = await client.get(['x'], { as: 'text' });
  const bytes = await client.get(['x'], { as: 'bytes', parse: (body) => (body as Buffer).length });
  const json = await client.get(['x']);
  const refused = await failure(client.request({ method: 'POST', segments: ['x'], json: {} }));
  assert.deepEqual(
    [text.ok && text.body, bytes.ok && bytes.body, json.ok && json.body, refused?.body],
    ['"grüß"', 11, 'grüß', '\ufeff"grüß"'],
  );
});

test('a body goes out with its type and length, whatever its characters', async (t) => {
  const client = await partner(t, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const { headers, method } = request;
      response.end(JSON.stringify({ method, headers, body: Buffer.concat(chunks).toString() }));
    });
  });
  const put = { method: 'PUT', segments: ['x'] };
  const json = await client.request<Record<string, never>>({ ...put, json: { a: 'grüß' } });
  assert.ok(json.ok);
  const { headers, ...rest } = json.body as unknown as { headers: Record<string, string> };
  assert.deepEqual(rest, { method: 'PUT', body: '{"a":"grüß"}' });
  assert.deepEqual(
    [headers['content-type'], headers['content-length'], headers.accept],
    ['application/json', '14', 'application/json'],
  );
  const raw = await client.request({
    ...put,
    body: Buffer.from([0xff, 0x00]),
    headers: { 'Content-Type': 'application/octet-stream' },
  });
  assert.ok(raw.ok);
  const seen = (raw.body as { headers: Record<string, string> }).headers;
  assert.deepEqual(
    [seen['content-type'], seen['content-length']],
    ['application/octet-stream', '2'],
  );
});

test('of two upstreams one dies under load, and nobody notices', async (t) => {
  const servers = await Promise.all(
    [0, 1].map(async () => {
      const server = createServer((_request, response) => response.end('1'));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const stop = (server: Server) => {
    server.close();
    server.closeAllConnections();
  };
  t.after(() => servers.forEach(stop));
  const upstreams = servers.map(
    (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  );
  const client = connectTo(t, 0, { upstreams, coalesce: false });
  let failed = 0;
  for (let round = 0; round < 50; round++) {
    if (round === 10) stop(servers[1] as Server);
    const results = await Promise.all(Array.from({ length: 4 }, (_, n) => client.get([round, n])));
    failed += results.filter((result) => !result.ok).length;
  }
  assert.equal(failed, 0);
});
