/** `headgate ctl` and `headgate diff` as people run them, against an edge with two workers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readApp } from '../support/admin-client.ts';
import { type ConfigFile, writeConfig } from '../support/config-file.ts';
import { eventually, soon } from '../support/eventually.ts';
import { refusingUrl } from '../support/free-port.ts';
import {
  type CommandPlace,
  type CommandResult,
  headgate,
  headgateAt,
} from '../support/headgate-command.ts';
import { assertQuiet, awaitShare, underLosslessLoad } from '../support/lossless-load.ts';
import { awaitWorkers, change, readAdmin, TOKEN, type WorkerSeen } from '../support/operator.ts';
import { type PatientOrigin, startPatientOrigin } from '../support/patient-origin.ts';
import {
  configText,
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

interface Edge {
  readonly proxy: ProxyProcess;
  readonly one: PatientOrigin;
  readonly two: PatientOrigin;
  /** Runs `headgate ctl` against it, with its token. */
  readonly ctl: (...args: string[]) => Promise<CommandResult>;
}

async function withEdge(act: (edge: Edge) => Promise<void>): Promise<void> {
  await using one = await startPatientOrigin('one');
  await using two = await startPatientOrigin('two');
  await using proxy = await startProxy(over([one, two]), 'supervised');
  const env = {
    HEADGATE_ADMIN_ADDRESS: `127.0.0.1:${proxy.adminPort}`,
    HEADGATE_ADMIN_TOKEN: TOKEN,
  };
  // A folder without a configuration, where the environment decides.
  const place: CommandPlace = { cwd: import.meta.dirname, env };
  await act({ proxy, one, two, ctl: (...args) => headgateAt(place, 'ctl', ...args) });
}

/** Its lines, when it has done what it was told. */
function linesOf({ code, stdout, stderr }: CommandResult): string[] {
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  return stdout.trimEnd().split('\n');
}

/** Its one document, when it has done what it was told. */
function jsonOf<T>(result: CommandResult): T {
  const lines = linesOf(result);
  assert.equal(lines.length, 1);
  return JSON.parse(lines[0] ?? '') as T;
}

function assertRefusedBy({ code, stdout, stderr }: CommandResult, exit: number, why: RegExp): void {
  assert.deepEqual([code, stdout], [exit, '']);
  assert.match(stderr, why);
}

test('ctl shows what the edge is, for people and for programs', () =>
  withEdge(async ({ proxy, one, ctl }) => {
    for (let i = 0; i < 4; i++) assert.equal((await get(proxy.port)).status, 200);
    const workers = await awaitWorkers(proxy, 2);

    const status = linesOf(await ctl('status'));
    assert.match(
      status[0] ?? '',
      new RegExp(`^headgate \\d+\\.\\d+\\.\\d+, pid ${proxy.pid}, up `),
    );
    assert.ok(status[1]?.startsWith(`config   ${proxy.file.path}, loaded `));
    assert.equal(status[2], 'workers  2 of 2 ready');
    assert.equal(status.length, 3);
    const report = jsonOf<{ pid: number; operator: object[] }>(await ctl('status', '--json'));
    assert.deepEqual([report.pid, report.operator], [proxy.pid, []]);

    const [titles, ...rows] = linesOf(await ctl('workers'));
    assert.match(
      titles ?? '',
      /^WORKER +PID +STATE +CONNECTIONS +IN FLIGHT +REQUESTS +MEMORY +AGE$/,
    );
    assert.deepEqual(
      rows.map((row) => Number(row.trim().split(/ +/)[1])),
      workers.map(({ pid }) => pid),
    );
    const listed = jsonOf<{ workers: { id: number }[] }>(await ctl('workers', '--json'));
    assert.deepEqual(
      listed.workers.map(({ id }) => id),
      workers.map(({ id }) => id),
    );

    const services = linesOf(await ctl('services'));
    assert.equal(services.length, 3);
    assert.match(services[1] ?? '', new RegExp(`^app +${one.url} +unknown +1 +0 +\\d+ +0 `));
    const told = jsonOf<{ services: { upstreams: { requests: number }[] }[] }>(
      await ctl('services', '--json'),
    );
    const requests = told.services[0]?.upstreams.map((upstream) => upstream.requests) ?? [];
    assert.equal(
      requests.reduce((sum, count) => sum + count, 0),
      4,
    );

    assert.deepEqual(linesOf(await ctl('audit')).length, 1);
    assert.deepEqual(jsonOf(await ctl('audit', '--json')), { entries: [] });
  }));

