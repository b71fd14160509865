import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Arrivals, type ArrivalsOptions } from './arrivals.ts';
import { ramp, spike } from './profile.ts';

function arrivalsOf(options: Partial<ArrivalsOptions>): Arrivals {
  const knots = [{ atMs: 0, level: 10 }];
  return new Arrivals({ knots, spacing: 'even', seed: 1, part: 0, parts: 1, ...options });
}

function timesUntil(arrivals: Arrivals, untilMs: number): number[] {
  const times: number[] = [];
  while (arrivals.peek().atMs < untilMs) times.push(arrivals.take().atMs);
  return times;
}

function assertTimes(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length, `${actual}`);
  for (const [i, atMs] of actual.entries()) {
    assert.ok(Math.abs(atMs - (expected[i] as number)) < 1e-6, `number ${i} at ${atMs}`);
  }
}

const knotsArbitrary = fc
  .array(fc.record({ afterMs: fc.nat(2_000), level: fc.nat(200) }), { minLength: 1, maxLength: 8 })
  .map((steps) => {
    let atMs = 0;
    return steps.map(({ afterMs, level }, i) => {
      atMs += i === 0 ? 0 : afterMs;
      return { atMs, level };
    });
  });

describe('Arrivals, evenly spaced', () => {
  it('come at the whole multiples of the interval, from 0 on', () => {
    assert.deepEqual(timesUntil(arrivalsOf({}), 500), [0, 100, 200, 300, 400]);
  });

  it('come on a ramp when the area under it is a whole number', () => {
    // 0 to 20/s in 10 s: the area at t seconds is t².
    const { knots } = ramp({ from: 0, to: 20, over: '10s' });
    const times = timesUntil(arrivalsOf({ knots }), 9_999);
    assertTimes(
      times,
      Array.from({ length: 100 }, (_, i) => Math.sqrt(i) * 1_000),
    );
  });

  it('come on a falling ramp until nothing is left', () => {
    const { knots } = ramp({ from: 2, to: 0, over: '10s' });
    const times = timesUntil(arrivalsOf({ knots }), 9_999);
    assertTimes(
      times,
      Array.from({ length: 10 }, (_, i) => (10 - Math.sqrt(100 - 10 * i)) * 1_000),
    );
    const later = arrivalsOf({ knots: [...knots, { atMs: 20_000, level: 0 }] });
    assert.ok(timesUntil(later, 1e9).length <= 11);
    assert.equal(later.peek().atMs, Infinity);
  });

  it('jump to the peak of a spike, and back', () => {
    const { knots } = spike({ base: 1, peak: 10, at: '2s', lasting: '1s', for: '5s' });
    const times = timesUntil(arrivalsOf({ knots }), 5_500);
    const peak = Array.from({ length: 10 }, (_, i) => 2_100 + 100 * i);
    assertTimes(times, [0, 1_000, 2_000, ...peak, 4_000, 5_000]);
  });

  it('wait while the rate is 0, at the beginning too', () => {
    const knots = [
      { atMs: 0, level: 0 },
      { atMs: 1_000, level: 0 },
      { atMs: 1_000, level: 10 },
      { atMs: 1_250, level: 10 },
      { atMs: 1_250, level: 0 },
      { atMs: 3_000, level: 0 },
      { atMs: 3_000, level: 10 },
    ];
    assertTimes(timesUntil(arrivalsOf({ knots }), 3_200), [1_000, 1_100, 1_200, 3_050, 3_150]);
  });

  it('never come at a rate of 0', () => {
    for (const spacing of ['even', 'poisson'] as const) {
      const none = arrivalsOf({ spacing, knots: [{ atMs: 0, level: 0 }] });
      assert.equal(none.peek().atMs, Infinity, spacing);
    }
  });
});

describe('Arrivals, as a Poisson process', () => {
  it('have the mean and the variance of one', () => {
    const arrivals = arrivalsOf({ spacing: 'poisson', knots: [{ atMs: 0, level: 100 }] });
    const perSecond = new Float64Array(1_000);
    for (const atMs of timesUntil(arrivals, 1e6)) {
      const second = Math.floor(atMs / 1_000);
      perSecond[second] = (perSecond[second] as number) + 1;
    }
    const mean = perSecond.reduce((sum, count) => sum + count, 0) / 1_000;
    const variance = perSecond.reduce((sum, count) => sum + (count - mean) ** 2, 0) / 999;
    // Four standard errors: 10 / √1000 of the mean, 100 · √(2 / 1000) of the variance.
    assert.ok(Math.abs(mean - 100) < 1.3, `mean ${mean}`);
    assert.ok(Math.abs(variance - 100) < 18, `variance ${variance}`);
  });

  it('have exponential gaps', () => {
    const arrivals = arrivalsOf({ spacing: 'poisson', knots: [{ atMs: 0, level: 1_000 }] });
    const times = Array.from({ length: 100_000 }, () => arrivals.take().atMs);
    const gaps = times.map((atMs, i) => atMs - (times[i - 1] ?? 0));
    for (const gapMs of [0.1, 0.5, 1, 2, 4]) {
      const share = gaps.filter((gap) => gap > gapMs).length / gaps.length;
      assert.ok(Math.abs(share - Math.exp(-gapMs)) < 0.007, `${share} above ${gapMs} ms`);
    }
  });

  it('follow a ramp', () => {
    const { knots } = ramp({ from: 0, to: 2_000, over: '10s' });
    const times = timesUntil(arrivalsOf({ spacing: 'poisson', knots }), 10_000);
    assert.ok(Math.abs(times.length - 10_000) < 400, `${times.length}`);
    const inFirstHalf = times.filter((atMs) => atMs < 5_000).length;
    assert.ok(Math.abs(inFirstHalf - 2_500) < 200, `${inFirstHalf}`);
  });

  it('are the same with the same seed, and others with another', () => {
    const timesOf = (seed: number) => timesUntil(arrivalsOf({ spacing: 'poisson', seed }), 10_000);
    assert.deepEqual(timesOf(7), timesOf(7));
    assert.notDeepEqual(timesOf(7), timesOf(8));
  });
});

