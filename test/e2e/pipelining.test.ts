import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startProxyTo } from '../support/proxy-process.ts';
import { getText, openClient } from '../support/raw-client.ts';
import { startOrigin } from '../support/recording-origin.ts';

const UPGRADE =
  'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

test('garbage behind a request adds nothing to its answer and nothing after it', async () => {
  let finish: () => void = () => {};
  await using origin = await startOrigin(({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\n${'x'.repeat(500)}`);
    finish = () => socket.write('y'.repeat(200));
  });
  await using proxy = await startProxyTo([origin.url]);
  await using client = await openClient(proxy.port);
  client.send(`${getText()}GARBAGE\r\n\r\n`);
  await client.head();
  await new Promise((resolve) => setTimeout(resolve, 100));
  finish();
  const response = await client.response();
  assert.equal(response.text, 'x'.repeat(500) + 'y'.repeat(200));
  await client.ended();
  assert.equal(client.unread.length, 0, 'nothing follows');
});

for (const [name, jumper] of [
  ['an upgrade', UPGRADE],
  ['CONNECT', 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n'],
] as const) {
  test(`${name} sent behind an unanswered request does not jump the queue`, async () => {
    await using origin = await startOrigin(() => {});
    await using proxy = await startProxyTo([origin.url]);
    await using client = await openClient(proxy.port);
    client.send(getText() + jumper);
    await client.ended();
    assert.equal(client.unread.length, 0, 'nothing is answered out of turn');
    assert.equal(origin.requests.filter(({ target }) => target === '/ws').length, 0);
    await eventually(() => assert.equal(origin.connections.size, 0));
  });
}