test('ctl drains, enables, disables and weighs, and says what has changed', () =>
  withEdge(async ({ proxy, one, two, ctl }) => {
    await underLosslessLoad(proxy.port, async (load) => {
      assert.deepEqual(linesOf(await ctl('drain', 'app', one.url)), [`${one.url} is draining`]);
      await assertQuiet(one, load);
      assert.deepEqual(linesOf(await ctl('drain', 'app', one.url)), ['nothing to change']);
      const [row] = linesOf(await ctl('services')).filter((line) => line.includes(one.url));
      assert.match(row ?? '', / draining /);
      const operator = linesOf(await ctl('status')).at(-1);
      assert.equal(operator, `operator app ${one.url}: draining`);

      // Shorter names are enough where they are one upstream only.
      const enabled = await ctl('enable', 'app', `:${one.port}`, '--json');
      assert.deepEqual(jsonOf(enabled), { changed: [`${one.url} is enabled`] });
      await awaitShare(one, load, 0.4, 0.6);
      const weighed = await ctl('weight', 'app', `127.0.0.1:${one.port}`, '3');
      assert.deepEqual(linesOf(weighed), [`${one.url} has weight 3`]);
      await awaitShare(one, load, 0.65, 0.85);
      assert.deepEqual(linesOf(await ctl('weight', 'app', `:${one.port}`, 'default')), [
        `${one.url} has its configured weight again`,
      ]);
      assert.deepEqual(linesOf(await ctl('disable', 'app', `:${two.port}`)), [
        `${two.url} is disabled`,
      ]);
      await assertQuiet(two, load);
      linesOf(await ctl('enable', 'app', two.url));
      await awaitShare(two, load, 0.4, 0.6);
    });
    const audit = linesOf(await ctl('audit'));
    assert.equal(audit.length, 8);
    const first = new RegExp(
      `^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d +admin 127\\.0\\.0\\.1 +drain +app ${one.url} +done$`,
    );
    assert.match(audit[1] ?? '', first);
    assert.match(audit[2] ?? '', /unchanged$/);
  }));

test('ctl reloads, restarts and scales under load', () =>
  withEdge(async ({ proxy, one, two, ctl }) => {
    await underLosslessLoad(proxy.port, async () => {
      const before = new Set((await awaitWorkers(proxy, 2)).map(({ pid }) => pid));
      assert.deepEqual(linesOf(await ctl('restart')), ['every worker was replaced']);
      const after = await awaitWorkers(proxy, 2);
      assert.ok(after.every(({ pid }) => !before.has(pid)));

      assert.deepEqual(linesOf(await ctl('scale', '3')), ['workers: 2 → 3']);
      await awaitWorkers(proxy, 3);
      assert.deepEqual(jsonOf(await ctl('scale', '2', '--json')), { changed: ['workers: 3 → 2'] });
      await awaitWorkers(proxy, 2);

      await proxy.file.write(configText(over([one, two], { retries: 1 })));
      assert.deepEqual(linesOf(await ctl('reload')), ['~ services.app.retries 2 → 1']);
      assert.deepEqual(jsonOf(await ctl('reload', '--json')), { changed: [] });
      assert.deepEqual(linesOf(await ctl('reload')), ['nothing to change']);

      await proxy.file.write('{ "nonsense": true }');
      assertRefusedBy(await ctl('reload'), 1, /^headgate: .*nonsense/s);
      assert.ok(linesOf(await ctl('status')).some((line) => /^refused {2}\d+s ago: /.test(line)));
    });
  }));

