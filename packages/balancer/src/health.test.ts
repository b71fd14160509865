import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createHealth, probeDelayMs } from './health.ts';
import { seededRandom } from './seeded-random.test.ts';

test('nothing is known before the first observation', () => {
  const health = createHealth({ rise: 2, fall: 3 });
  assert.equal(health.verdict, 'unknown');
  assert.equal(health.lastReason, undefined);
  assert.equal(health.isChanging, false);
  assert.deepEqual(health.history, []);
});

test('the first observation decides at once, whatever rise and fall say', () => {
  const good = createHealth({ rise: 5, fall: 5 });
  const expected = { from: 'unknown', to: 'healthy', reason: 'answered', atMs: 7 };
  assert.deepEqual(good.observe(true, 'answered', 7), expected);
  assert.equal(good.verdict, 'healthy');

  const bad = createHealth({ rise: 5, fall: 5 });
  assert.equal(bad.observe(false, 'refused', 7)?.to, 'unhealthy');
  assert.equal(bad.verdict, 'unhealthy');
});

test('a verdict falls after `fall` bad observations in a row, and a good one starts over', () => {
  const health = createHealth({ rise: 1, fall: 3 });
  health.observe(true, 'ok', 0);
  for (const ok of [false, false, true, false, false]) {
    assert.equal(health.observe(ok, 'x', 1), undefined);
  }
  assert.equal(health.isChanging, true);
  assert.deepEqual(health.observe(false, 'timeout', 9), {
    from: 'healthy',
    to: 'unhealthy',
    reason: 'timeout, the last of 3 failures in a row',
    atMs: 9,
  });
  assert.equal(health.isChanging, false);
  assert.equal(health.lastReason, 'timeout');
});

test('the reason of a change says how many observations it took', () => {
  const health = createHealth({ rise: 2, fall: 3 });
  assert.equal(health.observe(true, 'answered', 0)?.reason, 'answered');
  // A streak that came to nothing leaves no trace in the next one.
  for (const ok of [false, false, true]) health.observe(ok, ok ? 'answered' : 'refused', 1);
  health.observe(false, 'answered 503', 2);
  health.observe(false, 'answered 503', 3);
  const fall = health.observe(false, 'answered 503', 4);
  assert.equal(fall?.reason, 'answered 503, 3 times in a row');
  assert.equal(health.lastReason, 'answered 503');
  health.observe(true, 'answered', 5);
  assert.equal(health.observe(true, 'answered', 6)?.reason, 'answered, 2 times in a row');
});

test('the history keeps the last ten changes', () => {
  const health = createHealth({ rise: 1, fall: 1 });
  for (let i = 0; i < 25; i++) health.observe(i % 2 === 0, `reason ${i}`, i);
  assert.equal(health.history.length, 10);
  assert.equal(health.history[0]?.reason, 'reason 15');
  assert.equal(health.history[9]?.reason, 'reason 24');
});

test('rise and fall must be whole numbers of at least 1', () => {
  for (const wrong of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => createHealth({ rise: wrong, fall: 1 }), RangeError);
    assert.throws(() => createHealth({ rise: 1, fall: wrong }), RangeError);
  }
});

test('property: the verdict is what a look back over all observations says', () => {
  const count = fc.integer({ min: 1, max: 4 });
  fc.assert(
    fc.property(count, count, fc.array(fc.boolean()), (rise, fall, observations) => {
      const health = createHealth({ rise, fall });
      observations.forEach((ok, i) => {
        const before = health.verdict;
        const change = health.observe(ok, 'seen', i);
        assert.equal(change?.from, change && before);
        assert.equal(health.verdict, verdictOf(observations.slice(0, i + 1), rise, fall));
        assert.equal(change !== undefined, health.verdict !== before);
        assert.equal(health.isChanging, ok !== (health.verdict === 'healthy'));
      });
    }),
  );
});

