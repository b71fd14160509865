import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { gather } from './gather.ts';

const { signal } = new AbortController();

test('results keep the order of the tasks, whatever order they end in', async () => {
  const waits = [5, 1, 3];
  const tasks = waits.map((turns) => async () => {
    for (let i = 0; i < turns; i++) await turn();
    return turns;
  });
  const results = await gather(tasks, { concurrency: 3, signal });
  assert.deepEqual(
    results,
    waits.map((value) => ({ status: 'fulfilled', value })),
  );
});

test('no more than the bound run at once, and the bound is used', async () => {
  let running = 0;
  let most = 0;
  const task = async () => {
    running += 1;
    most = Math.max(most, running);
    await turn();
    running -= 1;
  };
  await gather(new Array(50).fill(task), { concurrency: 7, signal });
  assert.equal(most, 7);
});

test('one failure leaves the others alone', async () => {
  const error = new Error('broken');
  const results = await gather([async () => 1, () => Promise.reject(error), async () => 3], {
    concurrency: 1,
    signal,
  });
  assert.deepEqual(results, [
    { status: 'fulfilled', value: 1 },
    { status: 'rejected', reason: error },
    { status: 'fulfilled', value: 3 },
  ]);
});

test('tasks that have not started when the signal aborts never start', async () => {
  const caller = new AbortController();
  let started = 0;
  const task = async () => {
    started += 1;
    if (started === 2) caller.abort(new Error('left'));
  };
  const results = await gather(new Array(5).fill(task), { concurrency: 1, signal: caller.signal });
  assert.equal(started, 2);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'rejected', 'rejected'],
  );
});

test('no tasks give no results', async () => {
  assert.deepEqual(await gather([], { concurrency: 5, signal }), []);
});
