/** A new configuration, in each way it may come: all of it is in force in every worker, or none. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { type AdminPlace, callAdmin } from '../support/admin-call.ts';
import { readMetric } from '../support/admin-client.ts';
import { type ConfigFile, writeConfig } from '../support/config-file.ts';
import { eventually, soon } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { answersMore, assertQuiet, underLosslessLoad } from '../support/lossless-load.ts';
import { awaitWorkers, change, readAdmin, TOKEN, type WorkerSeen } from '../support/operator.ts';
import { type PatientOrigin, startPatientOrigin } from '../support/patient-origin.ts';
import {
  configText,
  configTo,
  type ProxyProcess,
  startProxy,
  type TestConfig,
} from '../support/proxy-process.ts';
import { assertRefused, exchangeOnce, get, getText, openClient } from '../support/raw-client.ts';
import { mountedConfig, renamedConfig } from '../support/replaced-config.ts';

interface Way {
  readonly name: string;
  /** As the audit calls it. */
  readonly actor: string;
  readonly place: (text: string) => Promise<ConfigFile>;
  /** The file has been replaced already. */
  readonly ask: (proxy: ProxyProcess) => Promise<unknown>;
}

const byItself = { actor: 'watch', ask: async () => {} };

const ways: readonly Way[] = [
  {
    name: 'SIGHUP',
    actor: 'SIGHUP',
    place: writeConfig,
    ask: async (proxy) => proxy.signal('SIGHUP'),
  },
  {
    name: 'POST /api/reload',
    actor: 'admin 127.0.0.1',
    place: writeConfig,
    ask: (proxy) => change(proxy, '/api/reload'),
  },
  { name: 'an edit of the watched file', place: writeConfig, ...byItself },
  { name: 'a file renamed over the watched one', place: renamedConfig, ...byItself },
  { name: 'the swapped symlink of a mounted folder', place: mountedConfig, ...byItself },
];

const admin = { address: '127.0.0.1:0', token: TOKEN };
const OTHER_TOKEN = 'another-operator-of-tests';

/** As many connections as no worker can be missed by; each is a new one. */
const MANY = 30;

interface Origins {
  readonly old: PatientOrigin;
  readonly next: PatientOrigin;
  /** Answers nothing. */
  readonly silent: PatientOrigin;
}

async function withOrigins(act: (origins: Origins) => Promise<void>): Promise<void> {
  await using old = await startPatientOrigin('old');
  await using next = await startPatientOrigin('next');
  await using silent = await startPatientOrigin();
  silent.hold();
  await act({ old, next, silent });
}

function to(origin: PatientOrigin) {
  return { url: origin.url, maxInFlight: 2_000 };
}

function configBefore({ old, next, silent }: Origins, way: Way): TestConfig {
  return {
    admin,
    workers: 2,
    watch: way.actor === 'watch',
    logLevel: 'warn',
    services: {
      app: { upstreams: [to(old)] },
      weighed: { policy: 'round-robin', upstreams: [to(old), to(next)] },
      late: { upstreams: [to(silent)] },
    },
    routes: [
      { match: { path: '/weighed' }, service: 'weighed' },
      { match: { path: '/late' }, service: 'late' },
      { service: 'app' },
    ],
  };
}

/** Nothing stays as it is in `configBefore`, and there is a service that logs what happens to it. */
function configAfter(
  { old, next, silent }: Origins,
  way: Way,
  adminPort: number,
  accessLog: string,
): TestConfig {
  return {
    admin: { address: `127.0.0.1:${adminPort}`, token: OTHER_TOKEN },
    workers: 3,
    watch: way.actor === 'watch',
    logLevel: 'debug',
    accessLog: { file: accessLog },
    limits: { requestBodySize: '1KiB' },
    services: {
      app: { upstreams: [to(next)] },
      weighed: { policy: 'round-robin', upstreams: [to(old), { ...to(next), weight: 3 }] },
      late: { upstreams: [to(silent)], timeouts: { firstByte: '200ms' }, retries: 0 },
      added: { upstreams: [to(old)] },
      gone: {
        upstreams: [{ url: 'http://127.0.0.1:1' }],
        healthCheck: { type: 'tcp', interval: '500ms' },
      },
    },
    routes: [
      { match: { path: '/weighed' }, service: 'weighed' },
      { match: { path: '/late' }, service: 'late' },
      { match: { path: '/added' }, service: 'added' },
      { service: 'app' },
    ],
  };
}