/** The verdict, from scratch: the latest run long enough to settle the matter. */
function verdictOf(observations: readonly boolean[], rise: number, fall: number): string {
  for (let end = observations.length; end > 1; end--) {
    const good = observations.slice(Math.max(0, end - rise), end);
    const bad = observations.slice(Math.max(0, end - fall), end);
    if (good.length === rise && good.every((ok) => ok)) return 'healthy';
    if (bad.length === fall && bad.every((ok) => !ok)) return 'unhealthy';
  }
  return observations[0] ? 'healthy' : 'unhealthy';
}

test('the first probe falls anywhere in one interval', () => {
  const health = createHealth({ rise: 2, fall: 2 });
  assert.equal(
    probeDelayMs(health, 1000, () => 0),
    0,
  );
  assert.equal(
    probeDelayMs(health, 1000, () => 0.75),
    750,
  );
});

test('later probes keep the interval within 10 %, and half of it while a verdict is changing', () => {
  const random = seededRandom(1);
  const health = createHealth({ rise: 2, fall: 2 });
  health.observe(true, 'ok', 0);
  const steady = Array.from({ length: 1000 }, () => probeDelayMs(health, 1000, random));
  assert.ok(Math.min(...steady) >= 900 && Math.max(...steady) <= 1100);
  assert.ok(Math.max(...steady) - Math.min(...steady) > 150, 'the delays are spread out');

  health.observe(false, 'timeout', 1);
  const changing = Array.from({ length: 1000 }, () => probeDelayMs(health, 1000, random));
  assert.ok(Math.min(...changing) >= 450 && Math.max(...changing) <= 550);
});

/** Jitter in the middle: exactly the interval. */
const half = () => 0.5;
const changing = { verdict: 'healthy', isChanging: true } as const;
const healthy = { verdict: 'healthy', isChanging: false } as const;
const unhealthy = { verdict: 'unhealthy', isChanging: false } as const;
const quiet = { hasFailed: false, hasSucceeded: false, isServiceIdle: false } as const;

test('a changing verdict is settled no faster than 100 ms a probe, where the interval has room', () => {
  assert.equal(probeDelayMs(changing, 400, half), 200);
  assert.equal(probeDelayMs(changing, 150, half), 100);
  assert.equal(probeDelayMs(changing, 40, half), 40);
});

test('an upstream that requests prove healthy is probed every third interval', () => {
  assert.equal(probeDelayMs(healthy, 1000, half, { ...quiet, hasSucceeded: true }), 3000);
});

test('an upstream of a service that nobody uses is probed every fifth interval', () => {
  assert.equal(probeDelayMs(healthy, 1000, half, { ...quiet, isServiceIdle: true }), 5000);
});

test('an upstream that gets none of the requests of its service is probed every interval', () => {
  assert.equal(probeDelayMs(healthy, 1000, half, quiet), 1000);
});

test('one failure since the last probe outweighs every success', () => {
  const seen = { hasFailed: true, hasSucceeded: true, isServiceIdle: true };
  assert.equal(probeDelayMs(healthy, 1000, half, seen), 1000);
});

test('property: traffic never makes a probe earlier, and puts off none of an upstream in doubt', () => {
  const traffic = fc.record({
    hasFailed: fc.boolean(),
    hasSucceeded: fc.boolean(),
    isServiceIdle: fc.boolean(),
  });
  const health = fc.constantFrom(healthy, changing, unhealthy, {
    verdict: 'unhealthy',
    isChanging: true,
  } as const);
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(
      health,
      fc.integer({ min: 1, max: 600_000 }),
      chance,
      traffic,
      (of, ms, at, seen) => {
        const without = probeDelayMs(of, ms, () => at);
        const delayMs = probeDelayMs(of, ms, () => at, seen);
        assert.ok(without > 0 && without <= 1.1 * ms);
        assert.ok(delayMs >= without);
        if (of !== healthy || seen.hasFailed) assert.equal(delayMs, without);
      },
    ),
  );
});
