/** SIGHUP: a new configuration takes over and no request notices. */
import assert from 'node:assert/strict';
import { readdirSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { awaitInFlight, readApp, readMetric } from '../support/admin-client.ts';
import { eventually, soon } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { configTo, startProxy, startProxyTo } from '../support/proxy-process.ts';
import { assertRefused, get, getText, openClient } from '../support/raw-client.ts';
import { type Script, startOrigin } from '../support/recording-origin.ts';
import { steadyRequests } from '../support/steady-requests.ts';

const begin: Script = ({ socket }) =>
  socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n');

test('a new route and a new upstream take effect', async () => {
  await using first = await startOrigin((request) => request.answer('first'));
  await using second = await startOrigin((request) => request.answer('second'));
  const old = configTo([first.url], {}, { routes: [{ match: { path: '/a' }, service: 'app' }] });
  await using proxy = await startProxy(old);
  assert.equal((await get(proxy.port, '/b')).status, 404);
  await proxy.reload({
    services: { ...old.services, other: { upstreams: [{ url: second.url }] } },
    routes: [...old.routes, { match: { path: '/b' }, service: 'other' }],
  });
  assert.equal((await get(proxy.port, '/a')).text, 'first');
  assert.equal((await get(proxy.port, '/b')).text, 'second');
});

test('a new weight takes effect', async () => {
  await using first = await startOrigin();
  await using second = await startOrigin();
  const weigh = (weight: number) =>
    configTo([], {
      policy: 'round-robin',
      upstreams: [{ url: first.url }, { url: second.url, weight }],
    });
  await using proxy = await startProxy(weigh(1));
  for (let i = 0; i < 8; i++) await get(proxy.port);
  assert.deepEqual([first.requests.length, second.requests.length], [4, 4]);
  await proxy.reload(weigh(3));
  for (let i = 0; i < 8; i++) await get(proxy.port);
  assert.deepEqual([first.requests.length, second.requests.length], [6, 10]);
});

test('a request in flight goes on through reloads, and stays counted', async () => {
  await using origin = await startOrigin(begin);
  await using other = await startOrigin();
  await using proxy = await startProxyTo([origin.url]);
  await using client = await openClient(proxy.port);
  client.send(getText());
  await client.receives('first');

  await proxy.reload(configTo([other.url, origin.url]));
  await awaitInFlight(proxy, 1);
  const report = (await readApp(proxy)).upstreams.find(({ url }) => url === origin.url);
  assert.equal(report?.inFlight, 1);
  assert.equal(report?.requests, 1);

  origin.last.socket.write('4\r\nlast\r\n0\r\n\r\n');
  assert.equal((await client.response()).text, 'firstlast');
  await awaitInFlight(proxy, 0);
});

test('a request in flight to an upstream that was removed is finished', async () => {
  await using leaving = await startOrigin(begin);
  await using staying = await startOrigin();
  await using proxy = await startProxyTo([leaving.url]);
  await using client = await openClient(proxy.port);
  client.send(getText());
  await client.receives('first');
  await proxy.reload(configTo([staying.url]));
  assert.equal((await get(proxy.port)).text, 'ok');
  assert.equal(leaving.requests.length, 1);

  leaving.last.socket.write('4\r\nlast\r\n0\r\n\r\n');
  assert.equal((await client.response()).text, 'firstlast');
  await eventually(() => assert.equal(leaving.connections.size, 0));
});

test('no request fails while the configuration is replaced again and again', async () => {
  await using first = await startOrigin();
  await using second = await startOrigin();
  await using proxy = await startProxyTo([first.url, second.url]);
  const traffic = steadyRequests(proxy.port, 4, 1_500);
  for (let i = 0; i < 6; i++) {
    const urls = i % 2 === 0 ? [first.url] : [first.url, second.url];
    await proxy.reload(configTo(urls, { timeouts: { connect: `${i + 1}s` } }));
  }
  assert.deepEqual([...(await traffic)], [[200, 1_500]]);
});

test('verdicts survive a reload', async () => {
  await using good = await startOrigin();
  await using sick = await startOrigin(undefined, { health: () => 500 });
  const config = configTo([good.url, sick.url], {
    healthCheck: { path: '/health', interval: '200ms' },
  });
  await using proxy = await startProxy(config);
  const verdicts = async () => (await readApp(proxy)).upstreams.map(({ verdict }) => verdict);
  await eventually(async () => assert.deepEqual(await verdicts(), ['healthy', 'unhealthy']));
  await proxy.reload({ ...config, limits: { maxInFlight: 100 } });
  assert.deepEqual(await verdicts(), ['healthy', 'unhealthy']);
});

test('a broken file changes nothing, and every problem is told', async () => {
  await using origin = await startOrigin();
  await using proxy = await startProxyTo([origin.url]);
  await proxy.file.write('{ "listeners": [], "services": {}, "nonsense": 1 }');
  proxy.signal('SIGHUP');
  await eventually(() => {
    assert.match(proxy.stderr, /reload refused, the old configuration stays/);
    assert.match(proxy.stderr, /nonsense/);
    assert.match(proxy.stderr, /listeners/);
    assert.match(proxy.stderr, /routes/);
  });
  assert.equal((await get(proxy.port)).text, 'ok');
  await eventually(async () => {
    const reloads = await readMetric(proxy, 'headgate_config_reloads_total');
    assert.deepEqual(reloads, [{ labels: { result: 'refused' }, value: 1 }]);
  });
});

test('a listener that cannot be had changes nothing', async () => {
  await using origin = await startOrigin();
  await using proxy = await startProxyTo([origin.url]);
  await proxy.file.write(
    JSON.stringify({
      ...configTo([origin.url]),
      listeners: [{ address: '127.0.0.1:0' }, { address: `127.0.0.1:${origin.port}` }],
    }),
  );
  proxy.signal('SIGHUP');
  await eventually(() =>
    assert.match(proxy.stderr, new RegExp(`reload refused.*${origin.port} is in use`)),
  );
  assert.equal((await get(proxy.port)).text, 'ok');
});

test('a tunnel goes on through a reload, and stays counted', async () => {
  await using origin = await startOrigin(({ socket }) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n');
    socket.write('Connection: Upgrade\r\n\r\n');
    socket.pipe(socket);
  });
  await using proxy = await startProxyTo([origin.url]);
  await using client = await openClient(proxy.port);
  client.send(getText('/', 'Connection: Upgrade', 'Upgrade: websocket'));
  assert.equal((await client.response()).status, 101);
  await proxy.reload(configTo([origin.url], { retries: 0 }));
  client.send('still here');
  await client.receives('still here');
  await awaitInFlight(proxy, 1);
});