describe('Arrivals of several workers', () => {
  const spacingArbitrary = fc.constantFrom('even' as const, 'poisson' as const);

  it('are together those of one', () => {
    fc.assert(
      fc.property(
        knotsArbitrary,
        spacingArbitrary,
        fc.nat(),
        fc.integer({ min: 1, max: 5 }),
        (knots, spacing, seed, parts) => {
          const options = { knots, spacing, seed };
          const all = arrivalsOf(options);
          const workers = Array.from({ length: parts }, (_, part) =>
            arrivalsOf({ ...options, part, parts }),
          );
          for (let i = 0; i < 50; i++) {
            const worker = workers[i % parts] as Arrivals;
            assert.deepEqual(worker.take(), all.take());
          }
        },
      ),
    );
  });

  it('are in order of time', () => {
    fc.assert(
      fc.property(knotsArbitrary, spacingArbitrary, fc.nat(), (knots, spacing, seed) => {
        const arrivals = arrivalsOf({ knots, spacing, seed, part: 1, parts: 2 });
        let last = 0;
        for (let i = 0; i < 100; i++) {
          const { index, atMs } = arrivals.take();
          assert.equal(index, 2 * i + 1);
          assert.ok(atMs >= last, `${atMs} after ${last}`);
          last = atMs;
        }
      }),
    );
  });
});

describe('Arrivals.scaleFrom', () => {
  it('moves what comes later, and nothing before', () => {
    const arrivals = arrivalsOf({});
    assert.equal(arrivals.peek().atMs, 0);
    arrivals.scaleFrom(250, 2);
    assertTimes(timesUntil(arrivals, 500), [0, 100, 200, 275, 325, 375, 425, 475]);
  });

  it('moves an arrival that was looked at across a knot', () => {
    const knots = [
      { atMs: 0, level: 1 },
      { atMs: 500, level: 1 },
      { atMs: 500, level: 10 },
    ];
    const arrivals = arrivalsOf({ knots });
    arrivals.take();
    assertTimes([arrivals.peek().atMs], [550]);
    arrivals.scaleFrom(250, 2);
    assertTimes([arrivals.take().atMs, arrivals.take().atMs], [512.5, 562.5]);
  });

  it('moves an arrival that was looked at, but not taken', () => {
    const arrivals = arrivalsOf({});
    arrivals.take();
    assert.equal(arrivals.peek().atMs, 100);
    arrivals.scaleFrom(50, 0.5);
    assertTimes([arrivals.take().atMs], [150]);
  });

  it('pauses at 0, and goes on where it stopped', () => {
    const arrivals = arrivalsOf({});
    timesUntil(arrivals, 250);
    arrivals.scaleFrom(250, 0);
    assert.equal(arrivals.peek().atMs, Infinity);
    arrivals.scaleFrom(1_000, 1);
    assertTimes(timesUntil(arrivals, 1_200), [1_050, 1_150]);
  });

  it('holds back the very first arrival too', () => {
    const arrivals = arrivalsOf({});
    arrivals.scaleFrom(0, 0);
    assert.equal(arrivals.peek().atMs, Infinity);
    arrivals.scaleFrom(400, 1);
    assertTimes(timesUntil(arrivals, 550), [400, 500]);
  });

  it('is the same for all workers, wherever each of them is', () => {
    const options = { spacing: 'poisson', knots: ramp({ to: 500, over: '1s' }).knots } as const;
    const scaled = (part: number, parts: number, takenUntilMs: number) => {
      const arrivals = arrivalsOf({ ...options, part, parts });
      const times = timesUntil(arrivals, takenUntilMs);
      arrivals.scaleFrom(500, 3);
      times.push(...timesUntil(arrivals, 700));
      arrivals.scaleFrom(700, 0);
      arrivals.scaleFrom(900, 0.5);
      return [...times, ...timesUntil(arrivals, 1_500)];
    };
    const shared = [scaled(0, 3, 500), scaled(1, 3, 100), scaled(2, 3, 0)].flat();
    const all = scaled(0, 1, 500);
    assertTimes(
      shared.sort((a, b) => a - b),
      all,
    );
    assert.ok(all.every((atMs) => atMs <= 700 || atMs >= 900));
  });
});
