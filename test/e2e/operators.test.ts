/** What operators change of a running edge: at once, in every worker, and until they take it back. */
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { test } from 'node:test';
import { type AdminPlace, type ChangeBody, callAdmin } from '../support/admin-call.ts';
import { writeConfig } from '../support/config-file.ts';
import { eventually } from '../support/eventually.ts';
import {
  answersMore,
  assertQuiet,
  awaitShare,
  underLosslessLoad,
} from '../support/lossless-load.ts';
import { awaitWorkers, change, readAdmin, readyWorkers, TOKEN } from '../support/operator.ts';
import { type PatientOrigin, startPatientOrigin } from '../support/patient-origin.ts';
import {
  configTo,
  type ProxyProcess,
  startProxy,
  type TestConfig,
  type TestService,
} from '../support/proxy-process.ts';
import { get } from '../support/raw-client.ts';

const admin = { address: '127.0.0.1:0', token: TOKEN };

function over(origins: readonly PatientOrigin[], service: TestService = {}): TestConfig {
  const upstreams = origins.map(({ url }) => ({ url, maxInFlight: 2_000 }));
  return {
    ...configTo([], { policy: 'round-robin', upstreams, ...service }),
    admin,
    workers: 2,
    logLevel: 'warn',
  };
}

function pathOf(origin: PatientOrigin): string {
  return `/api/services/app/upstreams/${encodeURIComponent(origin.url)}`;
}

/** Answers with what has changed. */
async function tell(
  proxy: ProxyProcess,
  origin: PatientOrigin,
  action: string,
  rest: object = {},
): Promise<readonly string[]> {
  const { status, body } = await change(proxy, pathOf(origin), { action, ...rest });
  assert.equal(status, 200, JSON.stringify(body));
  return body.changed ?? [];
}

test('the traffic follows operators in every worker', async () => {
  await using one = await startPatientOrigin('one');
  await using two = await startPatientOrigin('two');
  const healthCheck = { path: '/health', interval: '100ms' } as const;
  await using proxy = await startProxy(over([one, two], { healthCheck }), 'supervised');
  await underLosslessLoad(proxy.port, async (load) => {
    await awaitShare(one, load, 0.4, 0.6);

    assert.deepEqual(await tell(proxy, one, 'drain'), [`${one.url} is draining`]);
    await assertQuiet(one, load);
    const probed = one.probed;
    await eventually(() => assert.ok(one.probed > probed, 'draining, it is still looked after'));
    assert.deepEqual(await tell(proxy, one, 'drain'), []);

    assert.deepEqual(await tell(proxy, one, 'enable'), [`${one.url} is enabled`]);
    await awaitShare(one, load, 0.4, 0.6);

    assert.deepEqual(await tell(proxy, one, 'weight', { weight: 3 }), [`${one.url} has weight 3`]);
    await awaitShare(one, load, 0.65, 0.85);
    await tell(proxy, one, 'weight');
    await awaitShare(one, load, 0.4, 0.6);

    assert.deepEqual(await tell(proxy, two, 'disable'), [`${two.url} is disabled`]);
    await assertQuiet(two, load);
    const probedBefore = two.probed;
    await assertQuiet(two, load);
    assert.equal(two.probed, probedBefore, 'disabled, it is left alone');
    await tell(proxy, two, 'enable');
    await awaitShare(two, load, 0.4, 0.6);
  });
});

test('what operators have set outlives reloads, workers and the upstream itself', async () => {
  await using one = await startPatientOrigin('one');
  await using two = await startPatientOrigin('two');
  await using three = await startPatientOrigin('three');
  await using proxy = await startProxy(over([one, two, three]), 'supervised');
  await underLosslessLoad(proxy.port, async (load) => {
    await tell(proxy, one, 'drain');
    await tell(proxy, two, 'weight', { weight: 3 });
    const isAsOperated = async () => {
      await assertQuiet(one, load);
      await awaitShare(two, load, 0.65, 0.85);
    };
    await isAsOperated();

    await proxy.reload(over([one, two, three], { retries: 0 }));
    await isAsOperated();

    const before = new Set((await awaitWorkers(proxy, 2)).map(({ pid }) => pid));
    assert.equal((await change(proxy, '/api/restart')).status, 200);
    const after = await awaitWorkers(proxy, 2);
    assert.ok(after.every(({ pid }) => !before.has(pid)));
    await isAsOperated();

    await proxy.reload(over([three]));
    assert.deepEqual(await operatorEntries(proxy), [
      { service: 'app', upstream: one.url, state: 'draining', isPresent: false },
      { service: 'app', upstream: two.url, weight: 3, isPresent: false },
    ]);
    await proxy.reload(over([one, two, three]));
    await isAsOperated();
  });

  // What the worker that is killed was just serving is lost, and was not promised to anybody.
  const [victim] = await awaitWorkers(proxy, 2);
  process.kill(victim?.pid as number, 'SIGKILL');
  await eventually(async () => {
    const ready = await readyWorkers(proxy);
    assert.ok(ready.length === 2 && ready.every(({ pid }) => pid !== victim?.pid));
  });
  await underLosslessLoad(proxy.port, async (load) => {
    await assertQuiet(one, load);
    await awaitShare(two, load, 0.65, 0.85);

    // Those that are not there can be forgotten as well.
    await proxy.reload(over([two, three]));
    await tell(proxy, one, 'enable');
    await tell(proxy, two, 'weight');
    assert.deepEqual(await operatorEntries(proxy), []);
    await proxy.reload(over([one, two, three]));
    await awaitShare(one, load, 0.2, 0.5);
  });
});

