/** Everything that happens to workers, under load: whoever asks gets an answer. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readMetric } from '../support/admin-client.ts';
import { eventually, soon } from '../support/eventually.ts';
import { type ExactLoad, startExactLoad } from '../support/exact-load.ts';
import {
  awaitWorkers,
  change,
  readAdmin,
  readyWorkers,
  TOKEN,
  type WorkerSeen,
} from '../support/operator.ts';
import {
  configTo,
  type ProxyProcess,
  startProxy,
  type TestConfig,
  type TestService,
} from '../support/proxy-process.ts';
import { startQuickOrigin } from '../support/quick-origin.ts';
import { clientPortsAt } from '../support/worker-connections.ts';

const PER_SECOND = 1_000;
const admin = { address: '127.0.0.1:0', token: TOKEN };

/**
 * One upstream with a limit of its own: origin and load share a process and its pauses, which the
 * edge would take for an upstream that has too much to do.
 */
function serving(url: string, service: TestService = {}): TestConfig {
  return configTo([], { upstreams: [{ url, maxInFlight: 2_000 }], ...service });
}

/** Loads a proxy with `workers` while `act` does something to it; answers with what came of it. */
async function underLoad(
  t: TestContext,
  workers: number,
  act: (proxy: ProxyProcess, load: ExactLoad) => Promise<void>,
): Promise<ExactLoad> {
  await using origin = await startQuickOrigin();
  await using proxy = await startProxy(
    { ...serving(origin.url), admin, workers, logLevel: 'warn' },
    'supervised',
  );
  const load = startExactLoad({ port: proxy.port, perSecond: PER_SECOND });
  try {
    await sleep(500);
    await act(proxy, load);
    await sleep(500);
  } finally {
    await load.stop();
  }
  const { sent, closedAtRest, failures } = load;
  t.diagnostic(`${sent} requests, ${failures.length} failed, ${closedAtRest} closed at rest`);
  assert.equal(load.answered + failures.length, sent);
  return load;
}

test('replacing every worker ten times fails no request, and closes no connection', async (t) => {
  const load = await underLoad(t, 2, async (proxy) => {
    const before = await awaitWorkers(proxy, 2);
    for (let round = 0; round < 10; round++) {
      const { status, body } = await change(proxy, '/api/restart');
      assert.equal(status, 200, JSON.stringify(body));
    }
    const after = await awaitWorkers(proxy, 2);
    const old = new Set(before.map(({ pid }) => pid));
    assert.ok(after.every(({ pid }) => !old.has(pid)));
  });
  assert.deepEqual(load.failures, []);
  assert.equal(load.closedAtRest, 0);
});

test('a worker that is killed costs no more than what it was serving', async (t) => {
  let atVictim = new Set<number>();
  const load = await underLoad(t, 2, async (proxy) => {
    const [victim] = await awaitWorkers(proxy, 2);
    const pid = victim?.pid as number;
    // Stopped, it gets no new connections: those it has now are those that die with it.
    process.kill(pid, 'SIGSTOP');
    await sleep(100);
    atVictim = clientPortsAt(pid, proxy.port);
    process.kill(pid, 'SIGKILL');
    await eventually(async () => {
      const ready = await readyWorkers(proxy);
      assert.equal(ready.length, 2);
      assert.ok(ready.every((worker) => worker.pid !== pid));
    });
  });
  t.diagnostic(`${atVictim.size} connections were open at the worker that was killed`);
  const others = load.failures.filter((why) => {
    const port = Number(/from port (\d+)/.exec(why)?.[1]);
    return !atVictim.has(port);
  });
  assert.deepEqual(others, []);
  assert.ok(load.failures.length <= atVictim.size);
});

test('connections made while the only worker is dead are served by its successor', async (t) => {
  const load = await underLoad(t, 1, async (proxy) => {
    const [victim] = await awaitWorkers(proxy, 1);
    process.kill(victim?.pid as number, 'SIGKILL');
    await eventually(async () => {
      const [successor] = await readyWorkers(proxy);
      assert.ok(successor && successor.pid !== victim?.pid);
    });
  });
  const refused = load.failures.filter((why) => why.includes('ECONNREFUSED'));
  assert.deepEqual(refused, []);
});