describe('ctl drain --wait', () => {
  test('waits for a request that takes its time, and ends with it', () =>
    withEdge(async ({ proxy, one, ctl }) => {
      one.hold();
      await using asked = await heldAt(proxy, one);
      const draining = ctl('drain', 'app', `:${one.port}`, '--wait');
      await eventually(async () => {
        assert.ok((await upstreamOf(proxy, one))?.isDraining);
      });
      let isOver = false;
      void draining.then(() => {
        isOver = true;
      });
      // Nothing new goes there meanwhile, whichever worker is asked.
      for (let i = 0; i < 10; i++) assert.equal((await get(proxy.port)).text, 'two');
      assert.equal(isOver, false);
      one.release();
      assert.equal((await asked.answer).text, 'one');
      const lines = linesOf(await draining);
      assert.equal(lines[0], `${one.url} is draining`);
      assert.equal(lines.at(-1), `nothing is in flight at ${one.url}`);
    }));

  test('waits for requests of workers that are leaving as well', () =>
    withEdge(async ({ proxy, one, ctl }) => {
      one.hold();
      await using asked = await heldAt(proxy, one);
      const restarting = change(proxy, '/api/restart');
      await eventually(async () => {
        const { workers } = await readAdmin<{ workers: WorkerSeen[] }>(proxy, '/api/workers');
        assert.ok(workers.some(({ state, inFlight }) => state === 'draining' && inFlight === 1));
      });
      const { code, stderr } = await ctl('drain', 'app', one.url, '--wait', '700ms');
      assert.equal(code, 1);
      assert.match(stderr, /1 still in flight in workers that leave after 700ms/);
      one.release();
      assert.equal((await asked.answer).text, 'one');
      await restarting;
      assert.equal((await ctl('drain', 'app', one.url, '--wait')).code, 0);
    }));

  test('gives up after the time it was given, and the upstream goes on draining', () =>
    withEdge(async ({ proxy, one, ctl }) => {
      one.hold();
      await using asked = await heldAt(proxy, one);
      const { code, stdout, stderr } = await ctl(
        ...['drain', 'app', one.url, '--wait', '700ms', '--json'],
      );
      assert.equal(code, 1);
      assert.deepEqual(JSON.parse(stdout), { changed: [`${one.url} is draining`] });
      assert.match(stderr, /headgate: 1 still in flight at http.* after 700ms/);
      assert.ok((await upstreamOf(proxy, one))?.isDraining);
      one.release();
      assert.equal((await asked.answer).text, 'one');
    }));
});