for (const way of ways) {
  test(`${way.name} changes everything, and no connection is dropped`, () =>
    withOrigins(async (origins) => {
      await using proxy = await startProxy(configBefore(origins, way), 'supervised', way.place);
      const adminPort = await freePort();
      const accessLog = proxy.file.sibling('access.log');
      await underLosslessLoad(proxy.port, async (load) => {
        assert.equal((await get(proxy.port, '/added')).text, 'old');
        await proxy.file.write(configText(configAfter(origins, way, adminPort, accessLog)));
        await way.ask(proxy);
        await proxy.prints('reloaded');
        // Kept connections are in every worker, and none of them brings it a request any more.
        const { old } = origins;
        await assertQuiet(old, load);

        await assertAdminHasMoved(proxy, adminPort);
        const workers = await awaitReady({ port: adminPort }, 3);
        await assertAllServe({ port: adminPort });
        for (let i = 0; i < MANY; i++) {
          assert.equal((await get(proxy.port, '/added')).text, 'old');
          assert.equal((await postOf(proxy, 2_000)).status, 413);
        }
        assert.equal((await get(proxy.port, '/late')).status, 504);
        await assertWeighed(proxy, origins);
        await assertLogged(accessLog);
        await assertLogs(proxy, workers);
      });
      await assertAudited(way, { port: adminPort });
    }));

  test(`a broken file is refused by ${way.name}, and the old one serves on`, () =>
    withOrigins(async (origins) => {
      await using proxy = await startProxy(configBefore(origins, way), 'supervised', way.place);
      await underLosslessLoad(proxy.port, async (load) => {
        await awaitWorkers(proxy, 2);
        await proxy.file.write(
          '{ "listeners": [{ "address": "127.0.0.1:0" }], "services": {}, "routs": [] }',
        );
        await way.ask(proxy);
        await eventually(() => {
          assert.match(proxy.stderr, /reload refused, the old configuration stays:/);
          assert.match(proxy.stderr, /routs.*routes/);
        });
        await assertRefusalIsTold(proxy, way, /routs/);
        // What is refused is refused in whole: the route that would be new is not there either.
        await assertAllServe({ port: proxy.adminPort });
        await assertQuiet(origins.next, load);
        assert.equal((await get(proxy.port, '/added')).text, 'old');
      });
    }));
}

describe('what cannot be put in force everywhere', () => {
  const way = ways[1] as Way;

  test('a listener on a port that is taken leaves every worker as it was', () =>
    withOrigins(async (origins) => {
      await using proxy = await startProxy(configBefore(origins, way), 'supervised');
      await underLosslessLoad(proxy.port, async (load) => {
        const after = configAfter(origins, way, await freePort(), proxy.file.sibling('log'));
        await proxy.file.write(
          configText({
            ...after,
            listeners: [{ address: '127.0.0.1:0' }, { address: `127.0.0.1:${origins.old.port}` }],
          }),
        );
        const { status, body } = await change(proxy, '/api/reload');
        assert.equal(status, 409);
        assert.match(body.detail ?? '', new RegExp(`${origins.old.port} is in use`));
        await assertRefusalIsTold(proxy, way, /is in use/);
        await assertAllServe({ port: proxy.adminPort });
        await assertQuiet(origins.next, load);
        assert.equal((await awaitWorkers(proxy, 2)).length, 2);
      });
    }));

  test('an admin address that is taken leaves every worker as it was', () =>
    withOrigins(async (origins) => {
      await using proxy = await startProxy(configBefore(origins, way), 'supervised');
      await underLosslessLoad(proxy.port, async (load) => {
        const log = proxy.file.sibling('log');
        await proxy.file.write(configText(configAfter(origins, way, origins.old.port, log)));
        const { status, body } = await change(proxy, '/api/reload');
        assert.equal(status, 409);
        assert.match(body.detail ?? '', /admin\.address/);
        await assertRefusalIsTold(proxy, way, /admin\.address/);
        await assertQuiet(origins.next, load);
      });
    }));

  test('a worker that does not answer leaves every worker as it was, itself included', () =>
    withOrigins(async (origins) => {
      // Nobody is to be replaced while it stands still.
      const supervision = { stuckAfter: '2m' } as const;
      const before = { ...configBefore(origins, way), supervision };
      await using proxy = await startProxy(before, 'supervised');
      const [worker] = await awaitWorkers(proxy, 2);
      const added = await freePort();
      await proxy.file.write(
        configText({
          ...before,
          listeners: [{ address: '127.0.0.1:0' }, { address: `127.0.0.1:${added}` }],
          services: { ...before.services, app: { upstreams: [to(origins.next)] } },
        }),
      );
      process.kill(worker?.pid as number, 'SIGSTOP');
      try {
        const { status } = await change(proxy, '/api/reload');
        assert.equal(status, 409);
      } finally {
        process.kill(worker?.pid as number, 'SIGCONT');
      }
      // It hears of both, the new one and the old one again, as soon as it goes on.
      await underLosslessLoad(proxy.port, async (load) => {
        await assertAllServe({ port: proxy.adminPort });
        await eventually(() => assertQuiet(origins.next, load));
      });
      await eventually(() => assertRefused(added));
    }));
});

