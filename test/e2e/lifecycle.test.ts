/** From start to exit: what is printed, how the edge drains, and its exit codes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, soon } from '../support/eventually.ts';
import { configTo, startProxy, startProxyTo } from '../support/proxy-process.ts';
import { assertRefused, get, getText, openClient } from '../support/raw-client.ts';
import { type Script, startOrigin } from '../support/recording-origin.ts';

const begin: Script = ({ socket }) =>
  socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n');

test('each listener is announced with its port, then the edge says ready', async () => {
  await using origin = await startOrigin();
  await using proxy = await startProxyTo(
    [origin.url],
    {},
    {
      listeners: [{ address: '127.0.0.1:0' }, { address: 'localhost:0' }],
    },
  );
  const lines = proxy.stdout.trimEnd().split('\n');
  assert.match(lines[0] ?? '', /^listening on http:\/\/127\.0\.0\.1:\d+$/);
  assert.match(lines[1] ?? '', /^listening on http:\/\/localhost:\d+$/);
  assert.match(lines[2] ?? '', /^admin on http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal(lines.at(-1), 'ready');
  assert.equal((await get(proxy.port)).text, 'ok');
});

test('the admin listener tells health and readiness', async () => {
  await using origin = await startOrigin();
  await using proxy = await startProxyTo([origin.url]);
  assert.equal((await get(proxy.adminPort, '/health')).status, 200);
  assert.equal((await get(proxy.adminPort, '/ready')).status, 200);
  const page = await get(proxy.adminPort, '/');
  assert.equal(page.header('content-type'), 'text/html; charset=utf-8');
  assert.equal((await get(proxy.adminPort, '/nothing')).status, 404);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} finishes what is under way, refuses what is new, and exits with 0`, async () => {
    await using origin = await startOrigin((request) =>
      request.target === '/slow' ? begin(request) : request.answer('ok'),
    );
    await using proxy = await startProxyTo([origin.url]);
    const { port, adminPort } = proxy;
    await using slow = await openClient(port);
    await using kept = await openClient(port);
    slow.send(getText('/slow'));
    await slow.receives('first');
    const slowAttempt = origin.last;
    kept.send(getText());
    assert.equal((await kept.response()).header('connection'), 'keep-alive');

    proxy.signal(signal);
    await proxy.prints('draining');
    await eventually(() => assertRefused(port));
    assert.equal((await get(adminPort, '/ready')).status, 503);
    assert.equal(proxy.child.exitCode, null);

    slowAttempt.socket.write('4\r\nlast\r\n0\r\n\r\n');
    assert.equal((await slow.response()).text, 'firstlast');
    assert.deepEqual(await soon(proxy.exited, 'the exit'), { code: 0, signal: null });
    assert.equal(proxy.stderr, '');
  });
}

test('a request that comes on a kept connection while draining is answered, and is the last', async () => {
  await using origin = await startOrigin();
  await using proxy = await startProxyTo([origin.url]);
  await using client = await openClient(proxy.port);
  client.send(getText());
  await client.response();
  proxy.signal('SIGTERM');
  await proxy.prints('draining');
  client.send(getText());
  const response = await client.response();
  assert.equal(response.text, 'ok');
  assert.equal(response.header('connection'), 'close');
  await client.ended();
  assert.equal((await soon(proxy.exited, 'the exit')).code, 0);
});

test('a request under way when draining begins is answered with Connection: close', async () => {
  let answer = () => {};
  await using origin = await startOrigin((request) => {
    answer = () => request.answer('late');
  });
  await using proxy = await startProxyTo([origin.url]);
  await using client = await openClient(proxy.port);
  client.send(getText());
  await eventually(() => assert.equal(origin.requests.length, 1));
  proxy.signal('SIGTERM');
  await proxy.prints('draining');
  answer();
  const response = await client.response();
  assert.equal(response.text, 'late');
  assert.equal(response.header('connection'), 'close');
  assert.equal((await soon(proxy.exited, 'the exit')).code, 0);
});

test('what is not finished when the time is up is cut, and the exit code is 0', async () => {
  await using origin = await startOrigin(begin);
  await using proxy = await startProxyTo([origin.url], {}, { timeouts: { shutdown: '300ms' } });
  await using client = await openClient(proxy.port);
  client.send(getText());
  await client.receives('first');
  proxy.signal('SIGTERM');
  await assert.rejects(client.response(), /ended before the rest/);
  assert.equal((await soon(proxy.exited, 'the exit')).code, 0);
});

test('a reload while draining is not taken: what was closed stays closed', async () => {
  await using origin = await startOrigin(begin);
  await using proxy = await startProxyTo([origin.url]);
  const { port } = proxy;
  await using client = await openClient(port);
  client.send(getText());
  await client.receives('first');
  await proxy.file.write(
    JSON.stringify({ ...configTo([origin.url]), listeners: [{ address: `127.0.0.1:${port}` }] }),
  );
  proxy.signal('SIGTERM');
  await proxy.prints('draining');
  await eventually(() => assertRefused(port));
  proxy.signal('SIGHUP');
  // Time for a reload, which takes a few milliseconds.
  await sleep(300);
  await assertRefused(port);
  origin.last.socket.write('0\r\n\r\n');
  assert.equal((await client.response()).text, 'first');
  assert.equal((await soon(proxy.exited, 'the exit')).code, 0);
});

test('a tunnel is cut when the time for draining is up', async () => {
  await using origin = await startOrigin(({ socket }) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n');
    socket.write('Connection: Upgrade\r\n\r\n');
    socket.resume();
  });
  await using proxy = await startProxyTo([origin.url], {}, { timeouts: { shutdown: '300ms' } });
  await using client = await openClient(proxy.port);
  client.send(getText('/', 'Connection: Upgrade', 'Upgrade: websocket'));
  assert.equal((await client.response()).status, 101);
  proxy.signal('SIGTERM');
  await client.ended();
  assert.equal((await soon(proxy.exited, 'the exit')).code, 0);
  await eventually(() => assert.equal(origin.connections.size, 0));
});

test('a second signal ends the edge at once', async () => {
  await using origin = await startOrigin(begin);
  await using proxy = await startProxyTo([origin.url]);
  await using client = await openClient(proxy.port);
  client.send(getText());
  await client.receives('first');
  proxy.signal('SIGTERM');
  await proxy.prints('draining');
  proxy.signal('SIGTERM');
  assert.equal((await soon(proxy.exited, 'the exit')).code, 1);
  await assert.rejects(client.response(), /ended before the rest/);
});

test('a port that is taken ends the start with one clear line', async () => {
  await using origin = await startOrigin();
  await assert.rejects(
    startProxy({
      ...configTo([origin.url]),
      listeners: [{ address: `127.0.0.1:${origin.port}` }],
    }),
    {
      message: `headgate exited with 1: 127.0.0.1:${origin.port} is in use by another process; stop it or change the address\n`,
    },
  );
});

test('an admin port that is taken ends the start with one clear line', async () => {
  await using origin = await startOrigin();
  await assert.rejects(
    startProxyTo([origin.url], {}, { admin: { address: `127.0.0.1:${origin.port}` } }),
    /exited with 1: 127\.0\.0\.1:\d+ \(admin\.address\) is in use by another process[^\n]*\n$/,
  );
});

test('an edge whose upstreams are all down starts, and says 503', async () => {
  await using proxy = await startProxyTo(['http://127.0.0.1:1'], {
    healthCheck: { path: '/health', interval: '100ms' },
  });
  assert.equal((await get(proxy.port)).status, 503);
});
