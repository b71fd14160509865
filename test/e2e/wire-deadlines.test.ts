/** Limits of time that progress does not put off: a request in total, and an upload's rate. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { awaitInFlight, readApp } from '../support/admin-client.ts';
import { eventually } from '../support/eventually.ts';
import { startProxyTo } from '../support/proxy-process.ts';
import { get, getText, openClient, type RawClient } from '../support/raw-client.ts';
import {
  type ReceivedRequest,
  type RecordingOrigin,
  type Script,
  startOrigin,
} from '../support/recording-origin.ts';

async function assertAttemptsClosed(origin: RecordingOrigin): Promise<void> {
  await eventually(() => assert.equal(origin.connections.size, 0));
}

/** Sends a chunk every 50 ms until the connection is gone. */
function drip({ socket }: Pick<ReceivedRequest, 'socket'>): void {
  const timer = setInterval(() => socket.write('1\r\nx\r\n'), 50);
  socket.once('close', () => clearInterval(timer));
}

const stream: Script = (request) => {
  request.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
  drip(request);
};

test('a request that is not answered within timeouts.total is 504, and the attempt is closed', async () => {
  await using origin = await startOrigin(() => {});
  await using proxy = await startProxyTo([origin.url], { timeouts: { total: '1s' } });
  await using client = await openClient(proxy.port);
  client.send(getText());
  const page = await client.response();
  assert.equal(page.status, 504);
  assert.equal(page.header('content-type'), 'application/problem+json');
  await assertAttemptsClosed(origin);
  await awaitInFlight(proxy, 0);

  origin.script = (request) => request.answer('in time');
  client.send(getText());
  assert.equal((await client.response()).text, 'in time');
});

test('an answer that is not whole within timeouts.total is broken off, though it moves', async () => {
  await using origin = await startOrigin(stream);
  await using proxy = await startProxyTo([origin.url], { timeouts: { total: '1s' } });
  await using client = await openClient(proxy.port);
  client.send(getText());
  await client.receives('1\r\nx\r\n');
  await assert.rejects(client.response(), /ended before the rest of an answer/);
  await assertAttemptsClosed(origin);
  await awaitInFlight(proxy, 0);
});

test('without timeouts.total an answer that moves outlives the other limits', async () => {
  await using origin = await startOrigin(stream);
  await using proxy = await startProxyTo([origin.url], {
    timeouts: { firstByte: '1s', idle: '1s' },
  });
  await using client = await openClient(proxy.port);
  client.send(getText());
  await client.head();
  await sleep(2_500);
  await client.receives('1\r\nx\r\n'.repeat(10));
  assert.equal(client.isEnded, false);
});

test('timeouts.total counts all attempts together', async () => {
  await using origin = await startOrigin(async ({ socket }) => {
    await sleep(200);
    socket.resetAndDestroy();
  });
  await using proxy = await startProxyTo([origin.url], {
    retries: 10,
    timeouts: { total: '1s' },
  });
  assert.equal((await get(proxy.port)).status, 504);
  assert.ok(origin.requests.length > 1, 'it was tried again');
  assert.ok(origin.requests.length < 11, 'and given up before the last retry');
});

test('timeouts.total counts the upload as well', async () => {
  await using origin = await startOrigin();
  await using proxy = await startProxyTo([origin.url], { timeouts: { total: '1s' } });
  await using client = await openClient(proxy.port);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
  drip(client);
  await client.ended();
  assert.doesNotMatch(client.unread.toString('latin1'), /^HTTP\/1\.1 [123]/);
  await assertAttemptsClosed(origin);
  await awaitInFlight(proxy, 0);
});

/** Sends `sizeBytes` bytes of an upload, `pieceBytes` every 100 ms, until an answer begins. */
async function upload(client: RawClient, sizeBytes: number, pieceBytes: number): Promise<void> {
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${sizeBytes}\r\n\r\n`);
  for (let sent = 0; sent < sizeBytes && client.unread.length === 0; sent += pieceBytes) {
    if (client.isEnded) return;
    client.send('x'.repeat(Math.min(pieceBytes, sizeBytes - sent)));
    await sleep(100);
  }
}

// Each takes more than the five seconds that an upload has before its rate counts.
describe('the rate of an upload', { concurrency: true }, () => {
  test('an upload slower than limits.requestBodyRate is 408, though it is never idle', async () => {
    await using origin = await startOrigin();
    await using proxy = await startProxyTo([origin.url]);
    await using client = await openClient(proxy.port);
    await upload(client, 150, 1);
    const page = await client.response();
    assert.equal(page.status, 408);
    await client.ended();
    await assertAttemptsClosed(origin);
    await awaitInFlight(proxy, 0);
    assert.equal((await readApp(proxy)).upstreams[0]?.failures, 0, 'not the fault of the upstream');
  });

  test('a chunked upload slower than limits.requestBodyRate is 408 as well', async () => {
    await using origin = await startOrigin();
    await using proxy = await startProxyTo([origin.url]);
    await using client = await openClient(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    drip(client);
    assert.equal((await client.response()).status, 408);
    await client.ended();
  });

  test('an upload faster than limits.requestBodyRate may take its time', async () => {
    await using origin = await startOrigin();
    await using proxy = await startProxyTo([origin.url]);
    await using client = await openClient(proxy.port);
    await upload(client, 16_000, 200);
    assert.equal((await client.response()).text, 'ok');
    assert.equal((await origin.last.body).length, 16_000);
  });

  test('a rate of 0 lets every upload take its time', async () => {
    await using origin = await startOrigin();
    await using proxy = await startProxyTo([origin.url], {}, { limits: { requestBodyRate: '0B' } });
    await using client = await openClient(proxy.port);
    await upload(client, 80, 1);
    assert.equal((await client.response()).text, 'ok');
  });

  test('what an upstream takes its time for is not the slowness of the client', async () => {
    const SIZE = 16 * 1024 * 1024;
    await using origin = await startOrigin(async (request) => {
      request.socket.pause();
      await sleep(7_000);
      request.socket.resume();
      await request.body;
      request.answer('taken');
    });
    await using proxy = await startProxyTo(
      [origin.url],
      {},
      { limits: { requestBodyRate: '10MiB' }, timeouts: { requestBodyIdle: '1s' } },
    );
    await using client = await openClient(proxy.port);
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${SIZE}\r\n\r\n`);
    client.send(Buffer.alloc(SIZE));
    assert.equal((await client.response()).text, 'taken');
  });

  test('a short upload may be as slow as it likes within the first seconds', async () => {
    await using origin = await startOrigin();
    await using proxy = await startProxyTo(
      [origin.url],
      {},
      { limits: { requestBodyRate: '1MiB' } },
    );
    await using client = await openClient(proxy.port);
    await upload(client, 10, 1);
    assert.equal((await client.response()).text, 'ok');
  });
});