test('changes need the token, are taken from nobody else, and are all in the audit', async () => {
  await using one = await startPatientOrigin('one');
  await using two = await startPatientOrigin('two');
  await using proxy = await startProxy(over([one, two]), 'supervised');
  const port = { port: proxy.adminPort };
  const body = { action: 'drain' };
  const path = pathOf(one);
  await underLosslessLoad(proxy.port, async (load) => {
    const missing = await callAdmin<ChangeBody>(port, path, { body });
    assert.equal(missing.status, 401);
    assert.match(missing.headers['www-authenticate'] ?? '', /^Bearer/);
    const wrong = await callAdmin<ChangeBody>(port, path, { body, token: `${TOKEN}x` });
    assert.equal(wrong.status, 401);
    assert.match(wrong.body.detail ?? '', /not the configured/);
    for (const headers of [{ origin: 'http://elsewhere.test' }, { host: 'rebound.test' }]) {
      assert.equal((await callAdmin(port, path, { body, token: TOKEN, headers })).status, 403);
    }
    const headers = { 'content-type': 'text/plain' };
    assert.equal((await callAdmin(port, path, { body, token: TOKEN, headers })).status, 415);
    assert.equal((await change(proxy, path, { action: 'fly' })).status, 400);
    assert.equal((await change(proxy, '/api/services/ap/upstreams/x', body)).status, 404);
    assert.deepEqual(await operatorEntries(proxy), []);
    await awaitShare(one, load, 0.4, 0.6);

    await tell(proxy, one, 'drain');
    await tell(proxy, one, 'drain');
    await tell(proxy, one, 'weight', { weight: 0.5 });
    await tell(proxy, one, 'enable');
    assert.equal((await change(proxy, '/api/scale', { workers: 3 })).status, 200);
    assert.equal((await change(proxy, '/api/restart')).status, 200);
    assert.equal((await change(proxy, '/api/reload')).status, 200);
    await awaitWorkers(proxy, 3);
  });
  const { entries } = await readAdmin<{ entries: AuditEntry[] }>(proxy, '/api/audit');
  assert.ok(entries.every(({ actor }) => actor === 'admin 127.0.0.1'));
  assert.deepEqual(
    entries.map(({ action, target, result }) => [action, target, result]),
    [
      ['authorize', `app ${one.url}`, 'refused'],
      ['drain', 'ap x', 'refused'],
      ['drain', `app ${one.url}`, 'done'],
      ['drain', `app ${one.url}`, 'unchanged'],
      ['weight 0.5', `app ${one.url}`, 'done'],
      ['enable', `app ${one.url}`, 'done'],
      ['scale', '3 workers', 'done'],
      ['restart', '', 'done'],
      ['reload', '', 'unchanged'],
    ],
  );
  assert.match(proxy.stderr, /"name":"audit".*wrong token/);
  assert.ok(!`${proxy.stderr}${proxy.stdout}`.includes(TOKEN), 'the token is told to nobody');
});

test('without a token a listener on a port only reads', async () => {
  await using one = await startPatientOrigin('one');
  const config = { ...over([one]), admin: { address: '127.0.0.1:0' } };
  await using proxy = await startProxy(config, 'supervised');
  const { status, body } = await change(proxy, pathOf(one), { action: 'drain' });
  assert.equal(status, 403);
  assert.match(body.detail ?? '', /admin\.token/);
  assert.deepEqual(await operatorEntries(proxy), []);
  assert.equal((await get(proxy.port)).text, 'one');
});

test('over a unix socket whoever may open it needs no token', async () => {
  await using one = await startPatientOrigin('one');
  await using two = await startPatientOrigin('two');
  await using folder = await writeConfig('');
  const socketPath = folder.sibling('admin.sock');
  const config = { ...over([one, two]), admin: { address: `unix:${socketPath}` } };
  await using proxy = await startProxy(config, 'supervised');
  assert.match(proxy.stdout, new RegExp(`^admin on unix:${socketPath}$`, 'm'));
  assert.equal((await stat(socketPath)).mode & 0o777, 0o600);
  const place: AdminPlace = { socketPath };
  await underLosslessLoad(proxy.port, async (load) => {
    const body = { action: 'disable' };
    const { status } = await callAdmin<ChangeBody>(place, pathOf(one), { body });
    assert.equal(status, 200);
    await assertQuiet(one, load);
    const reloaded = await callAdmin<ChangeBody>(place, '/api/reload', { body: {} });
    assert.deepEqual([reloaded.status, reloaded.body.changed], [200, []]);
    await answersMore(load, 20);
  });
  const { body } = await callAdmin<{ entries: AuditEntry[] }>(place, '/api/audit');
  assert.deepEqual(
    body.entries.map(({ actor, action, result }) => [actor, action, result]),
    [
      ['admin unix', 'disable', 'done'],
      ['admin unix', 'reload', 'unchanged'],
    ],
  );
});

interface AuditEntry {
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly result: string;
}

async function operatorEntries(proxy: ProxyProcess): Promise<readonly object[]> {
  const { operator } = await readAdmin<{ operator: object[] }>(proxy, '/api/status');
  return operator;
}