test('ctl that is refused says why with exit code 1, and one that is wrong with 2', () =>
  withEdge(async ({ proxy, one, ctl }) => {
    const place = `127.0.0.1:${proxy.adminPort}`;
    assertRefusedBy(await ctl('drain', 'ap', one.url), 1, /no service "ap"; did you mean "app"\?/);
    assertRefusedBy(await ctl('drain', 'app', ':1'), 1, /app has no upstream ":1"/);
    assertRefusedBy(
      await ctl('drain', 'app', one.url, '--token', `${TOKEN}x`),
      1,
      /not the configured admin\.token/,
    );
    assertRefusedBy(
      await headgate('ctl', 'drain', 'app', one.url, '--admin', place),
      1,
      /HEADGATE_ADMIN_TOKEN/,
    );
    const nobody = new URL(await refusingUrl()).host;
    assertRefusedBy(await headgate('ctl', 'status', '--admin', nobody), 1, /no edge answers at/);
    for (const wrong of [
      [],
      ['fly'],
      ['drain', 'app'],
      ['scale', 'many'],
      ['scale', '0'],
      ['weight', 'app', one.url, '0'],
      ['reload', '--wait'],
      ['status', 'extra'],
    ]) {
      assertRefusedBy(await ctl(...wrong), 2, /headgate ctl \[--config FILE/);
    }
    assertRefusedBy(
      await headgateAt({ cwd: import.meta.dirname }, 'ctl', 'status'),
      2,
      /no --admin ADDRESS, no --config FILE and no headgate\.config/,
    );
    assert.deepEqual((await upstreamOf(proxy, one))?.isDraining, false);
  }));

test('ctl finds the edge and its token by the configuration in its folder', async () => {
  await using one = await startPatientOrigin('one');
  const place = (text: string) => writeConfig(text, 'headgate.config.yaml');
  const folder: ConfigFile = await place('');
  await using _removed = folder;
  const socketPath = folder.sibling('admin.sock');
  const config = { ...over([one]), admin: { address: `unix:${socketPath}`, token: TOKEN } };
  await using proxy = await startProxy(config, 'supervised', place);
  const cwd = proxy.file.sibling('.');
  linesOf(await headgateAt({ cwd }, 'ctl', 'weight', 'app', one.url, '2'));
  assert.deepEqual(linesOf(await headgateAt({ cwd }, 'diff')), ['']);
  assertRefusedBy(
    await headgate('ctl', 'enable', 'app', one.url, '--admin', `unix:${socketPath}`),
    1,
    /HEADGATE_ADMIN_TOKEN/,
  );
  const [row] = linesOf(await headgate('ctl', 'services', '--config', proxy.file.path)).slice(1);
  assert.match(row ?? '', new RegExp(`^app +${one.url} +unknown +2 `));
});

test('diff tells what a file would change of the edge that runs', () =>
  withEdge(async ({ proxy, one, two }) => {
    const at = ['--admin', `127.0.0.1:${proxy.adminPort}`];
    const same = await headgate('diff', '--config', proxy.file.path, ...at);
    assert.deepEqual([same.code, same.stdout, same.stderr], [0, '', '']);

    await using next = await writeConfig(
      configText(over([two], { timeouts: { connect: '5s' }, retries: 2 })),
    );
    const { code, stdout, stderr } = await headgate('diff', '--config', next.path, ...at);
    assert.deepEqual([code, stderr], [1, '']);
    const expected = [
      `- services.app.upstreams ${one.url}`,
      '~ services.app.timeouts.connect 2s → 5s',
    ];
    assert.deepEqual(stdout.trimEnd().split('\n'), expected);

    // What it has foretold is what a reload does.
    await proxy.file.write(configText(over([two], { timeouts: { connect: '5s' } })));
    const reload = await headgate('ctl', 'reload', ...at, '--token', TOKEN);
    assert.deepEqual(linesOf(reload), expected);
    assert.equal((await headgate('diff', '--config', next.path, ...at)).code, 0);
  }));

test('diff compares two files, and has the exit codes of diff', async () => {
  await using one = await startPatientOrigin('one');
  await using old = await writeConfig(configText(over([one])));
  await using next = await writeConfig(configText({ ...over([one]), workers: 4 }));
  await using broken = await writeConfig('{ "nonsense": true }');
  const compare = (to: ConfigFile, from: ConfigFile, ...rest: string[]) =>
    headgate('diff', '--config', to.path, '--against', from.path, ...rest);
  assert.equal((await compare(old, old)).code, 0);
  const changed = await compare(next, old);
  assert.deepEqual([changed.code, changed.stdout], [1, '~ workers 2 → 4\n']);
  const told = await compare(next, old, '--json');
  assert.deepEqual(JSON.parse(told.stdout), {
    changes: [{ kind: 'changed', path: 'workers', before: '2', after: '4' }],
  });
  assertRefusedBy(await compare(broken, old), 2, /nonsense/);
  assertRefusedBy(await compare(old, broken), 2, /nonsense/);
});

async function upstreamOf(proxy: ProxyProcess, { url }: PatientOrigin) {
  const { upstreams } = await readApp(proxy);
  return upstreams.find((upstream) => upstream.url === url);
}

/** A request that `origin` keeps waiting; ended with the test at the latest. */
async function heldAt(proxy: ProxyProcess, origin: PatientOrigin) {
  const answer = (async () => {
    // Round-robin: one of these is for `origin`, and the others are answered.
    for (;;) {
      const response = await get(proxy.port);
      if (response.text !== 'two') return response;
    }
  })();
  await eventually(() => assert.equal(origin.held, 1));
  return {
    answer: soon(answer, 'the answer'),
    async [Symbol.asyncDispose]() {
      origin.release();
      await answer;
    },
  };
}
