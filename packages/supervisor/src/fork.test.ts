import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { forkProgram, type WorkerExit } from './fork.ts';

test('a process that cannot be started is gone, with the reason', async () => {
  const env = { TOO_LONG: 'x'.repeat(2 ** 22) };
  const gone = Promise.withResolvers<WorkerExit>();
  const worker = forkProgram({ file: 'none.ts', args: [], env })(1, {
    message() {},
    gone: gone.resolve,
  });
  assert.equal(worker.pid, undefined);
  worker.kill('SIGKILL');
  assert.match((await gone.promise).error ?? '', /E2BIG/);
});

test('a worker that closes its channel and stays is killed', async () => {
  const file = fileURLToPath(new URL('./deaf-worker.test-support.ts', import.meta.url));
  const gone = Promise.withResolvers<WorkerExit>();
  const heard: unknown[] = [];
  forkProgram({ file, args: [], env: process.env, execArgv: [] })(7, {
    message: (message) => heard.push(message),
    gone: gone.resolve,
  });
  assert.deepEqual(await gone.promise, { code: null, signal: 'SIGKILL' });
  assert.deepEqual(heard, ['I am worker 7']);
});
