/** A request is counted from pick to the last byte or abort, and given back exactly once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { awaitInFlight, readApp } from '../support/admin-client.ts';
import { eventually } from '../support/eventually.ts';
import { startProxyTo } from '../support/proxy-process.ts';
import { getText, openClient } from '../support/raw-client.ts';
import { type RecordingOrigin, type Script, startOrigin } from '../support/recording-origin.ts';

const silent: Script = () => {};
const stream: Script = ({ socket }) =>
  socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n');

async function assertAttemptClosed(origin: RecordingOrigin): Promise<void> {
  await eventually(() => assert.equal(origin.connections.size, 0, 'the attempt is still open'));
}

test('a slow body is counted until its last byte', async () => {
  await using origin = await startOrigin(stream);
  await using proxy = await startProxyTo([origin.url]);
  await using client = await openClient(proxy.port);
  client.send(getText());
  await client.receives('first');
  await awaitInFlight(proxy, 1);
  origin.last.socket.write('4\r\nlast\r\n');
  await client.receives('last');
  await awaitInFlight(proxy, 1);
  origin.last.socket.write('0\r\n\r\n');
  await client.response();
  await awaitInFlight(proxy, 0);
});

for (const leave of ['closes', 'resets'] as const) {
  test(`a client that ${leave} before the answer ends the attempt`, async () => {
    await using origin = await startOrigin(silent);
    await using proxy = await startProxyTo([origin.url]);
    await using client = await openClient(proxy.port);
    client.send(getText());
    await eventually(() => assert.equal(origin.requests.length, 1));
    await awaitInFlight(proxy, 1);
    if (leave === 'closes') client.socket.destroy();
    else client.reset();
    await awaitInFlight(proxy, 0);
    await assertAttemptClosed(origin);
    assert.equal((await readApp(proxy)).upstreams[0]?.failures, 0, 'not the fault of the upstream');
  });

  test(`a client that ${leave} in the middle of the answer ends the attempt`, async () => {
    await using origin = await startOrigin(stream);
    await using proxy = await startProxyTo([origin.url]);
    await using client = await openClient(proxy.port);
    client.send(getText());
    await client.receives('first');
    await awaitInFlight(proxy, 1);
    if (leave === 'closes') client.socket.destroy();
    else client.reset();
    await awaitInFlight(proxy, 0);
    await assertAttemptClosed(origin);
  });

  test(`a client that ${leave} in the middle of its upload ends the attempt`, async () => {
    await using origin = await startOrigin();
    await using proxy = await startProxyTo([origin.url]);
    await using client = await openClient(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nonly some');
    await eventually(() => assert.equal(origin.requests.length, 1));
    await awaitInFlight(proxy, 1);
    if (leave === 'closes') client.socket.destroy();
    else client.reset();
    await awaitInFlight(proxy, 0);
    await assertAttemptClosed(origin);
  });
}

test('an upstream that dies in the middle of its answer gives the request back', async () => {
  await using origin = await startOrigin(stream);
  await using proxy = await startProxyTo([origin.url]);
  await using client = await openClient(proxy.port);
  client.send(getText());
  await client.receives('first');
  origin.last.socket.resetAndDestroy();
  await client.ended();
  await awaitInFlight(proxy, 0);
  assert.equal((await readApp(proxy)).upstreams[0]?.failures, 1);
});

test('an upstream that stalls in the middle of its answer is given up, and the client sees it', async () => {
  await using origin = await startOrigin(stream);
  await using proxy = await startProxyTo([origin.url], { timeouts: { idle: '300ms' } });
  await using client = await openClient(proxy.port);
  client.send(getText());
  await client.receives('first');
  await assert.rejects(client.response(), /ended before the rest/);
  await awaitInFlight(proxy, 0);
  await assertAttemptClosed(origin);
});

test('a client that stops reading for too long is given up', async () => {
  await using origin = await startOrigin(({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${64 * 1024 * 1024}\r\n\r\n`);
    socket.write(Buffer.alloc(64 * 1024 * 1024));
  });
  await using proxy = await startProxyTo(
    [origin.url],
    {},
    { timeouts: { responseStall: '300ms' } },
  );
  await using client = await openClient(proxy.port);
  client.send(getText());
  await client.head();
  client.socket.pause();
  await awaitInFlight(proxy, 0);
  await assertAttemptClosed(origin);
});

test('a client that stops sending its upload is given up', async () => {
  await using origin = await startOrigin();
  await using proxy = await startProxyTo(
    [origin.url],
    {},
    {
      timeouts: { requestBodyIdle: '300ms' },
    },
  );
  await using client = await openClient(proxy.port);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nonly some');
  await client.ended();
  await awaitInFlight(proxy, 0);
  await assertAttemptClosed(origin);
});

test('an upload that keeps moving outlives the idle limits', async () => {
  await using origin = await startOrigin();
  await using proxy = await startProxyTo(
    [origin.url],
    { timeouts: { idle: '1s', firstByte: '1s' } },
    { timeouts: { requestBodyIdle: '1s' } },
  );
  await using client = await openClient(proxy.port);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
  const pieces = setInterval(() => client.send('1\r\nx\r\n'), 100);
  try {
    await sleep(2_500);
  } finally {
    clearInterval(pieces);
  }
  client.send('0\r\n\r\n');
  assert.equal((await client.response()).text, 'ok');
});

test('an answer before the end of the upload is passed on and the request given back', async () => {
  await using origin = await startOrigin((request) => request.answer('early'));
  await using proxy = await startProxyTo([origin.url]);
  await using client = await openClient(proxy.port);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nonly some');
  assert.equal((await client.response()).text, 'early');
  await awaitInFlight(proxy, 0);
});

test('after hundreds of mixed endings nothing is in flight and nothing is open', async () => {
  await using origin = await startOrigin((request) => {
    const endings: Record<string, () => unknown> = {
      '/ok': () => request.answer('ok'),
      '/reset': () => request.socket.resetAndDestroy(),
      '/half': () => {
        stream(request);
        request.socket.end();
      },
      '/stream': () => stream(request),
    };
    endings[request.target]?.();
  });
  await using proxy = await startProxyTo([origin.url], { timeouts: { idle: '500ms' } });
  const paths = ['/ok', '/reset', '/half', '/stream', '/silent'];
  for (let round = 0; round < 10; round++) {
    const clients = await Promise.all(
      paths
        .flatMap((p) => [p, p, p, p])
        .map(async (path, i) => {
          const client = await openClient(proxy.port);
          client.send(getText(path));
          if (i % 2 === 0) client.socket.end();
          return client;
        }),
    );
    // Long enough for some to be answered, short enough for others to be cut anywhere.
    await sleep(round * 3);
    for (const client of clients) await client[Symbol.asyncDispose]();
  }
  await awaitInFlight(proxy, 0);
});

test('an upstream that reads late does not cost the client its upload', async () => {
  const size = 8 * 1024 * 1024;
  await using origin = await startOrigin(async (request) => {
    request.socket.pause();
    await sleep(900);
    request.socket.resume();
    await request.body;
    request.answer('taken');
  });
  await using proxy = await startProxyTo(
    [origin.url],
    {},
    { timeouts: { requestBodyIdle: '300ms' } },
  );
  await using client = await openClient(proxy.port);
  client.send(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
  client.send(Buffer.alloc(size));
  assert.equal((await client.response()).text, 'taken');
});
