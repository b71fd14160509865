import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arrivalsOf, drawOf } from './load.ts';
import { percentile } from './measured.ts';
import { centralQueue, centralQueuePercentile, erlangC } from './oracle.ts';
import { usualServiceTime } from './scenario.ts';

const shares = [0.5, 0.9, 0.99, 0.999];

function percentiles(workers: number, ratePerSecond: number): number[] {
  return shares.map((share) => centralQueuePercentile(share, workers, ratePerSecond, 20));
}

function assertNear(actual: readonly number[], expected: readonly number[], tolerance: number) {
  actual.forEach((value, i) => {
    const wanted = expected[i] as number;
    assert.ok(Math.abs(value / wanted - 1) < tolerance, `${value.toFixed(1)}, not ${wanted}`);
  });
}

describe('the central queue', () => {
  it('has the known probability of waiting', () => {
    // One worker: the load itself. Two at load 1: a third.
    assert.equal(erlangC(1, 0.7), 0.7);
    assert.ok(Math.abs(erlangC(2, 1) - 1 / 3) < 1e-12);
  });

  it('has the percentiles of M/M/k', () => {
    assertNear(percentiles(36, 1_274), [13.9, 46.1, 92.2, 138.2], 0.003);
    assertNear(percentiles(40, 1_800), [16.2, 48.6, 94.7, 140.7], 0.003);
    assertNear(percentiles(40, 1_900), [21.0, 55.7, 102.2, 148.3], 0.003);
    assertNear(percentiles(200, 8_500), [13.9, 46.1, 92.1, 138.2], 0.003);
    assertNear(percentiles(4, 170), [33, 93, 171, 248], 0.02);
  });

  it('says when the workers do not suffice', () => {
    assert.throws(() => centralQueuePercentile(0.5, 4, 200, 20), /4 workers of 50\/s cannot serve/);
  });

  it('simulated agrees with the formula', () => {
    const arrivals = arrivalsOf([{ untilMs: 200_000, ratePerSecond: 1_274 }], 1);
    const latencies = centralQueue(
      arrivals,
      (i) => drawOf(usualServiceTime, 1, i).workMs,
      36,
    ).sort();
    assertNear(
      shares.map((share) => percentile(latencies, share)),
      percentiles(36, 1_274),
      0.02,
    );
  });
});
