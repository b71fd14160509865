import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '@headgate/postgres-server';

function start(t: TestContext, env: Record<string, string>) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./main.ts', import.meta.url))], {
    env: { PATH: process.env.PATH, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

test('the app says where it listens, answers, and exits 0 on SIGTERM', async (t) => {
  await using postgres = await startPostgres();
  const child = start(t, { DATABASE_URL: postgres.url });
  const [line] = await once(child.stdout, 'data');
  const [, url] = String(line).match(/^profiles listening on (http:\S+)\n$/) ?? [];
  assert.equal((await fetch(`${url}/health`)).status, 200);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('every problem with the environment is printed before it exits with 1', async (t) => {
  const env = { DATABASE_URL: 'mysql://x', POOL_TIMEOUT: '5', EDGE_ADMIN_URL: 'x' };
  const child = start(t, env);
  const [lines, exit] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  for (const name of Object.keys(env)) assert.match(lines, new RegExp(`\\b${name}\\b`));
  assert.deepEqual(exit, [1, null]);
});
