// The wire over TLS says the same of its requests as the one on plain sockets.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createTransport } from './create-transport.ts';
import type { TransportOptions } from './transport.ts';
import { UndiciTransport } from './undici-transport.ts';
import { call, requestOf, transportDefaults, turns, until } from './wire-upstream.test-support.ts';

const hasOpenssl = spawnSync('openssl', ['version']).error === undefined;
const skip = hasOpenssl ? false : 'openssl, which makes the certificate, is not installed';
const certificate = hasOpenssl ? makeCertificate() : undefined;

function makeCertificate() {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-tls-'));
  try {
    const files = ['-keyout', join(folder, 'key'), '-out', join(folder, 'cert')];
    const made = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1';
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
    spawnSync('openssl', [...made.split(' '), ...files, ...subject]);
    return { key: readFileSync(join(folder, 'key')), cert: readFileSync(join(folder, 'cert')) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Requests and answers of HTTP/2 are made to look like those of HTTP/1.1. */
type Http2Listener = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

/** An upstream that speaks HTTP/2 or HTTP/1.1. */
async function startSecure(t: TestContext, listener: RequestListener, isHttp2 = true) {
  const server = isHttp2
    ? createSecureServer({ ...certificate }, listener as unknown as Http2Listener)
    : createServer({ ...certificate }, listener);
  const open = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket) => {
    accepted += 1;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const connect = (options: Partial<TransportOptions> = {}) => {
    const undici = { connect: { ca: certificate?.cert ?? '' } };
    const transport = new UndiciTransport({ url, ...transportDefaults, ...options }, undici);
    t.after(() => transport.close());
    return transport;
  };
  return { server, url, open, connect, acceptedCount: () => accepted };
}

const echo = (request: IncomingMessage, response: ServerResponse) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { method, url, headers, httpVersion } = request;
    const received = [httpVersion, method, url, headers['x-a'], String(Buffer.concat(chunks))];
    response.setHeader('vary', ['a', 'b']);
    response.end(JSON.stringify(received));
  });
};

for (const isHttp2 of [true, false]) {
  const version = isHttp2 ? '2.0' : '1.1';
  test(`requests and answers are whole in HTTP/${version}`, { skip }, async (t) => {
    const { connect } = await startSecure(t, echo, isHttp2);
    const transport = connect();
    const fields = 'x-a: b: c\r\naccept: */*\r\n';
    const heads: unknown[] = [];
    const onHead = (status: number, header: (name: string) => string | undefined) =>
      heads.push([status, header('vary')]);
    const { answer } = await call(transport, { path: '/p?q=1', fields }, onHead);
    assert.equal(answer?.status, 200);
    assert.deepEqual(JSON.parse(String(answer.body)), [version, 'GET', '/p?q=1', 'b: c', '']);
    assert.deepEqual([answer.header('vary'), answer.header('x-none')], ['a, b', undefined]);
    assert.deepEqual(heads, [[200, 'a, b']]);
    for (const body of ['{"é":1}', Buffer.from('{"é":1}')]) {
      const posted = await call(transport, { method: 'POST', body });
      assert.equal(JSON.parse(String(posted.answer?.body))[4], '{"é":1}');
    }
    const head = await call(transport, { method: 'HEAD' });
    assert.deepEqual([head.answer?.status, head.answer?.body.length], [200, 0]);
  });

  test(`answers that are too large or break off are failures in HTTP/${version}`, {
    skip,
  }, async (t) => {
    const { connect } = await startSecure(
      t,
      (request, response) => {
        if (request.url === '/said') response.setHeader('content-length', 11);
        if (request.url === '/broken') response.setHeader('content-length', 9);
        response.write(request.url === '/broken' ? 'x' : 'hello world');
        if (request.url !== '/broken') response.end();
        else setTimeout(() => request.socket.destroy(), 10);
      },
      isHttp2,
    );
    const transport = connect({ maxResponseBytes: 10 });
    const kinds: unknown[] = [];
    for (const path of ['/said', '/unsaid', '/broken']) {
      const { failure } = await call(transport, { path });
      kinds.push([failure?.kind, failure?.wasAnythingSent]);
    }
    assert.deepEqual(kinds, [
      ['too-large', true],
      ['too-large', true],
      ['broken', true],
    ]);
  });

  test(`a request given up is given up on the wire in HTTP/${version}`, { skip }, async (t) => {
    let isAborted = false;
    const { connect } = await startSecure(
      t,
      (_request, response) => {
        response.write('x');
        response.on('close', () => {
          isAborted = true;
        });
      },
      isHttp2,
    );
    const told: string[] = [];
    const transport = connect();
    const tell = (what: string) => () => told.push(what);
    const sink = { onHead: tell('head'), onAnswer: tell('answer'), onFailure: tell('failure') };
    transport.send(requestOf(), sink).abort();
    const attempt = transport.send(requestOf(), sink);
    await until(() => told.length === 1, 'the head is told');
    attempt.abort();
    attempt.abort();
    await until(() => isAborted, 'the upstream hears of it');
    await turns(4);
    assert.deepEqual(told, ['head']);
  });
}

