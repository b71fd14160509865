/** What header fields cross the edge, in which direction, and what the edge says about itself. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { valuesOf } from '../support/http-message.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { exchangeOnce, get, getText, openClient } from '../support/raw-client.ts';
import { answerOk, type RecordingOrigin, startOrigin } from '../support/recording-origin.ts';

let origin: RecordingOrigin;
/** Believes nobody. */
let proxy: ProxyProcess;
/** Believes this machine. */
let trusting: ProxyProcess;

before(async () => {
  origin = await startOrigin();
  proxy = await startProxyTo([origin.url]);
  trusting = await startProxyTo([origin.url], {}, { trustedProxies: ['127.0.0.0/8'] });
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await trusting[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

test('hop-by-hop fields of the client go no further, including those named in Connection', async () => {
  await get(
    proxy.port,
    '/',
    'Connection: keep-alive, X-Private',
    'connection: x-second',
    'Keep-Alive: timeout=5',
    'Proxy-Authorization: Basic eDp5',
    'Proxy-Connection: keep-alive',
    'TE: trailers',
    'Trailer: X-Sum',
    'Upgrade: h2c',
    'X-Private: 1',
    'X-Second: 2',
    'X-Public: 3',
  );
  for (const name of [
    'keep-alive',
    'proxy-authorization',
    'proxy-connection',
    'te',
    'trailer',
    'upgrade',
    'x-private',
    'x-second',
  ]) {
    assert.equal(origin.last.header(name), undefined, name);
  }
  assert.equal(origin.last.header('x-public'), '3');
  const connection = origin.last.header('connection') ?? '';
  assert.doesNotMatch(connection, /private|second|upgrade/i);
});

test('hop-by-hop fields of the upstream go no further, including those named in Connection', async () => {
  origin.script = (request) =>
    request.answer(
      'ok',
      'Connection: keep-alive, X-Private',
      'Keep-Alive: timeout=5',
      'Proxy-Authenticate: Basic',
      'Trailer: X-Sum',
      'X-Private: 1',
      'X-Public: 2',
    );
  const response = await get(proxy.port);
  origin.script = answerOk;
  for (const name of ['proxy-authenticate', 'trailer', 'x-private']) {
    assert.equal(response.header(name), undefined, name);
  }
  assert.equal(response.header('x-public'), '2');
  assert.doesNotMatch(response.header('connection') ?? '', /private/i);
  assert.notEqual(response.header('keep-alive'), 'timeout=5');
});

test('a client cannot remove the fields the edge relies on by naming them in Connection', async () => {
  await get(
    proxy.port,
    '/',
    'Connection: host, authorization, cookie, x-forwarded-for, x-request-id, traceparent',
    'Authorization: Bearer token',
    'Cookie: a=b',
  );
  assert.equal(origin.last.header('host'), 'edge.test');
  assert.equal(origin.last.header('authorization'), 'Bearer token');
  assert.equal(origin.last.header('cookie'), 'a=b');
  assert.equal(origin.last.header('x-forwarded-for'), '127.0.0.1');
  assert.ok(origin.last.header('x-request-id'));
  assert.ok(origin.last.header('traceparent'));
});

const claims = [
  'X-Forwarded-For: 203.0.113.9, 10.0.0.1',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: public.test',
  'Forwarded: for=203.0.113.9;proto=https',
];

test('what an unknown peer says about earlier hops is replaced', async () => {
  await get(proxy.port, '/', ...claims);
  assert.equal(origin.last.header('x-forwarded-for'), '127.0.0.1');
  assert.equal(origin.last.header('x-forwarded-proto'), 'http');
  assert.equal(origin.last.header('x-forwarded-host'), 'edge.test');
  assert.equal(origin.last.header('forwarded'), 'for=127.0.0.1;proto=http;host=edge.test');
});

test('what a trusted peer says about earlier hops is continued', async () => {
  await get(trusting.port, '/', ...claims);
  assert.equal(origin.last.header('x-forwarded-for'), '203.0.113.9, 10.0.0.1, 127.0.0.1');
  assert.equal(origin.last.header('x-forwarded-proto'), 'https');
  assert.equal(origin.last.header('x-forwarded-host'), 'public.test');
  assert.match(
    origin.last.header('forwarded') ?? '',
    /^for=203\.0\.113\.9;proto=https, for=127\.0\.0\.1;/,
  );
});

test('a list that a trusted peer sends in several fields is continued as one', async () => {
  await get(trusting.port, '/', 'X-Forwarded-For: 203.0.113.9', 'X-Forwarded-For: 10.0.0.1');
  assert.equal(origin.last.header('x-forwarded-for'), '203.0.113.9, 10.0.0.1, 127.0.0.1');
});

test('every answer carries the request id the upstream saw, and no two are the same', async () => {
  const first = await get(proxy.port);
  assert.equal(origin.last.header('x-request-id'), first.header('x-request-id'));
  const second = await get(proxy.port);
  assert.notEqual(second.header('x-request-id'), first.header('x-request-id'));
});

test('a request id is taken from a trusted peer only', async () => {
  const trusted = await get(trusting.port, '/', 'X-Request-Id: given-by-the-peer-1');
  assert.equal(trusted.header('x-request-id'), 'given-by-the-peer-1');
  assert.equal(origin.last.header('x-request-id'), 'given-by-the-peer-1');
  const untrusted = await get(proxy.port, '/', 'X-Request-Id: given-by-the-peer-2');
  assert.notEqual(untrusted.header('x-request-id'), 'given-by-the-peer-2');
  assert.equal(origin.last.header('x-request-id'), untrusted.header('x-request-id'));
});

test('an upstream cannot answer with a request id of its own', async () => {
  origin.script = (request) => request.answer('', 'X-Request-Id: made-up');
  const response = await get(proxy.port);
  origin.script = answerOk;
  assert.equal(response.header('x-request-id'), origin.last.header('x-request-id'));
});

test('a trace is continued under a new parent, and begun when there is none', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  await get(proxy.port, '/', `traceparent: 00-${traceId}-b7ad6b7169203331-01`);
  const continued = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/.exec(
    origin.last.header('traceparent') ?? '',
  );
  assert.equal(continued?.[1], traceId);
  assert.notEqual(continued?.[2], 'b7ad6b7169203331');
  await get(proxy.port, '/', 'traceparent: nonsense');
  assert.match(origin.last.header('traceparent') ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
});

test('the Host field goes through unchanged, with its port', async () => {
  await exchangeOnce(proxy.port, 'GET / HTTP/1.1\r\nHost: Shop.Example:8443\r\n\r\n');
  assert.deepEqual(valuesOf(origin.last.head, 'host'), ['Shop.Example:8443']);
});

test('two Set-Cookie fields stay two, and two client fields of a name stay two', async () => {
  origin.script = (request) => request.answer('', 'Set-Cookie: a=1', 'Set-Cookie: b=2');
  const response = await get(proxy.port, '/', 'X-Twice: 1', 'X-Twice: 2');
  origin.script = answerOk;
  assert.deepEqual(valuesOf(response.head, 'set-cookie'), ['a=1', 'b=2']);
  assert.deepEqual(valuesOf(origin.last.head, 'x-twice'), ['1', '2']);
});

test('bytes beyond ASCII in field values cross unchanged both ways', async () => {
  origin.script = (request) =>
    request.socket.write(
      Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Name: J\xfcrgen\r\n\r\n', 'latin1'),
    );
  const response = await get(proxy.port, '/', 'X-Name: Zo\xeb');
  origin.script = answerOk;
  assert.equal(origin.last.header('x-name'), 'Zo\xeb');
  assert.equal(response.header('x-name'), 'J\xfcrgen');
});

test('a client that asks for the end of its connection gets it', async () => {
  await using client = await openClient(proxy.port);
  client.send(getText('/', 'Connection: close'));
  const response = await client.response();
  assert.equal(response.header('connection'), 'close');
  await client.ended();
});

test('the upstream hears through whom a request came', async () => {
  await get(proxy.port);
  assert.match(origin.last.header('via') ?? '', /^1\.1 \S+$/);
});

const paths: readonly (readonly [sent: string, received: string])[] = [
  ['/a/b?x=/../y', '/a/b?x=/../y'],
  ['/a/./b/../c', '/a/c'],
  ['/../../etc/passwd', '/etc/passwd'],
  ['/%61%2d%7E/%2f', '/a-~/%2F'],
  ['/a/%2e%2e/b', '/b'],
  ['/a//b', '/a//b'],
  ['/?', '/?'],
  ['http://other.test/abs?q=1', '/abs?q=1'],
  ['http://other.test', '/'],
];

for (const [sent, received] of paths) {
  test(`the target ${sent} is sent on as ${received}`, async () => {
    assert.equal((await get(proxy.port, sent)).status, 200);
    assert.equal(origin.last.target, received);
  });
}

test('the authority of an absolute target replaces the Host field', async () => {
  await get(proxy.port, 'http://other.test:81/');
  assert.deepEqual(valuesOf(origin.last.head, 'host'), ['other.test:81']);
});

test('OPTIONS about the server itself is not passed to any origin', async () => {
  const asked = origin.requests.length;
  const request = 'OPTIONS * HTTP/1.1\r\nHost: edge.test\r\n\r\n';
  assert.equal((await exchangeOnce(proxy.port, request)).status, 405);
  assert.equal(origin.requests.length, asked);
});

test('fields that differ from the forwarding fields by an underscore only do not cross', async () => {
  await get(proxy.port, '/', 'X_Forwarded_For: 6.6.6.6', 'X_Request_Id: mine', 'X_Other: kept');
  assert.deepEqual(valuesOf(origin.last.head, 'x_forwarded_for'), []);
  assert.deepEqual(valuesOf(origin.last.head, 'x_request_id'), []);
  assert.deepEqual(valuesOf(origin.last.head, 'x_other'), ['kept']);
});
