/** Every refusal and failure the edge answers itself: status, fields and problem details. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { refusingUrl } from '../support/free-port.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { exchangeOnce, get, getText, openClient, type RawResponse } from '../support/raw-client.ts';
import { type RecordingOrigin, startOrigin } from '../support/recording-origin.ts';

let origin: RecordingOrigin;
let proxy: ProxyProcess;

before(async () => {
  origin = await startOrigin();
  proxy = await startProxyTo(
    [origin.url],
    { retries: 0 },
    {
      routes: [
        { match: { path: '/read-only', methods: ['GET', 'HEAD'] }, service: 'app' },
        { match: { path: '/open/*' }, service: 'app' },
      ],
      timeouts: { requestHead: '300ms' },
    },
  );
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

function assertProblem(response: RawResponse, status: number, kind: string, side: string): void {
  assert.equal(response.status, status, response.text);
  assert.equal(response.header('content-type'), 'application/problem+json');
  assert.equal(response.header('cache-control'), 'no-store');
  const problem = JSON.parse(response.text) as Record<string, unknown>;
  assert.equal(problem.status, status);
  assert.equal(problem.kind, kind);
  assert.equal(problem.side, side);
  assert.equal(problem.type, `urn:headgate:problem:${kind}`);
  assert.ok(String(problem.title).length > 0);
  assert.ok(String(problem.detail).length > 0);
  assert.ok(response.header('x-request-id'));
  assert.equal(problem.requestId, response.header('x-request-id'));
}

test('a path without a route is 404', async () => {
  assertProblem(await get(proxy.port, '/nowhere'), 404, 'no-route', 'client');
});

test('a method the path does not take is 405 and names those it takes', async () => {
  const response = await exchangeOnce(
    proxy.port,
    'POST /read-only HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n',
  );
  assertProblem(response, 405, 'method-refused', 'client');
  assert.equal(response.header('allow'), 'GET, HEAD');
});

for (const method of ['CONNECT', 'TRACE']) {
  test(`${method} is refused`, async () => {
    const target = method === 'CONNECT' ? 'edge.test:443' : '/open/';
    const response = await exchangeOnce(
      proxy.port,
      `${method} ${target} HTTP/1.1\r\nHost: edge.test:443\r\n\r\n`,
    );
    assertProblem(response, 405, 'method-refused', 'client');
  });
}

const badRequests: Record<string, string> = {
  'no Host': 'GET /open/ HTTP/1.1\r\n\r\n',
  'two Hosts': 'GET /open/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  'a Host that is a list': 'GET /open/ HTTP/1.1\r\nHost: a, b\r\n\r\n',
  'a target that is neither path nor URL': 'GET open HTTP/1.1\r\nHost: a\r\n\r\n',
  'a malformed escape': 'GET /open/%zz HTTP/1.1\r\nHost: a\r\n\r\n',
  'an encoded NUL': 'GET /open/%00 HTTP/1.1\r\nHost: a\r\n\r\n',
  'a backslash in the path': 'GET /open/..\\x HTTP/1.1\r\nHost: a\r\n\r\n',
  garbage: 'these are not the bytes of a request\r\n\r\n',
  'a TLS greeting': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'a version that does not exist': 'GET /open/ HTTP/1.9\r\nHost: a\r\n\r\n',
  'a bare LF as line end': 'GET /open/ HTTP/1.1\nHost: a\n\n',
  'a NUL in a field': 'GET /open/ HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n',
  'a negative length': 'POST /open/ HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n',
  'chunked that is not last':
    'POST /open/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
  'space before a colon': 'GET /open/ HTTP/1.1\r\nHost: a\r\nX-A : b\r\n\r\n',
  'a folded field': 'GET /open/ HTTP/1.1\r\nHost: a\r\nX-A: b\r\n  c\r\n\r\n',
  'length and chunked together':
    'POST /open/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'two different lengths':
    'POST /open/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
  'an unknown transfer coding':
    'POST /open/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nabcd',
};

for (const [what, request] of Object.entries(badRequests)) {
  test(`${what} is 400 and reaches no upstream`, async () => {
    const before = origin.requests.length;
    assertProblem(await exchangeOnce(proxy.port, request), 400, 'bad-request', 'client');
    assert.equal(origin.requests.length, before);
  });
}

test('a malformed chunk breaks the upload off with 400', async () => {
  const response = await exchangeOnce(
    proxy.port,
    'POST /open/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nXYZ\r\n',
  );
  assertProblem(response, 400, 'bad-request', 'client');
});

test('a head that does not arrive in time is 408, and the connection is closed', async () => {
  await using client = await openClient(proxy.port);
  client.send('GET /open/ HTTP/1.1\r\nHost: a\r\n');
  assertProblem(await client.response(), 408, 'slow-request', 'client');
  await client.ended();
});

test('a head that arrives a byte at a time is 408 all the same', async () => {
  await using client = await openClient(proxy.port);
  client.send('GET /open/ HTTP/1.1\r\nHost: a\r\nX: ');
  const drip = setInterval(() => client.send('x'), 50);
  try {
    assertProblem(await client.response(), 408, 'slow-request', 'client');
    await client.ended();
  } finally {
    clearInterval(drip);
  }
});

test('a second head on a kept connection has its own deadline', async () => {
  await using client = await openClient(proxy.port);
  client.send(getText('/open/'));
  assert.equal((await client.response()).status, 200);
  client.send('GET /open/ HTTP/1.1\r\n');
  assertProblem(await client.response(), 408, 'slow-request', 'client');
});

test('a head beyond the size limit is 431', async () => {
  const response = await get(proxy.port, '/open/', `X-Big: ${'x'.repeat(20_000)}`);
  assertProblem(response, 431, 'head-too-large', 'client');
});

test('a head far beyond the limit is 431 as well, though the client is still sending it', async () => {
  const response = await get(proxy.port, '/open/', `X-Big: ${'x'.repeat(8 * 1024 * 1024)}`);
  assertProblem(response, 431, 'head-too-large', 'client');
});

test('more header fields than the limit is 431, and as many as the limit is fine', async () => {
  const fields = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: ${i}`);
  assertProblem(await get(proxy.port, '/open/', ...fields(100)), 431, 'head-too-large', 'client');
  assert.equal((await get(proxy.port, '/open/', ...fields(99))).status, 200);
});

test('an expectation other than 100-continue is 417', async () => {
  const response = await get(proxy.port, '/open/', 'Expect: the-unexpected');
  assertProblem(response, 417, 'expectation-failed', 'client');
});

test('an upstream that hangs up without an answer is 502', async () => {
  await using broken = await startOrigin(({ socket }) => socket.resetAndDestroy());
  await using edge = await startProxyTo([broken.url], { retries: 0 });
  assertProblem(await get(edge.port), 502, 'upstream-reset', 'upstream');
});

test('an upstream that does not speak HTTP is 502', async () => {
  await using broken = await startOrigin(({ socket }) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
  await using edge = await startProxyTo([broken.url]);
  assertProblem(await get(edge.port), 502, 'upstream-invalid', 'upstream');
});

test('an answer whose head is too large is 502', async () => {
  await using broken = await startOrigin((request) =>
    request.answer('', `x-big: ${'x'.repeat(40_000)}`),
  );
  await using edge = await startProxyTo([broken.url]);
  assertProblem(await get(edge.port), 502, 'upstream-invalid', 'upstream');
});

test('an upstream that does not begin to answer in time is 504', async () => {
  await using silent = await startOrigin(() => {});
  await using edge = await startProxyTo([silent.url], { timeouts: { firstByte: '200ms' } });
  assertProblem(await get(edge.port), 504, 'first-byte-timeout', 'upstream');
  await eventually(() => assert.equal(silent.connections.size, 0));
});

test('no upstream that accepts connections is 503 with Retry-After', async () => {
  await using edge = await startProxyTo([await refusingUrl()]);
  const response = await get(edge.port);
  assertProblem(response, 503, 'connect-failed', 'upstream');
  assert.equal(response.header('retry-after'), '1');
});

test('beyond maxInFlight the answer is 503 with Retry-After, and below it requests pass', async () => {
  const waiting: (() => void)[] = [];
  await using slow = await startOrigin((request) => waiting.push(() => request.answer('late')));
  await using edge = await startProxyTo([slow.url], {}, { limits: { maxInFlight: 1 } });
  await using first = await openClient(edge.port);
  first.send(getText());
  await eventually(() => assert.equal(slow.requests.length, 1));

  const refused = await get(edge.port);
  assertProblem(refused, 503, 'overloaded', 'edge');
  assert.equal(refused.header('retry-after'), '1');

  waiting.shift()?.();
  assert.equal((await first.response()).text, 'late');
  await using third = await openClient(edge.port);
  third.send(getText());
  await eventually(() => assert.equal(slow.requests.length, 2));
  waiting.shift()?.();
  assert.equal((await third.response()).status, 200);
});

test('a refusal reaches a client that is in the middle of a large upload', async () => {
  await using client = await openClient(proxy.port);
  const SIZE = 32 * 1024 * 1024;
  client.send(`POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: ${SIZE}\r\n\r\n`);
  client.send(Buffer.alloc(SIZE));
  assertProblem(await client.response(), 404, 'no-route', 'client');
  await client.ended();
});

test('after an error page the connection serves the next request', async () => {
  await using client = await openClient(proxy.port);
  client.send(getText('/nowhere'));
  assertProblem(await client.response(), 404, 'no-route', 'client');
  client.send(getText('/open/'));
  assert.equal((await client.response()).status, 200);
});

test('a page for a HEAD request has no body', async () => {
  await using client = await openClient(proxy.port);
  client.send('HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.equal((await client.response('HEAD')).status, 404);
  client.send(getText('/open/'));
  assert.equal((await client.response()).status, 200);
});
