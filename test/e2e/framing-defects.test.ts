/**
 * Three defects of other proxies (http-proxy-3 2.0.1 among them) that must stay impossible here:
 * a body that becomes a second request, hop-by-hop fields that cross, and an upstream that dies in
 * the middle of its answer without the client noticing.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { awaitInFlight } from '../support/admin-client.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { get, getText, openClient } from '../support/raw-client.ts';
import { answerOk, type RecordingOrigin, startOrigin } from '../support/recording-origin.ts';

let origin: RecordingOrigin;
let proxy: ProxyProcess;

before(async () => {
  origin = await startOrigin();
  proxy = await startProxyTo([origin.url]);
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: evil.test\r\n\r\n';

for (const method of ['DELETE', 'OPTIONS', 'GET', 'POST']) {
  for (const framing of ['chunked', 'length'] as const) {
    test(`the ${framing} body of a ${method} never becomes a request on a reused connection`, async () => {
      await get(proxy.port, '/warm');
      const before = origin.requests.length;
      const { connection } = origin.last;
      await using client = await openClient(proxy.port);
      client.send(
        framing === 'chunked'
          ? `${method} /real HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`
          : `${method} /real HTTP/1.1\r\nHost: a\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
      );
      assert.equal((await client.response()).status, 200);
      client.send(getText('/after'));
      assert.equal((await client.response()).status, 200);

      const seen = origin.requests.slice(before);
      assert.deepEqual(
        seen.map(({ target }) => target),
        ['/real', '/after'],
      );
      assert.equal((await seen[0]?.body)?.toString(), smuggled);
      assert.equal(seen[0]?.connection, connection, 'it took a connection that was open already');
    });
  }
}

test('no hop-by-hop field crosses in either direction', async () => {
  origin.script = (request) =>
    request.answer('ok', 'Proxy-Connection: close', 'Connection: X-Up', 'X-Up: 1');
  const response = await get(proxy.port, '/', 'Connection: X-Down', 'X-Down: 1', 'TE: gzip');
  origin.script = answerOk;
  assert.equal(origin.last.header('x-down'), undefined);
  assert.equal(origin.last.header('te'), undefined);
  assert.equal(response.header('x-up'), undefined);
  assert.equal(response.header('proxy-connection'), undefined);
});

const halfAnswers = {
  'an answer with a length': 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly some',
  'a chunked answer': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly some\r\n',
  'a chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nonly some',
};

for (const [what, bytes] of Object.entries(halfAnswers)) {
  for (const end of ['closes', 'resets'] as const) {
    test(`an upstream that ${end} in the middle of ${what} breaks the client's visibly`, async () => {
      origin.script = ({ socket }) => socket.write(bytes);
      await using client = await openClient(proxy.port);
      client.send(getText());
      await client.receives('only some');
      if (end === 'closes') origin.last.socket.end();
      else origin.last.socket.resetAndDestroy();
      await client.ended();
      origin.script = answerOk;
      await assert.rejects(client.response(), /ended before the rest of an answer/);
      await awaitInFlight(proxy, 0);
    });
  }
}

test('an upstream that turns to nonsense in the middle of a chunked answer breaks it visibly', async () => {
  origin.script = ({ socket }) =>
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n');
  await using client = await openClient(proxy.port);
  client.send(getText());
  await client.receives('good');
  origin.last.socket.write('nonsense\r\n');
  await assert.rejects(client.response(), /ended before the rest of an answer/);
  origin.script = answerOk;
});