test('a kept connection that was dead costs an idempotent request nothing', { skip }, async (t) => {
  let asked = 0;
  const secure = await startSecure(
    t,
    (request, response) => {
      asked += 1;
      if (asked === 2 || asked === 5) request.socket.destroy();
      else response.end();
    },
    false,
  );
  const transport = secure.connect({ maxConnections: 1 });
  await call(transport);
  assert.equal((await call(transport)).answer?.status, 200);
  assert.equal(asked, 3);
  await call(transport, { method: 'POST' });
  const { failure } = await call(transport, { method: 'POST' });
  assert.deepEqual([failure?.kind, failure?.wasAnythingSent, asked], ['broken', true, 5]);
});

test('a request that meets one dead connection after the other is repeated once', {
  skip,
}, async (t) => {
  let asked = 0;
  const secure = await startSecure(
    t,
    (request) => {
      asked += 1;
      request.socket.destroy();
    },
    false,
  );
  assert.equal((await call(secure.connect())).failure?.kind, 'broken');
  assert.ok(asked <= 2, `${asked} times`);
});

test('an upstream that is not there, or not who it should be, is no connection', {
  skip,
}, async (t) => {
  const secure = await startSecure(t, echo);
  const stranger = createTransport({ url: secure.url, ...transportDefaults });
  t.after(() => stranger.close());
  const unknown = (await call(stranger)).failure;
  assert.deepEqual([unknown?.kind, unknown?.wasAnythingSent], ['connect', false]);
  assert.match(unknown?.message ?? '', /DEPTH_ZERO_SELF_SIGNED_CERT/);
  secure.server.close();
  await once(secure.server, 'close');
  const refused = (await call(secure.connect())).failure;
  assert.deepEqual([refused?.kind, refused?.wasAnythingSent], ['connect', false]);
  assert.match(refused?.message ?? '', /ECONNREFUSED/);
});

test('closing fails what is under way and takes no request, and no failure is told too soon', {
  skip,
}, async (t) => {
  let asked = 0;
  const secure = await startSecure(t, () => {
    asked += 1;
  });
  const transport = secure.connect();
  const underWay = call(transport);
  await until(() => asked === 1, 'the request arrives');
  await transport.close();
  assert.equal((await underWay).failure?.kind, 'broken');
  const told: string[] = [];
  const onFailure = ({ kind }: { kind: string }) => told.push(kind);
  const sink = { onHead() {}, onAnswer() {}, onFailure };
  transport.send(requestOf(), sink);
  transport.send(requestOf({ path: '/a b' }), sink);
  secure.connect().send(requestOf({ fields: 'x-a: \0\r\n' }), sink);
  assert.deepEqual(told, []);
  await turns();
  assert.deepEqual(told, ['connect', 'protocol', 'protocol']);
  await until(() => secure.open.size === 0, 'all connections are closed');
});

test('only http: and https:, without user names and with limits that limit, are transports', () => {
  const make = (url: string, options: Partial<TransportOptions> = {}) =>
    createTransport({ url: new URL(url), ...transportDefaults, ...options });
  for (const url of ['ftp://a', 'ws://a', 'file:///a', 'http://u@a', 'https://u:p@a']) {
    assert.throws(() => make(url), TypeError);
  }
  for (const name of ['maxConnections', 'maxResponseBytes', 'connectTimeoutMs', 'idleTimeoutMs']) {
    for (const limit of [0, -1, Number.NaN]) {
      assert.throws(() => make('http://a', { [name]: limit }), new RegExp(name));
    }
  }
});
