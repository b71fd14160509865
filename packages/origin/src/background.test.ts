import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createRegistry, renderFamilies } from '@headgate/telemetry';
import { Background, type BackgroundOptions } from './background.ts';
import { keptLog, quietOrigin } from './origin.test-support.ts';
import { HttpProblem } from './problem.ts';

function start(options: BackgroundOptions = {}) {
  const { logger, lines } = keptLog();
  const registry = createRegistry();
  const background = new Background({ ...options, logger, registry });
  const numbers = () => renderFamilies(registry.read());
  const run = (task: (signal: AbortSignal) => Promise<void>) =>
    background.accept('mail', 'r1', task)();
  return { background, run, lines, numbers };
}

/** A task that ends when it is told to. */
function gate() {
  const begun = Promise.withResolvers<AbortSignal>();
  const end = Promise.withResolvers<void>();
  const task = async (signal: AbortSignal) => {
    begun.resolve(signal);
    await end.promise;
  };
  return { task, begun: begun.promise, end: end.resolve };
}

const never = new AbortController().signal;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('a task runs when its answer is there, and not before', async () => {
  const { app } = quietOrigin();
  const events: string[] = [];
  app.get('/', async (c) => {
    c.env.scope.background('mail', async () => {
      events.push('task');
    });
    await turn();
    events.push('answered');
    return c.text('ok');
  });
  assert.equal((await app.request('/')).status, 200);
  await app.background.finish(never);
  assert.deepEqual(events, ['answered', 'task']);
});

test('as many as may run at once do, and the others follow in their order', async () => {
  const { background, run } = start({ maxRunning: 2 });
  const gates = [gate(), gate(), gate()];
  const begun: number[] = [];
  for (const [i, { task, begun: has }] of gates.entries()) {
    run(task);
    void has.then(() => begun.push(i));
  }
  await turn();
  assert.deepEqual(begun, [0, 1]);
  gates[1]?.end();
  await turn();
  assert.deepEqual(begun, [0, 1, 2]);
  gates[0]?.end();
  gates[2]?.end();
  await background.finish(never);
});

test('when too much waits already, the request is refused: 503 and come back', async () => {
  const { background, run, numbers } = start({ maxRunning: 1, maxPending: 1 });
  const { task, end } = gate();
  run(task);
  const startSecond = background.accept('mail', 'r2', async () => {});
  assert.throws(
    () => background.accept('mail', 'r3', async () => {}),
    (error: unknown) => {
      assert.ok(error instanceof HttpProblem);
      const { status, kind, headers } = error;
      assert.deepEqual([status, kind, headers], [503, 'overload', { 'retry-after': '1' }]);
      return true;
    },
  );
  assert.match(numbers(), /origin_background_tasks\{state="running"\} 1/);
  assert.match(numbers(), /origin_background_tasks\{state="pending"\} 1/);
  end();
  startSecond();
  await background.finish(never);
  assert.match(numbers(), /origin_background_tasks_total\{outcome="refused"\} 1/);
  assert.match(numbers(), /origin_background_tasks_total\{outcome="done"\} 2/);
  assert.match(numbers(), /origin_background_tasks\{state="pending"\} 0/);
});

test('a task that fails is logged with the id of its request, and hurts nobody', async () => {
  const { background, run, lines, numbers } = start();
  const reasons = ['no such mailbox', 'not even a promise'];
  run(async () => {
    await turn();
    throw new Error(reasons[0]);
  });
  run(() => {
    throw new Error(reasons[1]);
  });
  await background.finish(never);
  const failures = lines.map(({ level, message, fields }) => {
    const { error, ...rest } = fields as { error: Error };
    return { level, message, why: error.message, ...rest };
  });
  const known = {
    level: 'error',
    message: 'background task failed',
    task: 'mail',
    requestId: 'r1',
  };
  assert.deepEqual(new Set(failures.map(({ why }) => why)), new Set(reasons));
  for (const { why, ...rest } of failures) assert.deepEqual(rest, known);
  assert.match(numbers(), /origin_background_tasks_total\{outcome="failed"\} 2/);
});

test('who leaves waits for the tasks, those that have not begun included', async () => {
  const { background, run } = start({ maxRunning: 1 });
  const first = gate();
  const second = gate();
  run(first.task);
  run(second.task);
  let isFinished = false;
  const finished = background.finish(never).then(() => {
    isFinished = true;
  });
  first.end();
  const signal = await second.begun;
  await turn();
  assert.deepEqual([isFinished, signal.aborted], [false, false]);
  second.end();
  await finished;
});

test('when time is up, what runs is told to stop, and what waits is dropped and logged', async () => {
  const { background, run, lines, numbers } = start({ maxRunning: 1 });
  const over = new AbortController();
  const begun = Promise.withResolvers<void>();
  let isTold = false;
  run(async (signal) => {
    begun.resolve();
    await once(signal, 'abort');
    isTold = true;
  });
  run(async () => assert.fail('must not begin any more'));
  await begun.promise;
  const finished = background.finish(over.signal);
  over.abort();
  await finished;
  assert.equal(isTold, true);
  assert.equal(lines[0]?.message, 'background task dropped: the process ends');
  assert.match(numbers(), /origin_background_tasks_total\{outcome="dropped"\} 1/);
  assert.throws(() => background.accept('mail', 'r9', async () => {}), /too much to do/);
});

test('a task that does not heed its signal is not waited for', async () => {
  const { background, run } = start();
  const { task, end } = gate();
  run(task);
  await background.finish(AbortSignal.abort());
  end();
});

test('what cannot be meant is refused by its name', () => {
  assert.throws(() => start({ maxRunning: 0 }), /background\.maxRunning/);
  assert.throws(() => start({ maxPending: 1.5 }), /background\.maxPending/);
});