test('listeners are opened and closed as the configuration says', async () => {
  await using origin = await startOrigin();
  const [first, second] = [await freePort(), await freePort()];
  const on = (...ports: number[]) => ({
    ...configTo([origin.url]),
    listeners: ports.map((port) => ({ address: `127.0.0.1:${port}` })),
  });
  await using proxy = await startProxy(on(first));
  assert.equal((await get(first)).text, 'ok');
  await proxy.reload(on(first, second));
  assert.equal((await get(second)).text, 'ok');

  await using client = await openClient(first);
  client.send(getText());
  assert.equal((await client.response()).text, 'ok');
  await proxy.reload(on(second));
  await eventually(() => assertRefused(first));
  await client.ended();
  assert.equal((await get(second)).text, 'ok');
});

test('a request in flight on a listener that was removed survives the end of the edge', async () => {
  await using origin = await startOrigin(begin);
  await using proxy = await startProxy({
    ...configTo([origin.url]),
    listeners: [{ address: '127.0.0.1:0' }, { address: '127.0.0.1:0' }],
  });
  await using client = await openClient(proxy.ports[1] as number);
  client.send(getText());
  await client.receives('first');
  await proxy.reload({ ...configTo([origin.url]), listeners: [{ address: '127.0.0.1:0' }] });
  proxy.signal('SIGTERM');
  await proxy.prints('draining');
  await sleep(200);
  origin.last.socket.write('4\r\nlast\r\n0\r\n\r\n');
  assert.equal((await client.response()).text, 'firstlast');
  assert.equal((await soon(proxy.exited, 'the exit')).code, 0);
});

test('a refused reload leaves no file open', async () => {
  await using origin = await startOrigin();
  await using proxy = await startProxyTo([origin.url]);
  const log = `${proxy.file.path}.log`;
  await proxy.file.write(
    JSON.stringify({
      ...configTo([origin.url]),
      listeners: [{ address: '127.0.0.1:0' }],
      accessLog: { file: log },
      admin: { address: `127.0.0.1:${origin.port}` },
    }),
  );
  proxy.signal('SIGHUP');
  await eventually(() => assert.match(proxy.stderr, /reload refused/));
  const directory = `/proc/${proxy.pid}/fd`;
  await eventually(() => {
    const open = readdirSync(directory).map((fd) => linkOf(join(directory, fd)));
    assert.ok(!open.includes(log));
  });
  rmSync(log, { force: true });
});

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
