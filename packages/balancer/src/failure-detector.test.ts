import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FailureDetector, OutcomeTally } from './failure-detector.ts';
import { seededRandom } from './seeded-random.test.ts';

/** Detectors on one service whose outcomes come in turn, `perMs` apart. */
function service(count: number, gapMs = 1) {
  const tally = new OutcomeTally();
  const detectors = Array.from({ length: count }, () => new FailureDetector());
  let sinceFadeMs = 0;
  return {
    tally,
    detectors,
    /** One outcome; true when that makes it a suspect. */
    outcome(index: number, isGood: boolean): boolean {
      sinceFadeMs += gapMs;
      if (sinceFadeMs >= 25) {
        const long = Math.exp(-sinceFadeMs / 10_000);
        const short = Math.exp(-sinceFadeMs / 200);
        for (const one of [tally, ...detectors.map((detector) => detector.tally)]) {
          one.fade(long, short);
        }
        sinceFadeMs = 0;
      }
      tally.add(isGood);
      return (detectors[index] as FailureDetector).observe(isGood, tally) !== undefined;
    },
  };
}

/** Outcomes of the last one until it is a suspect, the others failing at `errorRate`. */
function outcomesUntilFound(failing: number, errorRate: number, seed: number): number {
  const random = seededRandom(seed);
  const { outcome } = service(10);
  for (let i = 0; i < 5_000; i++) outcome(i % 10, random() >= errorRate);
  for (let i = 0; i < 100_000; i++) {
    const index = i % 10;
    const isFound = outcome(index, random() >= (index === 9 ? failing : errorRate));
    if (isFound) {
      assert.equal(index, 9);
      return (i + 1) / 10;
    }
  }
  return Number.POSITIVE_INFINITY;
}

function mean(count: number, of: (seed: number) => number): number {
  let sum = 0;
  for (let seed = 1; seed <= count; seed++) sum += of(seed);
  return sum / count;
}

describe('failure detector', () => {
  it('finds a dead upstream within a handful of requests, with noise or without', () => {
    for (const noise of [0, 0.01]) {
      const found = mean(50, (seed) => outcomesUntilFound(1, noise, seed));
      assert.ok(found <= 8, `after ${found} requests`);
    }
  });

  it('finds one that fails half of the time within twenty requests on average', () => {
    for (const noise of [0, 0.005]) {
      const found = mean(50, (seed) => outcomesUntilFound(0.5, noise, seed));
      assert.ok(found <= 20, `after ${found} requests`);
    }
  });

  it('finds one that fails a tenth of the time in the end', () => {
    const found = mean(20, (seed) => outcomesUntilFound(0.1, 0, seed));
    assert.ok(found < 500, `after ${found} requests`);
  });

  it('suspects nobody in a million requests of which 1 % fail everywhere', () => {
    const random = seededRandom(3);
    const { outcome } = service(10);
    let suspects = 0;
    for (let i = 0; i < 1_000_000; i++) if (outcome(i % 10, random() >= 0.01)) suspects++;
    assert.equal(suspects, 0);
  });

  it('hardly ever suspects anybody when all start to fail together, whatever their luck', () => {
    for (const failing of [0.2, 0.5, 0.9, 1]) {
      let onsetsWithSuspects = 0;
      for (let seed = 1; seed <= 40; seed++) {
        const random = seededRandom(seed);
        const { outcome } = service(4);
        let suspects = 0;
        for (let i = 0; i < 2_000; i++) outcome(Math.floor(random() * 4), true);
        for (let i = 0; i < 3_000; i++) {
          if (outcome(Math.floor(random() * 4), random() >= failing)) suspects++;
        }
        if (suspects > 0) onsetsWithSuspects++;
      }
      assert.ok(onsetsWithSuspects <= 3, `${failing * 100} %: ${onsetsWithSuspects} of 40`);
    }
  });

  it('suspects nobody while all fail, however long', () => {
    const { outcome } = service(2);
    for (let i = 0; i < 2_000; i++) outcome(i % 2, true);
    for (let i = 0; i < 100_000; i++) assert.equal(outcome(i % 2, false), false);
  });

  it('blames nobody alone: two dead of ten are both found', () => {
    const { outcome } = service(10);
    for (let i = 0; i < 5_000; i++) outcome(i % 10, true);
    const found = new Set<number>();
    for (let i = 0; i < 1_000; i++) if (outcome(i % 10, i % 10 < 8)) found.add(i % 10);
    assert.deepEqual([...found].sort(), [8, 9]);
  });

  it('needs more failures in a row where failures are usual', () => {
    const quiet = mean(20, (seed) => outcomesUntilFound(1, 0, seed));
    const noisy = mean(20, (seed) => outcomesUntilFound(1, 0.2, seed));
    assert.ok(noisy > quiet, `${noisy} after ${quiet}`);
    assert.ok(noisy < 60, `${noisy}`);
  });

  it('counts a run for less the more the others fail, and a success ends it', () => {
    const { outcome, detectors } = service(2);
    const [a] = detectors as [FailureDetector];
    for (let i = 0; i < 500; i++) outcome(i % 2, true);
    outcome(0, false);
    assert.ok(a.ownRun > 0.9, `${a.ownRun}`);
    for (let i = 0; i < 200; i++) outcome(i % 2, false);
    assert.equal(a.ownRun, 0);
    assert.ok(a.run > 50);
    outcome(0, true);
    assert.equal(a.run, 0);
  });

  it('grades by how much more it fails than others, between nothing and nearly all', () => {
    const { outcome, detectors, tally } = service(2);
    const [a, b] = detectors as [FailureDetector, FailureDetector];
    for (let i = 0; i < 1_000; i++) outcome(i % 2, true);
    assert.equal(a.grade(tally), 1);
    for (let i = 0; i < 200; i++) outcome(i % 2, i % 2 === 1 || i % 10 !== 0);
    const some = a.grade(tally);
    for (let i = 0; i < 200; i++) outcome(i % 2, i % 2 === 1);
    const most = a.grade(tally);
    assert.ok(1 > some && some > most && most > 0, `1 > ${some} > ${most} > 0`);
    assert.equal(b.grade(tally), 1);
    a.forgive();
    assert.equal(a.grade(tally), 1);
    assert.equal(a.run, 0);
  });

  it('works for an upstream on its own, and at once', () => {
    const { outcome, detectors, tally } = service(1);
    for (let i = 0; i < 50; i++) outcome(0, false);
    const [only] = detectors as [FailureDetector];
    assert.ok(only.grade(tally) > 0);
    assert.ok(Number.isFinite(only.ownRun));
  });
});
