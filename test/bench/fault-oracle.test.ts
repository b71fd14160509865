import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CentralQueue, erlangC, quantileMs } from './fault-oracle.ts';

const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual}, not ${expected}`);

describe('the bound of a central queue', () => {
  const cases: readonly [CentralQueue, readonly number[]][] = [
    [{ workers: 36, ratePerS: 1_274, meanMs: 20 }, [13.9, 46.1, 92.2, 138.2]],
    [{ workers: 40, ratePerS: 1_800, meanMs: 20 }, [16.2, 48.6, 94.7, 140.7]],
    [{ workers: 40, ratePerS: 1_900, meanMs: 20 }, [21.0, 55.7, 102.2, 148.3]],
    [{ workers: 200, ratePerS: 8_500, meanMs: 20 }, [13.9, 46.1, 92.1, 138.2]],
    [{ workers: 4, ratePerS: 170, meanMs: 20 }, [33, 93, 171, 248]],
  ];
  for (const [queue, expected] of cases) {
    it(`${queue.workers} workers at ${queue.ratePerS}/s`, () => {
      for (const [index, share] of [0.5, 0.9, 0.99, 0.999].entries()) {
        near(quantileMs([queue], share), expected[index] as number, 0.6);
      }
    });
  }

  it('of one worker is exponential, with the time in the system as its mean', () => {
    const meanMs = 1_000 / (50 - 40);
    near(
      quantileMs([{ workers: 1, ratePerS: 40, meanMs: 20 }], 0.99),
      meanMs * Math.log(100),
      0.01,
    );
  });

  it('of two phases lies between theirs, and follows the weights', () => {
    const fast: CentralQueue = { workers: 40, ratePerS: 400, meanMs: 20, weight: 3 };
    const slow: CentralQueue = { workers: 40, ratePerS: 400, meanMs: 60, weight: 2 };
    const both = quantileMs([fast, slow], 0.99);
    assert.ok(quantileMs([fast], 0.99) < both && both < quantileMs([slow], 0.99));
    // 2 of 5 are slow, and nearly all beyond the 99th percentile are.
    near(both, 60 * Math.log(40), 5);
  });

  it('does not exist when more arrives than workers can do', () => {
    assert.throws(
      () => quantileMs([{ workers: 4, ratePerS: 201, meanMs: 20 }], 0.5),
      /201\/s are too many for 4 workers/,
    );
  });
});

describe('the probability to wait', () => {
  it('is the load for one worker, and known for two', () => {
    near(erlangC(1, 0.7), 0.7, 1e-9);
    near(erlangC(2, 1), 1 / 3, 1e-9);
  });
});
