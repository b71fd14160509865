/** Active checks: who is left out, who comes back, and what happens when all look bad. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readApp, readMetric, type UpstreamReport } from '../support/admin-client.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { get } from '../support/raw-client.ts';
import { startOrigin } from '../support/recording-origin.ts';
import { steadyRequests } from '../support/steady-requests.ts';

const often = { healthCheck: { path: '/health', interval: '100ms', timeout: '2s' } } as const;

async function awaitVerdicts(proxy: ProxyProcess, ...expected: string[]): Promise<void> {
  await eventually(async () => {
    const { upstreams } = await readApp(proxy);
    assert.deepEqual(
      upstreams.map(({ verdict }) => verdict),
      expected,
    );
  });
}

test('an upstream that fails its checks gets no traffic, and gets it again when it recovers', async () => {
  let status = 503;
  await using good = await startOrigin();
  await using sick = await startOrigin(undefined, { health: () => status });
  await using proxy = await startProxyTo([good.url, sick.url], often);
  await awaitVerdicts(proxy, 'healthy', 'unhealthy');
  await steadyRequests(proxy.port, 4, 100);
  assert.equal(sick.requests.length, 0);
  assert.equal(good.requests.length, 100);

  status = 200;
  await awaitVerdicts(proxy, 'healthy', 'healthy');
  await steadyRequests(proxy.port, 4, 100);
  assert.ok(sick.requests.length > 20, `${sick.requests.length} of 100`);
});

test('an upstream falls after as many failures as configured, and the reason is told', async () => {
  let status = 200;
  await using good = await startOrigin();
  await using sick = await startOrigin(undefined, { health: () => status });
  await using proxy = await startProxyTo([good.url, sick.url], {
    healthCheck: { ...often.healthCheck, fall: 4 },
  });
  await awaitVerdicts(proxy, 'healthy', 'healthy');
  const before = sick.probeCount;
  status = 500;
  await awaitVerdicts(proxy, 'healthy', 'unhealthy');
  assert.ok(sick.probeCount - before >= 4, `${sick.probeCount - before} probes`);
  const report = (await readApp(proxy)).upstreams[1] as UpstreamReport & { reason: string };
  assert.equal(report.reason, '/health answered 500');
  assert.equal(report.history.at(-1)?.to, 'unhealthy');
  await eventually(() => assert.match(proxy.stderr, new RegExp(`${sick.url} is unhealthy`)));
});

test('a check that is not answered in time counts as failed', async () => {
  await using good = await startOrigin();
  await using stalled = await startOrigin(undefined, { health: () => 0 });
  await using proxy = await startProxyTo([good.url, stalled.url], {
    healthCheck: { ...often.healthCheck, timeout: '200ms' },
  });
  await awaitVerdicts(proxy, 'healthy', 'unhealthy');
});

test('when every upstream looks bad, health is ignored and requests are served', async () => {
  await using first = await startOrigin(undefined, { health: () => 500 });
  await using second = await startOrigin(undefined, { health: () => 500 });
  await using proxy = await startProxyTo([first.url, second.url], often);
  await awaitVerdicts(proxy, 'unhealthy', 'unhealthy');
  assert.equal((await readApp(proxy)).isPanicking, true);
  const panicking = await readMetric(proxy, 'headgate_service_panicking');
  assert.deepEqual(panicking, [{ labels: { service: 'app' }, value: 1 }]);
  const statuses = await steadyRequests(proxy.port, 4, 100);
  assert.deepEqual([...statuses], [[200, 100]]);
  assert.ok(first.requests.length > 0 && second.requests.length > 0);
});

test('half of the weight may be left out without panic', async () => {
  await using good = await startOrigin();
  await using sick = await startOrigin(undefined, { health: () => 500 });
  await using proxy = await startProxyTo([good.url, sick.url], often);
  await awaitVerdicts(proxy, 'healthy', 'unhealthy');
  assert.equal((await readApp(proxy)).isPanicking, false);
});

test('a refused connection brings the next check forward', async () => {
  const rarely = { healthCheck: { path: '/health', interval: '1h', fall: 1 } } as const;
  const port = await freePort();
  await using good = await startOrigin();
  const leaving = await startOrigin(undefined, { port });
  try {
    await using proxy = await startProxyTo([good.url, leaving.url], {
      ...rarely,
      policy: 'round-robin',
    });
    await awaitVerdicts(proxy, 'healthy', 'healthy');
    await leaving[Symbol.asyncDispose]();
    // No check is due for an hour: only the refused connection can have asked for one.
    for (let i = 0; i < 4; i++) assert.equal((await get(proxy.port)).status, 200);
    await awaitVerdicts(proxy, 'healthy', 'unhealthy');
  } finally {
    await leaving[Symbol.asyncDispose]();
  }
});

test('checks are sent with the name of the edge and count as no request', async () => {
  await using origin = await startOrigin();
  await using proxy = await startProxyTo([origin.url], often);
  await eventually(() => assert.ok(origin.probeCount >= 3));
  assert.equal(origin.requests.length, 0);
  const report = await readApp(proxy);
  assert.equal(report.upstreams[0]?.requests, 0);
  assert.equal(report.inFlight, 0);
});
