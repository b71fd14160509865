import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KILLED } from './fake-workers.test-support.ts';
import { createTrial } from './supervisor.test-support.ts';

test('an ask is answered for each ready worker: by it, or with what went wrong', async () => {
  const trial = createTrial({ workers: 3 });
  await trial.supervisor.start();
  const answers = trial.supervisor.ask('load', { of: 'all' }, { timeoutMs: 500 });
  const [first, second] = [1, 2].map((id) => trial.workers.get(id).received.at(-1));
  assert.ok(first?.type === 'ask' && second?.type === 'ask');
  assert.deepEqual([first.subject, first.body], ['load', { of: 'all' }]);
  trial.workers.get(1).says({ type: 'answer', ask: first.ask, body: 7 });
  trial.workers.get(2).ends(KILLED);
  await trial.clock.pass(500);
  assert.deepEqual(await answers, [
    { worker: 1, ok: true, body: 7 },
    { worker: 2, ok: false, message: 'worker 2 was ended by SIGKILL' },
    { worker: 3, ok: false, message: 'no answer within 500 ms' },
  ]);
  assert.deepEqual(await trial.supervisor.ask('load', undefined, { worker: 9 }), [
    { worker: 9, ok: false, message: 'worker 9 is not ready' },
  ]);
  await trial.supervisor.stop('quick');
});

test('an ask may be for those that start and those that leave as well', async () => {
  const trial = createTrial({ workers: 2 });
  await trial.supervisor.start();
  trial.workers.get(2).behaviour.leaves = false;
  await trial.supervisor.scale(1);
  trial.workers.behaviour.boot = 'silent';
  const scaled = assert.rejects(trial.supervisor.scale(2), /the supervisor is stopping/);
  await trial.clock.pass(0);
  const states = ['starting', 'ready', 'draining'] as const;
  const answers = trial.supervisor.ask('forget', 'all', { states, timeoutMs: 500 });
  for (const id of [1, 2, 3]) {
    const asked = trial.workers.get(id).received.findLast(({ type }) => type === 'ask');
    assert.ok(asked?.type === 'ask' && asked.subject === 'forget', `worker ${id} was not asked`);
    trial.workers.get(id).says({ type: 'answer', ask: asked.ask, body: id });
  }
  assert.deepEqual(
    await answers,
    [1, 2, 3].map((id) => ({ worker: id, ok: true, body: id })),
  );
  // One that does not leave is killed in the end.
  const stopped = trial.supervisor.stop('quick');
  await trial.clock.pass(5_000);
  await Promise.all([stopped, scaled]);
});

test('a worker is answered by the program of the supervisor, or told what that threw', async () => {
  const trial = createTrial({
    workers: 1,
    answer: async (subject, body, worker) => {
      if (subject !== 'double') throw new Error('no such subject');
      return { worker, twice: 2 * Number(body) };
    },
  });
  await trial.supervisor.start();
  const worker = trial.workers.get(1);
  worker.says({ type: 'ask', ask: 1, subject: 'double', body: 21 });
  worker.says({ type: 'ask', ask: 2, subject: 'halve', body: 21 });
  await trial.clock.pass(0);
  assert.deepEqual(worker.received.slice(-2), [
    { type: 'answered', ask: 1, body: { worker: 1, twice: 42 } },
    { type: 'refused', ask: 2, message: 'no such subject' },
  ]);
  await trial.supervisor.stop('quick');
});
