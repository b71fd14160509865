/** A new configuration, in each way it may come: all of it is in force in every worker. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { type AdminPlace, callAdmin } from '../support/admin-call.ts';
import {
  type AuditedChange,
  admin,
  assertQuietEverywhere,
  awaitReady,
  configAfter,
  configBefore,
  type Origins,
  OTHER_TOKEN,
  to,
  type Way,
  ways,
  withOrigins,
} from '../support/config-ways.ts';
import { eventually, soon } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { answersMore, underLosslessLoad } from '../support/lossless-load.ts';
import { awaitWorkers, TOKEN, type WorkerSeen } from '../support/operator.ts';
import { startPatientOrigin } from '../support/patient-origin.ts';
import {
  configText,
  configTo,
  type ProxyProcess,
  startProxy,
  type TestConfig,
} from '../support/proxy-process.ts';
import { assertRefused, exchangeOnce, get, getText, openClient } from '../support/raw-client.ts';

/** As many connections as no worker can be missed by; each is a new one. */
const MANY = 30;

for (const way of ways) {
  test(`${way.name} changes everything, and no connection is dropped`, () =>
    withOrigins(async (origins) => {
      await using proxy = await startProxy(configBefore(origins, way), 'supervised', way.place);
      const adminPort = await freePort();
      const accessLog = proxy.file.sibling('access.log');
      await underLosslessLoad(proxy.port, async (load) => {
        assert.equal((await get(proxy.port, '/added')).text, 'old');
        assert.deepEqual(talkOf(proxy), []);
        await proxy.file.write(configText(configAfter(origins, way, adminPort, accessLog)));
        await way.ask(proxy);
        await proxy.prints('reloaded');
        await assertAdminHasMoved(proxy, adminPort);
        const workers = await awaitReady({ port: adminPort }, 3);
        await assertQuietEverywhere(origins.old, load, { port: adminPort });
        await Promise.all(
          Array.from({ length: MANY }, async () => {
            assert.equal((await get(proxy.port, '/added')).text, 'old');
            assert.equal((await postOf(proxy, 2_000)).status, 413);
          }),
        );
        assert.equal((await get(proxy.port, '/late')).status, 504);
        await assertWeighed(proxy, origins);
        await assertLogged(accessLog);
        await assertTalks(proxy, workers);
      });
      await assertAudited(way, { port: adminPort });
    }));
}

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
  const withWorkers = (workers: number): TestConfig => ({
    services: { app: { upstreams: [to(origin)] }, slow: { upstreams: [to(slow)] } },
    routes: [{ match: { path: '/slow' }, service: 'slow' }, { service: 'app' }],
    admin,
    workers,
  });
  await using proxy = await startProxy(withWorkers(3), 'supervised');
  await underLosslessLoad(proxy.port, async (load) => {
    await awaitWorkers(proxy, 3);
    const asking = Array.from({ length: 12 }, () => get(proxy.port, '/slow'));
    await eventually(() => assert.equal(slow.held, 12));
    const reloading = proxy.reload(withWorkers(1));
    await answersMore(load);
    slow.release();
    for (const answer of await soon(Promise.all(asking), 'twelve answers')) {
      assert.equal(answer.text, 'slow');
    }
    await reloading;
    await awaitWorkers(proxy, 1);
  });
});

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
  // It was 20. Each worker that has a part in it goes its own rounds.
  assert.ok(heavier >= 26 && heavier <= 34, `weight 3 of 4 gets ${heavier} of ${count}`);
  assert.ok(next.asked > 0);
}

async function assertLogged(accessLog: string): Promise<void> {
  await eventually(async () => {
    const lines = (await readFile(accessLog, 'utf8')).trimEnd().split('\n');
    const added = lines.filter((line) => JSON.parse(line).path === '/added');
    assert.equal(added.length, MANY);
  });
}

interface LogLine {
  readonly name: string;
  readonly pid: number;
  readonly level: string;
  readonly msg: string;
}

/** Lines of the log that `warn` would have kept quiet. */
function talkOf(proxy: ProxyProcess): LogLine[] {
  const lines = proxy.stderr.split('\n').filter((line) => line.startsWith('{'));
  return lines
    .map((line) => JSON.parse(line) as LogLine)
    .filter(({ level, name }) => level === 'info' && name === 'headgate');
}

/** Every process writes what it did not write before, and every worker what happens to upstreams. */
async function assertTalks(proxy: ProxyProcess, workers: readonly WorkerSeen[]): Promise<void> {
  await eventually(() => {
    const talk = talkOf(proxy);
    assert.ok(talk.some(({ pid }) => pid === proxy.pid));
    const health = talk.filter(({ msg }) => /^gone: .* is unhealthy$/.test(msg));
    assert.deepEqual(new Set(health.map(({ pid }) => pid)), new Set(workers.map(({ pid }) => pid)));
  });
}

async function assertAudited(way: Way, place: AdminPlace): Promise<void> {
  const { body } = await callAdmin<{ entries: AuditedChange[] }>(place, '/api/audit');
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
