import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Contestant } from './contestants/contestant.ts';
import { contestantsOf } from './fault-contestants.ts';
import { figuresOf } from './fault-figures.ts';
import { runFault } from './fault-run.ts';
import { type FaultScenario, faultScenarios } from './fault-scenarios.ts';
import { createPortFinder } from './free-ports.ts';
import { CONTESTANT_CORE } from './window.ts';

const TIMELINE = { warmUpS: 1, faultFromS: 2, faultToS: 3, lengthS: 4 };

test('a run has the faults of its plan, and figures of what came of them', {
  skip: availableParallelism() < 2 && 'needs two cores',
}, async (t) => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'headgate-faults-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const blackHole = faultScenarios.find(({ name }) => name === 'black-hole') as FaultScenario;
  const scenario: FaultScenario = {
    ...blackHole,
    origins: 3,
    ratePerS: [100, 100],
    headgate: { headgate: {} },
  };
  const [headgate] = contestantsOf(scenario, []) as [Contestant];
  const ports = createPortFinder(Math.random);
  const around = { folder, core: CONTESTANT_CORE, ports, signal: t.signal };
  const run = await runFault(scenario, TIMELINE, headgate, 1, around);

  const [first, ...others] = run.origins.origins;
  assert.ok((first?.failed ?? 0) > 0, 'the first origin has failed');
  for (const { failed } of others) assert.equal(failed, 0);
  const [warmUp, before] = run.seconds;
  assert.equal((warmUp?.failed ?? 0) + (before?.failed ?? 0), 0, 'nothing fails before its time');

  // What the machine does to latencies is no matter here.
  const figures = figuresOf(scenario, TIMELINE, [{ ...run, invalid: undefined }]);
  const answered = run.seconds.reduce((sum, { good, failed }) => sum + good + failed, 0);
  assert.ok(answered > 300 && answered < 500, `${answered} of about 400`);
  assert.ok(figures.errors <= (first?.failed ?? 0), 'no errors but those of the origin');
  assert.ok(figures.p50Ms > 1 && figures.p50Ms < 1_000, `p50 ${figures.p50Ms}`);
  assert.ok(figures.goodputDuring > 20 && figures.goodputAfter > 60);
  assert.ok(figures.attemptsPerRequest >= 1 && figures.attemptsPerRequest < 1.5);
});
