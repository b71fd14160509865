import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import type { OriginPlan } from './fault-origin-server.ts';
import { startFaultOrigins } from './fault-origins.ts';
import type { Fault } from './fault-timeline.ts';

const CORE = 0;
const FOREVER_MS = 60_000;

async function planOf(faults: readonly Fault[], meanMs = 1): Promise<OriginPlan> {
  const service = [{ share: 1, meanMs }];
  return { port: await freePort(), seed: 1, workers: 4, service, faults };
}

async function get(port: number, path = '/'): Promise<Response> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { connection: 'close' },
  });
  await answer.arrayBuffer();
  return answer;
}

test('origins fail by plan, stay healthy, and count what reached them', async (t) => {
  const plans = [
    await planOf([]),
    await planOf([{ kind: 'fail', fromMs: 0, toMs: FOREVER_MS, share: 1 }]),
  ] as const;
  await using origins = await startFaultOrigins(plans, CORE, t.signal);
  const [good, bad] = plans;
  const answer = await get(good.port);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('headgate-load'), '1', 'itself is in flight');
  for (let n = 0; n < 3; n++) assert.equal((await get(bad.port)).status, 500);
  assert.equal((await get(bad.port, '/health')).status, 200);
  const report = await origins.report();
  const received = report.origins.map(({ perSecond }) => perSecond.reduce((a, b) => a + b, 0));
  assert.deepEqual(received, [1, 3], 'health checks do not count');
  assert.deepEqual(
    report.origins.map(({ failed }) => failed),
    [0, 3],
  );
});

test('a paused origin answers when the pause is over, health checks at once', async (t) => {
  const plan = await planOf([{ kind: 'pause', fromMs: 0, toMs: 400 }]);
  await using _origins = await startFaultOrigins([plan], CORE, t.signal);
  const startMs = performance.now();
  const paused = get(plan.port);
  await get(plan.port, '/health');
  let isAnswered = false;
  void paused.then(() => {
    isAnswered = true;
  });
  assert.equal(isAnswered, false);
  assert.equal((await paused).status, 200);
  // Timers are a millisecond early at most.
  assert.ok(performance.now() - startMs >= 399);
});

test('an origin that goes down says so to whom it still answers, refuses, and comes back', async (t) => {
  const plan = await planOf(
    [
      { kind: 'pause', fromMs: 0, toMs: 300 },
      { kind: 'down', fromMs: 200, toMs: 2_000 },
    ],
    10,
  );
  await using _origins = await startFaultOrigins([plan], CORE, t.signal);
  // It arrives before the drain, and is answered in it.
  const last = await fetch(`http://127.0.0.1:${plan.port}/`);
  await last.arrayBuffer();
  assert.equal(last.status, 200);
  assert.equal(last.headers.get('connection'), 'close');
  await assert.rejects(get(plan.port, '/health'));
  await eventually(async () => assert.equal((await get(plan.port, '/health')).status, 200));
});
