/** Expect: 100-continue, which the edge answers itself, once, and only when it means it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { refusingUrl } from '../support/free-port.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { getText, openClient, type RawClient } from '../support/raw-client.ts';
import {
  answerOk,
  type RecordingOrigin,
  type Script,
  startOrigin,
} from '../support/recording-origin.ts';
import { sameForEverySplit, sendApart, withoutIds } from '../support/splits.ts';

const GO_ON = 'HTTP/1.1 100 Continue\r\n\r\n';

let origin: RecordingOrigin;
let proxy: ProxyProcess;

before(async () => {
  origin = await startOrigin();
  proxy = await startProxyTo([origin.url], {}, { routes: [{ match: routed, service: 'app' }] });
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

const routed = { path: '/open/*' };

async function withScript<T>(script: Script, act: () => Promise<T>): Promise<T> {
  origin.script = script;
  try {
    return await act();
  } finally {
    origin.script = answerOk;
  }
}

function upload(framing: string, path = '/open/', expectation = '100-continue'): string {
  return `POST ${path} HTTP/1.1\r\nHost: a\r\n${framing}\r\nExpect: ${expectation}\r\n\r\n`;
}

/** Takes what must be next, byte for byte. */
async function assertNext(client: RawClient, bytes: string): Promise<void> {
  await client.receives(bytes);
  assert.equal(client.take(bytes.length).toString('latin1'), bytes);
}

test('100 Continue comes before the body, and once', async () => {
  const bytes = await sameForEverySplit(upload('Content-Length: 4'), async (pieces) => {
    await using client = await openClient(proxy.port);
    await sendApart(client.socket, pieces);
    await assertNext(client, GO_ON);
    client.send('body');
    await client.receives('\r\n\r\nok');
    return withoutIds(client.unread);
  });
  assert.match(bytes, /^HTTP\/1\.1 200 /);
  for (const request of origin.requests) {
    assert.equal(request.header('expect'), undefined);
    assert.equal((await request.body).toString(), 'body');
  }
});

test('a chunked upload is told to go on as well, in any case of letters', async () => {
  await using client = await openClient(proxy.port);
  client.send(upload('Transfer-Encoding: chunked', '/open/', '100-Continue'));
  await assertNext(client, GO_ON);
  client.send('4\r\nbody\r\n0\r\n\r\n');
  assert.equal((await client.response()).text, 'ok');
  assert.equal((await origin.last.body).toString(), 'body');
});

test('when the client is told to go on, the upstream has its head', async () => {
  await using client = await openClient(proxy.port);
  const asked = origin.requests.length;
  client.send(upload('Content-Length: 4'));
  await assertNext(client, GO_ON);
  await eventually(() => assert.equal(origin.requests.length, asked + 1));
  client.send('body');
  assert.equal((await client.response()).status, 200);
});

test('a 100 of the upstream is not passed on a second time', async () => {
  const insist: Script = async (request) => {
    request.socket.write(`${GO_ON}${GO_ON}`);
    await request.body;
    request.socket.write(GO_ON);
    request.answer('ok');
  };
  await withScript(insist, async () => {
    await using client = await openClient(proxy.port);
    client.send(upload('Content-Length: 4'));
    await assertNext(client, GO_ON);
    client.send('body');
    const response = await client.response();
    assert.equal(response.status, 200);
    assert.equal(response.text, 'ok');
  });
});

test('an upstream that answers before the body is heard, and the body stays a body', async () => {
  const early: Script = (request) => request.answer('no need');
  await withScript(early, async () => {
    await using client = await openClient(proxy.port);
    client.send(upload('Content-Length: 4'));
    await assertNext(client, GO_ON);
    assert.equal((await client.response()).text, 'no need');
    client.send(`body${getText('/open/next')}`);
    assert.equal((await client.response()).text, 'no need');
    assert.equal(origin.last.target, '/open/next');
  });
});

test('however many upstreams are tried, the client is told to go on once', async () => {
  await using edge = await startProxyTo([await refusingUrl(), origin.url], {
    policy: 'round-robin',
  });
  for (let i = 0; i < 4; i++) {
    await using client = await openClient(edge.port);
    client.send(upload('Content-Length: 4'));
    await assertNext(client, GO_ON);
    client.send('body');
    assert.equal((await client.response()).text, 'ok');
  }
});

test('a request that no route takes is refused without being told to go on', async () => {
  const page = await sameForEverySplit(upload('Content-Length: 4', '/nowhere'), exchange);
  assert.match(page, /^HTTP\/1\.1 404 /);
});

test('a body that will be too large is refused without being told to go on', async () => {
  await using edge = await startProxyTo([origin.url], {}, { limits: { requestBodySize: '1KiB' } });
  await using client = await openClient(edge.port);
  const asked = origin.requests.length;
  client.send(upload('Content-Length: 1025'));
  assert.equal((await client.response()).status, 413);
  assert.equal(origin.requests.length, asked);
});

test('when no upstream accepts connections nobody is told to go on', async () => {
  await using edge = await startProxyTo([await refusingUrl()]);
  await using client = await openClient(edge.port);
  client.send(upload('Content-Length: 4'));
  assert.equal((await client.response()).status, 503);
});

for (const expectation of ['200-ok', '100-continue, x']) {
  test(`the expectation ${expectation} is 417`, async () => {
    const request = upload('Content-Length: 4', '/open/', expectation);
    const page = await sameForEverySplit(request, exchange);
    assert.match(page, /^HTTP\/1\.1 417 /);
  });
}

test('HTTP/1.0 cannot expect anything', async () => {
  await using client = await openClient(proxy.port);
  client.send(`${upload('Content-Length: 4').replace('HTTP/1.1', 'HTTP/1.0')}body`);
  const response = await client.response();
  assert.equal(response.status, 200);
  assert.equal(response.text, 'ok');
  assert.equal((await origin.last.body).toString(), 'body');
});

test('a request without a body has nothing to be told', async () => {
  await using client = await openClient(proxy.port);
  client.send(getText('/open/', 'Expect: 100-continue'));
  assert.equal((await client.response()).status, 200);
  assert.equal(origin.last.header('expect'), undefined);
});

async function exchange(pieces: readonly string[]): Promise<string> {
  await using client = await openClient(proxy.port);
  await sendApart(client.socket, pieces);
  const { head, body } = await client.response();
  return withoutIds(`${head.startLine}\r\n${body.toString('latin1')}`);
}
