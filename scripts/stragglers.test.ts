import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { killStragglers, RUN_VARIABLE } from './stragglers.ts';

test('kills what a run has left behind, and nothing of another run', async () => {
  const start = (id: string) =>
    spawn(process.execPath, ['-e', 'setInterval(() => {}, 1_000); console.log("up")'], {
      env: { ...process.env, [RUN_VARIABLE]: id },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  const [left, other] = [start('left-behind'), start('left-behind-2')];
  await Promise.all([once(left.stdout, 'data'), once(other.stdout, 'data')]);
  const killed = killStragglers('left-behind');
  assert.equal(killed.length, 1);
  assert.match(killed[0] as string, /setInterval/);
  const [, signal] = await once(left, 'exit');
  assert.equal(signal, 'SIGKILL');
  assert.equal(other.exitCode, null);
  other.kill('SIGKILL');
  await once(other, 'exit');
});
