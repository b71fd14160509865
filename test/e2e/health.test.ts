/** Active checks: who is left out, who comes back, and what happens when all look bad. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readApp, readMetric, type UpstreamReport } from '../support/admin-client.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { get } from '../support/raw-client.ts';
import { answerOk, type Script, startOrigin } from '../support/recording-origin.ts';
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
  assert.equal(report.history.at(-1)?.what, 'unhealthy');
  await eventually(() => {
    const line = proxy.stderr.split('\n').find((one) => one.includes(`${sick.url} is unhealthy`));
    assert.match(line ?? '', /"\/health answered 500, 4 times in a row"/);
  });
});

test('a check says itself which answers are good', async () => {
  let status = 200;
  await using origin = await startOrigin(undefined, { health: () => status });
  await using proxy = await startProxyTo([origin.url], {
    healthCheck: { ...often.healthCheck, expect: { statuses: [204, '5xx'] }, rise: 1, fall: 1 },
  });
  await awaitVerdicts(proxy, 'unhealthy');
  status = 503;
  await awaitVerdicts(proxy, 'healthy');
});

test('a check of type tcp is content with a connection', async () => {
  const port = await freePort();
  await using mute = await startOrigin(undefined, { health: () => 0 });
  const leaving = await startOrigin(undefined, { port });
  try {
    await using proxy = await startProxyTo([mute.url, leaving.url], {
      healthCheck: { type: 'tcp', interval: '100ms' },
    });
    await awaitVerdicts(proxy, 'healthy', 'healthy');
    await leaving[Symbol.asyncDispose]();
    await awaitVerdicts(proxy, 'healthy', 'unhealthy');
    assert.equal(mute.probeCount, 0);
  } finally {
    await leaving[Symbol.asyncDispose]();
  }
});

test('a check of another port asks there', async () => {
  await using origin = await startOrigin();
  await using sidecar = await startOrigin();
  await using proxy = await startProxyTo([origin.url], {
    healthCheck: { ...often.healthCheck, port: sidecar.port },
  });
  await awaitVerdicts(proxy, 'healthy');
  assert.ok(sidecar.probeCount > 0);
  assert.equal(origin.probeCount, 0);
});

test('an upstream that answered well until it hung is found out while requests go there', async () => {
  let isHanging = false;
  const answer: Script = (request) => (isHanging ? undefined : answerOk(request));
  await using good = await startOrigin();
  await using stalled = await startOrigin(answer, { health: () => (isHanging ? 0 : 200) });
  await using proxy = await startProxyTo([good.url, stalled.url], {
    healthCheck: { ...often.healthCheck, timeout: '200ms' },
    policy: 'round-robin',
  });
  await awaitVerdicts(proxy, 'healthy', 'healthy');
  await steadyRequests(proxy.port, 4, 400);
  isHanging = true;
  const left = Array.from({ length: 8 }, () => get(proxy.port).catch(() => {}));
  await awaitVerdicts(proxy, 'healthy', 'unhealthy');
  await proxy[Symbol.asyncDispose]();
  await Promise.all(left);
});

test('an upstream that answers requests well is asked less often than one that gets none', async () => {
  await using busy = await startOrigin();
  await using spare = await startOrigin();
  await using proxy = await startProxyTo([], {
    ...often,
    upstreams: [
      { url: busy.url, weight: 1_000 },
      { url: spare.url, weight: 0.001 },
    ],
  });
  await awaitVerdicts(proxy, 'healthy', 'healthy');
  const before = { busy: busy.probeCount, spare: spare.probeCount };
  while (spare.probeCount - before.spare < 12) await steadyRequests(proxy.port, 1, 20);
  const asked = busy.probeCount - before.busy;
  assert.ok(asked <= 8, `${asked} times instead of ${spare.probeCount - before.spare}`);
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
