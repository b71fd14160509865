import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { keptLog } from './origin.test-support.ts';
import { createOrigin } from './origin.ts';
import { createReadiness, type ReadinessCheck } from './readiness.ts';

function start(checks: Record<string, ReadinessCheck>) {
  const { logger, lines } = keptLog();
  const clock = { nowMs: 0 };
  const readiness = createReadiness({ checks, logger, now: () => clock.nowMs });
  return { readiness, lines, clock };
}

const passes: ReadinessCheck = async () => {};
const fails: ReadinessCheck = async () => {
  throw new Error('connection refused');
};

/** A check that never ends, and ignores that it is told to. */
function hang(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const told = Promise.withResolvers<AbortSignal>();
  const check: ReadinessCheck = (signal) => {
    told.resolve(signal);
    return new Promise(() => {});
  };
  return { check, told: told.promise };
}

test('the checks that fail are named, in their order', async () => {
  const { readiness } = start({ database: fails, cache: passes, partner: fails });
  assert.deepEqual(await readiness.failing(), ['database', 'partner']);
});

test('a check that throws at once fails as one that rejects', async () => {
  const { readiness } = start({
    broken: () => {
      throw new Error('no such thing');
    },
  });
  assert.deepEqual(await readiness.failing(), ['broken']);
});

test('a check that hangs fails after a second, and is told', async (t) => {
  const { check, told } = hang(t);
  const { readiness } = start({ slow: check });
  const failing = readiness.failing();
  const signal = await told;
  t.mock.timers.tick(999);
  assert.equal(signal.aborted, false);
  t.mock.timers.tick(1);
  assert.deepEqual(await failing, ['slow']);
  assert.equal(signal.aborted, true);
});

test('who asks while the checks run shares them, and who asks within a second after', async () => {
  let asked = 0;
  const gate = Promise.withResolvers<void>();
  const { readiness, clock } = start({
    async database() {
      asked += 1;
      await gate.promise;
    },
  });
  const answers = [readiness.failing(), readiness.failing()];
  clock.nowMs = 5000;
  answers.push(readiness.failing());
  gate.resolve();
  assert.deepEqual(await Promise.all(answers), [[], [], []]);
  clock.nowMs += 999;
  await readiness.failing();
  assert.equal(asked, 1);
  clock.nowMs += 1;
  await readiness.failing();
  assert.equal(asked, 2);
});

test('the log tells once that a check fails, and once that it no longer does', async () => {
  let isDown = true;
  const { readiness, lines, clock } = start({
    async database() {
      if (isDown) throw new Error('connection refused');
    },
  });
  for (let i = 0; i < 3; i++) {
    await readiness.failing();
    clock.nowMs += 1000;
  }
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['warn'],
  );
  isDown = false;
  for (let i = 0; i < 2; i++) {
    await readiness.failing();
    clock.nowMs += 1000;
  }
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['warn', 'info'],
  );
});

test('/ready is 503 with the names of what fails, and /health speaks of the process alone', async () => {
  const { logger } = keptLog();
  const readiness = { database: fails, cache: passes };
  const app = createOrigin({ name: 'test', logger, readiness });
  const ready = await app.request('/ready');
  assert.equal(ready.status, 503);
  assert.deepEqual(await ready.json(), { status: 'failing', failing: ['database'] });
  assert.equal((await app.request('/health')).status, 200);
});

test('an origin that leaves is not ready, and asks nothing any more', async () => {
  let asked = 0;
  const readiness = {
    async database() {
      asked += 1;
    },
  };
  const app = createOrigin({ name: 'test', readiness });
  assert.equal((await app.request('/ready')).status, 200);
  app.lifecycle.drain();
  const ready = await app.request('/ready');
  assert.deepEqual([ready.status, await ready.json()], [503, { status: 'draining' }]);
  assert.equal(asked, 1);
});

test('the signal of a check does not abort once the check has passed', async () => {
  const signals: AbortSignal[] = [];
  const { readiness } = start({
    async database(signal) {
      signals.push(signal);
    },
  });
  await readiness.failing();
  const [signal] = signals;
  assert.ok(signal);
  const aborted = once(signal, 'abort').then(() => 'aborted');
  const turned = new Promise((resolve) => setTimeout(() => resolve('quiet'), 1100));
  assert.equal(await Promise.race([aborted, turned]), 'quiet');
});
