/** What a supervisor lives through: nobody reads what it says, or nobody can take its place. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { test } from 'node:test';
import { readMetric } from '../support/admin-client.ts';
import { type ConfigFile, writeConfig } from '../support/config-file.ts';
import { eventually, soon } from '../support/eventually.ts';
import { headgateMain } from '../support/headgate-command.ts';
import { configTo, startProxy } from '../support/proxy-process.ts';
import { startQuickOrigin } from '../support/quick-origin.ts';
import { get } from '../support/raw-client.ts';

for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
  test(`${signal} during the start ends it, with exit code 0`, async () => {
    const hanging = `process.stdout.write('reading\\n'); await new Promise(() => setInterval(() => {}, 1_000));`;
    await using file = await writeConfig(hanging, 'headgate.config.ts');
    const child = spawn(process.execPath, [headgateMain, 'run', '--config', file.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const exited = once(child, 'exit');
      await soon(once(child.stdout, 'data'), 'the start');
      // Not yet: there is nothing to be read again.
      child.kill('SIGHUP');
      child.kill(signal);
      assert.deepEqual(await soon(exited, 'the exit'), [0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });
}

for (const mode of ['single', 'supervised'] as const) {
  test(`an edge that nobody reads goes on (${mode})`, async () => {
    await using origin = await startQuickOrigin();
    const config = configTo([origin.url], {}, { accessLog: 'stdout' });
    await using proxy = await startProxy(config, mode);
    proxy.child.stdout?.destroy();
    proxy.child.stderr?.destroy();
    for (const generation of [2, 3, 4]) {
      assert.equal((await get(proxy.port)).status, 200);
      proxy.signal('SIGHUP');
      await eventually(async () => {
        const [found] = await readMetric(proxy, 'headgate_config_generation');
        assert.equal(found?.value, generation);
      });
    }
    assert.equal((await get(proxy.port)).status, 200);
    assert.equal(proxy.child.exitCode, null);
  });
}

test('workers that cannot be brought back after a successor has died are tried again', async () => {
  await using origin = await startQuickOrigin();
  let file: ConfigFile | undefined;
  let folder = '';
  const place = async (text: string) => {
    file = await writeConfig(text);
    folder = file.sibling('logs');
    await mkdir(folder);
    const config = { ...JSON.parse(text), accessLog: { file: `${folder}/access.log` } };
    await file.write(JSON.stringify(config));
    return file;
  };
  await using proxy = await startProxy(configTo([origin.url]), 'supervised', place);
  proxy.signal('SIGUSR2');
  const successor = await eventually(() => {
    const pid = Number(/^upgraded to process (\d+)$/m.exec(proxy.stdout)?.[1]);
    assert.ok(pid > 0, proxy.stderr);
    return pid;
  });
  try {
    proxy.signal('SIGWINCH');
    await proxy.prints('workers are draining');
    await rm(folder, { recursive: true });
  } finally {
    process.kill(successor, 'SIGQUIT');
  }
  await eventually(() => assert.match(proxy.stderr, /cannot be brought back yet/));
  await mkdir(folder);
  // It waits in the backlog for the workers.
  assert.equal((await eventually(() => get(proxy.port))).status, 200);
});