test('a listener that is added accepts in every worker', async () => {
  await using origin = await startPatientOrigin();
  const added = await freePort();
  const before: TestConfig = {
    ...configTo([], { upstreams: [to(origin)] }),
    admin,
    workers: 2,
    supervision: { stuckAfter: '2m' },
  };
  await using proxy = await startProxy(before, 'supervised');
  await underLosslessLoad(proxy.port, async () => {
    await assertRefused(added);
    await proxy.reload({
      ...before,
      listeners: [{ address: '127.0.0.1:0' }, { address: `127.0.0.1:${added}` }],
    });
    assert.equal((await get(added)).text, 'ok');
  });
  const workers = await awaitWorkers(proxy, 2);
  for (const { pid } of workers) {
    // Whoever answers now is the other one.
    process.kill(pid, 'SIGSTOP');
    try {
      assert.equal((await get(added)).text, 'ok');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  }
});

test('a listener that is removed accepts no more, and finishes what was asked on it', async () => {
  await using origin = await startPatientOrigin();
  await using slow = await startPatientOrigin('slow');
  slow.hold();
  const [kept, removed] = [await freePort(), await freePort()];
  const on = (...ports: number[]): TestConfig => ({
    listeners: ports.map((port) => ({ address: `127.0.0.1:${port}` })),
    services: { app: { upstreams: [to(origin)] }, slow: { upstreams: [to(slow)] } },
    routes: [{ match: { path: '/slow' }, service: 'slow' }, { service: 'app' }],
    admin,
    workers: 2,
  });
  await using proxy = await startProxy(on(kept, removed), 'supervised');
  await underLosslessLoad(kept, async (load) => {
    await using client = await openClient(removed);
    client.send(getText('/slow'));
    await eventually(() => assert.equal(slow.held, 1));
    await proxy.reload(on(kept));
    await eventually(() => assertRefused(removed));
    await answersMore(load);
    assert.equal(client.isEnded, false);
    slow.release();
    assert.equal((await client.response()).text, 'slow');
    await client.ended();
  });
});

test('a reload that asks for fewer workers drains what they have', async () => {
  await using origin = await startPatientOrigin();
  await using slow = await startPatientOrigin('slow');
  slow.hold();
  const with_ = (workers: number): TestConfig => ({
    services: { app: { upstreams: [to(origin)] }, slow: { upstreams: [to(slow)] } },
    routes: [{ match: { path: '/slow' }, service: 'slow' }, { service: 'app' }],
    admin,
    workers,
  });
  await using proxy = await startProxy(with_(3), 'supervised');
  await underLosslessLoad(proxy.port, async (load) => {
    await awaitWorkers(proxy, 3);
    const asking = Array.from({ length: 12 }, () => get(proxy.port, '/slow'));
    await eventually(() => assert.equal(slow.held, 12));
    const reloading = proxy.reload(with_(1));
    await answersMore(load);
    slow.release();
    for (const answer of await soon(Promise.all(asking), 'twelve answers')) {
      assert.equal(answer.text, 'slow');
    }
    await reloading;
    await awaitWorkers(proxy, 1);
  });
});

async function workersAt(place: AdminPlace): Promise<readonly WorkerSeen[]> {
  const { body } = await callAdmin<{ workers: WorkerSeen[] }>(place, '/api/workers');
  return body.workers;
}

function awaitReady(place: AdminPlace, count: number): Promise<readonly WorkerSeen[]> {
  return eventually(async () => {
    const workers = await workersAt(place);
    const states = workers.map(({ state }) => state);
    assert.deepEqual(states, new Array(count).fill('ready'));
    return workers;
  });
}

/** Waits until each worker has answered some more. */
async function assertAllServe(place: AdminPlace): Promise<void> {
  const before = new Map((await workersAt(place)).map(({ id, requests }) => [id, requests]));
  await eventually(async () => {
    for (const { id, requests } of await workersAt(place)) {
      assert.ok(requests > (before.get(id) ?? 0), `worker ${id} serves nothing`);
    }
  });
}

async function assertAdminHasMoved(proxy: ProxyProcess, port: number): Promise<void> {
  await eventually(() => assertRefused(proxy.adminPort));
  const body = { action: 'fly' };
  const path = '/api/services/app/upstreams/x';
  assert.equal((await callAdmin({ port }, path, { body, token: TOKEN })).status, 401);
  assert.equal((await callAdmin({ port }, path, { body, token: OTHER_TOKEN })).status, 400);
}

function postOf(proxy: ProxyProcess, sizeBytes: number) {
  const head = ['POST / HTTP/1.1', 'Host: edge.test', `Content-Length: ${sizeBytes}`, '', ''];
  return exchangeOnce(proxy.port, head.join('\r\n'));
}

async function assertWeighed(proxy: ProxyProcess, { old, next }: Origins): Promise<void> {
  const count = 40;
  const before = old.asked;
  await using client = await openClient(proxy.port);
  let heavier = 0;
  for (let i = 0; i < count; i++) {
    client.send(getText('/weighed'));
    if ((await client.response()).text === 'next') heavier++;
  }
  assert.equal(old.asked - before, count - heavier);
  // It was 20; a reload begins a new round in each worker.
  assert.ok(heavier >= 28 && heavier <= 32, `weight 3 of 4 gets ${heavier} of ${count}`);
  assert.ok(next.asked > 0);
}

async function assertLogged(accessLog: string): Promise<void> {
  await eventually(async () => {
    const lines = (await readFile(accessLog, 'utf8')).trimEnd().split('\n');
    const added = lines.filter((line) => JSON.parse(line).path === '/added');
    assert.equal(added.length, MANY);
  });
}

/** Below `warn` there is nothing before the reload, and something of every process behind it. */
async function assertLogs(proxy: ProxyProcess, workers: readonly WorkerSeen[]): Promise<void> {
  await eventually(() => {
    const lines = proxy.stderr.split('\n').flatMap((line) => {
      return line.startsWith('{')
        ? [JSON.parse(line) as { pid: number; level: string; msg: string; name: string }]
        : [];
    });
    const talkative = lines.filter(({ level, name }) => level === 'info' && name === 'headgate');
    for (const pid of [proxy.pid, ...workers.map((worker) => worker.pid)]) {
      assert.ok(
        talkative.some((line) => line.pid === pid),
        `process ${pid} says nothing below warn`,
      );
    }
    const health = talkative.filter(({ msg }) => /^gone: .* is unhealthy$/.test(msg));
    assert.deepEqual(new Set(health.map(({ pid }) => pid)), new Set(workers.map(({ pid }) => pid)));
  });
}

interface Entry {
  readonly actor: string;
  readonly action: string;
  readonly result: string;
  readonly changed?: readonly string[];
  readonly why?: string;
}

async function assertAudited(way: Way, place: AdminPlace): Promise<void> {
  const { body } = await callAdmin<{ entries: Entry[] }>(place, '/api/audit');
  const done = body.entries.filter(
    ({ action, result }) => action === 'reload' && result === 'done',
  );
  assert.equal(done.length, 1, JSON.stringify(body.entries));
  assert.equal(done[0]?.actor, way.actor);
  const changed = (done[0]?.changed ?? []).join('\n');
  for (const what of [
    /^\+ services added \(1 upstream\)$/m,
    /^- services\.app\.upstreams http:/m,
    /^~ services\.weighed\.upstreams .* weight 1 → 3$/m,
    /^~ services\.late\.timeouts\.firstByte 30s → 200ms$/m,
    /^\+ routes \/added/m,
    /^~ limits\.requestBodySize /m,
    /^~ accessLog/m,
    /^~ logLevel warn → debug$/m,
    /^~ admin\.address /m,
    /^~ admin\.token <secret> → another$/m,
    /^~ workers 2 → 3$/m,
  ]) {
    assert.match(changed, what);
  }
  const status = await callAdmin<{ config: { lastRefusal?: object } }>(place, '/api/status');
  assert.equal(status.body.config.lastRefusal, undefined);
}

/** In the status, the audit and the metrics, and nothing was put in force. */
async function assertRefusalIsTold(proxy: ProxyProcess, way: Way, why: RegExp): Promise<void> {
  await eventually(async () => {
    const { config } = await readAdmin<{
      config: { generation: number; lastRefusal?: { why: string } };
    }>(proxy, '/api/status');
    assert.match(config.lastRefusal?.why ?? '', why);
    assert.equal(config.generation, 1);
    const { entries } = await readAdmin<{ entries: Entry[] }>(proxy, '/api/audit');
    const refused = entries.at(-1);
    assert.equal(refused?.actor, way.actor);
    assert.equal(refused?.action, 'reload');
    assert.equal(refused?.result, 'refused');
    assert.match(refused?.why ?? '', why);
    const reloads = await readMetric(proxy, 'headgate_config_reloads_total');
    assert.deepEqual(
      reloads.map(({ labels }) => labels.result),
      ['refused'],
    );
    assert.ok((reloads[0]?.value ?? 0) >= 1);
  });
}
