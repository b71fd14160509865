import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Histogram, writeCounts } from '@headgate/load';
import { figuresOf, recoveryS } from './fault-figures.ts';
import type { LoadSecond } from './fault-generator.ts';
import type { FaultRun } from './fault-run.ts';
import { type FaultScenario, faultScenarios, type Timeline } from './fault-scenarios.ts';

const scenario = faultScenarios.find(({ name }) => name === 'black-hole') as FaultScenario;
const timeline: Timeline = { warmUpS: 1, faultFromS: 2, faultToS: 4, lengthS: 6 };

/** A second of good answers after 10 ms, and failures that count as 10 s. */
function second(good: number, failed: number): LoadSecond {
  const histogram = new Histogram();
  histogram.record(10_000, good);
  histogram.record(10_000_000, failed);
  const all = good + failed;
  return {
    arrivals: all,
    late: 0,
    good,
    failed,
    histogram: writeCounts(histogram.counts()),
  };
}

/** Ten origins, the first of which receives `shares` of its fair share in each second. */
function run(
  seconds: readonly LoadSecond[],
  shares: readonly number[],
  rest: Partial<FaultRun> = {},
): FaultRun {
  const origins = Array.from({ length: 10 }, (_, index) => ({
    perSecond: shares.map((share) => 100 * (index === 0 ? share : (10 - share) / 9)),
    failed: 0,
    cutShort: 0,
  }));
  const lateness = { meanMs: 0, p99Ms: 1 };
  return {
    contestant: 'a',
    round: 1,
    invalid: undefined,
    seconds,
    refusals: '',
    origins: {
      origins,
      clientRequests: 800 * shares.length,
      lateness,
      lateAnswers: 0,
      loopUtilization: 0.1,
    },
    proxyCores: 0.1,
    othersShare: 0,
    ...rest,
  };
}

const GOOD = second(1_000, 0);
const BAD = second(600, 400);

describe('figures of a contestant', () => {
  it('count failures as the deadline, and leave the warm-up out', () => {
    const seconds = [BAD, GOOD, BAD, BAD, GOOD, GOOD];
    const figures = figuresOf(scenario, timeline, [run(seconds, [1, 1, 4, 4, 1, 1])]);
    assert.equal(figures.errors, 800);
    assert.ok(Math.abs(figures.errorShare - 0.16) < 1e-9);
    assert.ok(Math.abs(figures.p50Ms - 10) < 0.1);
    assert.ok(Math.abs(figures.p99Ms - 10_000) < 10);
    assert.ok(Math.abs(figures.servedP99Ms - 10) < 0.1);
    assert.deepEqual([figures.goodputDuring, figures.goodputAfter], [600, 1_000]);
    assert.ok(Math.abs(figures.faultyShare - 4) < 1e-9);
    assert.ok(Math.abs(figures.attemptsPerRequest - 1.25) < 1e-9, 'a quarter was repeated');
  });

  it('merge rounds exactly, and leave out those that do not count', () => {
    const calm = run([GOOD, GOOD, GOOD, GOOD, GOOD, GOOD], [1, 1, 1, 1, 1, 1]);
    const bad = run([BAD, BAD, BAD, BAD, BAD, BAD], [1, 1, 1, 1, 1, 1], { round: 2 });
    const saturated = { ...bad, round: 3, invalid: 'saturated' };
    const figures = figuresOf(scenario, timeline, [calm, bad, saturated]);
    assert.deepEqual([figures.runs, figures.validRuns, figures.invalid], [3, 2, 'saturated']);
    assert.equal(figures.errorShare, 0.2);
    assert.equal(figures.goodputDuring, 800);
  });

  it('are no numbers when no run counts', () => {
    const invalid = run([GOOD], [1], { invalid: 'saturated' });
    const figures = figuresOf(scenario, timeline, [invalid]);
    assert.equal(figures.validRuns, 0);
    assert.ok(Number.isNaN(figures.p99Ms) && Number.isNaN(figures.goodputDuring));
  });
});

describe('recovery', () => {
  const ends = [GOOD, GOOD, BAD, BAD];

  it('is at once when all is well in the first second after the fault', () => {
    assert.equal(recoveryS(scenario, timeline, run([...ends, GOOD, GOOD], [1, 1, 4, 4, 1, 1])), 0);
  });

  it('waits for answers to be good, and for the origin to have its share again', () => {
    assert.equal(recoveryS(scenario, timeline, run([...ends, BAD, GOOD], [1, 1, 4, 4, 1, 1])), 1);
    const shunned = run([...ends, GOOD, GOOD], [1, 1, 0, 0, 0.5, 0.95]);
    assert.equal(recoveryS(scenario, timeline, shunned), 1);
  });

  it('may never come, and there is none of what does not end', () => {
    const collapsed = run([...ends, BAD, BAD], [1, 1, 4, 4, 1, 1]);
    assert.equal(recoveryS(scenario, timeline, collapsed), Number.POSITIVE_INFINITY);
    assert.ok(Number.isNaN(recoveryS(scenario, { ...timeline, faultToS: 6 }, collapsed)));
  });
});
