/** What a request is for: the forms of its target, whose path is routed, and what is sent on. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { valuesOf } from '../support/http-message.ts';
import { type ProxyProcess, startProxy } from '../support/proxy-process.ts';
import { exchangeOnce, get, openClient } from '../support/raw-client.ts';
import { type RecordingOrigin, startOrigin } from '../support/recording-origin.ts';
import { echo, sameForEverySplit, sendApart, withoutIds } from '../support/splits.ts';

/** Takes what is under /private/, and everything for inner.test. */
let inner: RecordingOrigin;
let outer: RecordingOrigin;
let proxy: ProxyProcess;

before(async () => {
  inner = await startOrigin(echo);
  outer = await startOrigin(echo);
  proxy = await startProxy({
    services: {
      inner: { upstreams: [{ url: inner.url }] },
      outer: { upstreams: [{ url: outer.url }] },
    },
    routes: [
      { match: { path: '/private/*' }, service: 'inner' },
      { match: { host: 'inner.test' }, service: 'inner' },
      { service: 'outer' },
    ],
  });
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await inner[Symbol.asyncDispose]();
  await outer[Symbol.asyncDispose]();
});

const toInner = [
  ['/private/x', '/private/x'],
  ['/a/../private/x', '/private/x'],
  ['/a/b/../../private/./x', '/private/x'],
  ['/%70rivate/x', '/private/x'],
  ['/a/%2e%2E/private/x', '/private/x'],
  ['/private/a/../x?y=/../z', '/private/x?y=/../z'],
  ['http://edge.test/a/../private/x', '/private/x'],
  ['HTTP://edge.test/private/x', '/private/x'],
] as const;

for (const [sent, received] of toInner) {
  test(`${sent} is routed and sent on as ${received}`, async () => {
    const asked = outer.requests.length;
    assert.equal((await get(proxy.port, sent)).status, 200);
    assert.equal(inner.last.target, received);
    assert.equal(outer.requests.length, asked);
  });
}

for (const sent of [
  '/private/../x',
  '/private%2Fx',
  '/privat%65%2Fx',
  '/Private/x',
  '//private/x',
]) {
  test(`${sent} is not under /private/`, async () => {
    const asked = inner.requests.length;
    assert.equal((await get(proxy.port, sent)).status, 200);
    assert.equal(inner.requests.length, asked);
  });
}

test('an absolute target goes where its authority says, in origin form, in any pieces', async () => {
  const request =
    'GET http://Inner.Test:8080?a=b HTTP/1.1\r\nHost: outer.test\r\nConnection: close\r\n\r\n';
  const asked = outer.requests.length;
  const answer = await sameForEverySplit(request, async (pieces) => {
    await using client = await openClient(proxy.port);
    await sendApart(client.socket, pieces);
    await client.ended();
    return withoutIds(client.unread);
  });
  assert.match(answer, /\r\n\r\nGET \/\?a=b HTTP\/1\.1\r\n/);
  assert.equal(outer.requests.length, asked);
  assert.deepEqual(valuesOf(inner.last.head, 'host'), ['Inner.Test:8080']);
});

test('an absolute target for another host does not go where Host says', async () => {
  const asked = inner.requests.length;
  const request = 'GET http://outer.test/x HTTP/1.1\r\nHost: inner.test\r\n\r\n';
  assert.equal((await exchangeOnce(proxy.port, request)).status, 200);
  assert.equal(inner.requests.length, asked);
  assert.equal(outer.last.header('host'), 'outer.test');
});

const refused: Record<string, readonly [requestLine: string, status: number]> = {
  'OPTIONS about the server itself': ['OPTIONS * HTTP/1.1', 405],
  'OPTIONS about the server itself, by its name': ['OPTIONS http://edge.test HTTP/1.1', 405],
  'CONNECT to a host': ['CONNECT edge.test:443 HTTP/1.1', 405],
  'CONNECT to a path': ['CONNECT /private/ HTTP/1.1', 400],
  'GET of an authority': ['GET edge.test:443 HTTP/1.1', 400],
  'GET of the server itself': ['GET * HTTP/1.1', 400],
  'a target with user information': ['GET http://me@edge.test/ HTTP/1.1', 400],
  'a target of another scheme': ['GET ftp://edge.test/ HTTP/1.1', 400],
  'a target with a fragment': ['GET /a#b HTTP/1.1', 400],
  'a target with a space': ['GET /a b HTTP/1.1', 400],
  'HTTP/2.0': ['GET / HTTP/2.0', 400],
  'HTTP/1.2': ['GET / HTTP/1.2', 400],
};

for (const [what, [requestLine, status]] of Object.entries(refused)) {
  test(`${what} is ${status} in any pieces, and reaches no origin`, async () => {
    const asked = inner.requests.length + outer.requests.length;
    const request = `${requestLine}\r\nHost: edge.test\r\nConnection: close\r\n\r\n`;
    const page = await sameForEverySplit(request, async (pieces) => {
      await using client = await openClient(proxy.port);
      await sendApart(client.socket, pieces);
      await client.ended();
      return withoutIds(client.unread);
    });
    assert.match(page, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(page, /^content-type: application\/problem\+json\r$/im);
    assert.match(page, new RegExp(`"status":${status},`));
    assert.equal(inner.requests.length + outer.requests.length, asked);
  });
}