test('one worker becomes four and then two, and no request fails', async (t) => {
  const load = await underLoad(t, 1, async (proxy) => {
    for (const count of [2, 3, 4]) {
      proxy.signal('SIGTTIN');
      await awaitWorkers(proxy, count);
    }
    await eventually(async () => assertEven(await readyWorkers(proxy)));
    for (const count of [3, 2]) {
      proxy.signal('SIGTTOU');
      await awaitWorkers(proxy, count);
    }
  });
  assert.deepEqual(load.failures, []);
  assert.equal(load.closedAtRest, 0);
});

test('a hundred reloads of the configuration fail no request', async (t) => {
  const load = await underLoad(t, 2, async (proxy) => {
    const [service] = (
      await readAdmin<{ services: { upstreams: { url: string }[] }[] }>(proxy, '/api/services')
    ).services;
    const url = service?.upstreams[0]?.url as string;
    for (let round = 0; round < 100; round++) {
      const config = serving(url, { timeouts: { firstByte: `${20 + (round % 2)}s` } });
      await proxy.reload({ ...config, admin, workers: 2, logLevel: 'warn' });
    }
    const reloads = await readMetric(proxy, 'headgate_config_reloads_total');
    assert.deepEqual(reloads, [{ labels: { result: 'applied' }, value: 100 }]);
  });
  assert.deepEqual(load.failures, []);
  assert.equal(load.closedAtRest, 0);
});

test('a worker whose event loop stands still is replaced', async (t) => {
  await using origin = await startQuickOrigin();
  const supervision = { stuckAfter: '2s' } as const;
  await using proxy = await startProxy(
    { ...serving(origin.url), admin, workers: 2, supervision, logLevel: 'warn' },
    'supervised',
  );
  const [victim] = await awaitWorkers(proxy, 2);
  process.kill(victim?.pid as number, 'SIGSTOP');
  await eventually(async () => {
    const ready = await readyWorkers(proxy);
    assert.ok(ready.length === 2 && ready.every(({ pid }) => pid !== victim?.pid));
  });
  assert.match(proxy.stderr, /has not been heard of/);
  t.diagnostic(proxy.stderr.split('\n').find((line) => line.includes('heard of')) ?? '');
});

test('counters never go down when workers are replaced, and lose no request', async () => {
  await using origin = await startQuickOrigin();
  await using proxy = await startProxy(
    { ...serving(origin.url), admin, workers: 2, logLevel: 'warn' },
    'supervised',
  );
  const load = startExactLoad({ port: proxy.port, perSecond: 500 });
  let last = 0;
  const total = async () => {
    const samples = await readMetric(proxy, 'headgate_requests_total');
    return samples.reduce((sum, { value }) => sum + value, 0);
  };
  const watching = new AbortController();
  const watched = (async () => {
    while (!watching.signal.aborted) {
      const now = await total();
      assert.ok(now >= last, `${now} requests after ${last}`);
      last = now;
    }
  })();
  await sleep(300);
  for (let round = 0; round < 2; round++) await change(proxy, '/api/restart');
  await load.stop();
  watching.abort();
  await watched;
  assert.deepEqual(load.failures, []);
  assert.equal(await total(), load.sent);
});

test('SIGTERM under load answers everything that was asked', async () => {
  await using origin = await startQuickOrigin();
  await using proxy = await startProxy(
    { ...serving(origin.url), admin, workers: 2, logLevel: 'warn' },
    'supervised',
  );
  const load = startExactLoad({ port: proxy.port, perSecond: PER_SECOND, freshShare: 0 });
  await sleep(500);
  proxy.signal('SIGTERM');
  const { code } = await soon(proxy.exited, 'the end of the proxy');
  await load.stop();
  assert.equal(code, 0, proxy.stderr);
  const wrong = load.failures.filter((why) => !why.includes('ECONNREFUSED'));
  assert.deepEqual(wrong, []);
});

function assertEven(workers: readonly WorkerSeen[]): void {
  const counts = workers.map(({ connections }) => connections);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  assert.ok(most - least <= 2 + most * 0.1, `connections: ${counts.join(', ')}`);
}
