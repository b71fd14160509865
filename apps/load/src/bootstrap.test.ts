import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { blockLengthOf, percentileInterval, resample, type Span } from './bootstrap.ts';
import { createRandom } from './random.ts';

describe('resample', () => {
  it('draws as many seconds as the drawn runs have', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(lengths, fc.nat(), (all, seed) => {
        const spans = spansOf(all);
        const weights = new Float64Array(all.reduce((sum, length) => sum + length, 0)).fill(9);
        resample(spans, weights, createRandom(seed, 0));
        let runs = 0;
        for (const { start, length } of spans) {
          const drawn = weights.subarray(start, start + length).reduce((sum, w) => sum + w, 0);
          assert.equal(drawn % length, 0);
          runs += drawn / length;
        }
        assert.equal(runs, all.length);
      }),
    );
  });

  it('draws every second as often as any other', () => {
    const sums = new Float64Array(30);
    const weights = new Float64Array(30);
    const random = createRandom(1, 0);
    for (let i = 0; i < 5_000; i++) {
      resample([{ start: 0, length: 30 }], weights, random);
      for (let second = 0; second < 30; second++) {
        sums[second] = (sums[second] as number) + (weights[second] as number);
      }
    }
    for (const sum of sums) assert.ok(sum > 4_500 && sum < 5_500, `${sum}`);
  });

  it('keeps neighbours together', () => {
    const weights = new Float64Array(64);
    resample([{ start: 0, length: 64 }], weights, createRandom(3, 0));
    let alone = 0;
    weights.forEach((weight, i) => {
      if (weight > 0 && !weights[(i + 63) % 64] && !weights[(i + 1) % 64]) alone++;
    });
    assert.equal(blockLengthOf(64), 4);
    assert.equal(alone, 0);
  });
});

describe('percentileInterval', () => {
  it('cuts off the same share on both sides', () => {
    const values = Float64Array.from({ length: 1_001 }, (_, i) => (i * 5) % 1_001);
    assert.deepEqual(percentileInterval(values, 0.9), { low: 50, high: 950 });
  });

  it('is null where a value is unknown, and where there are none', () => {
    assert.equal(percentileInterval(Float64Array.of(1, Number.NaN, 2), 0.9), null);
    assert.equal(percentileInterval(new Float64Array(0), 0.9), null);
  });

  it('contains the mean of independent seconds about as often as it promises', () => {
    const share = coverage({ persistence: 0 });
    assert.ok(share > 0.87 && share < 0.99, `${share}`);
  });

  it('does so for seconds that depend on each other, where single seconds would not', () => {
    const inBlocks = coverage({ persistence: 0.6 });
    const alone = coverage({ persistence: 0.6, areAlone: true });
    assert.ok(inBlocks > 0.75, `${inBlocks}`);
    assert.ok(inBlocks - alone > 0.1, `${inBlocks} ${alone}`);
  });
});

/** How often the interval of the mean of 100 seconds contains the true one, which is 0. */
function coverage(options: { readonly persistence: number; readonly areAlone?: boolean }): number {
  const { persistence, areAlone = false } = options;
  const random = createRandom(5, 0);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const length = 100;
  const runs = 400;
  let hits = 0;
  for (let run = 0; run < runs; run++) {
    let last = normal();
    const seconds = Array.from({ length }, () => {
      last = persistence * last + Math.sqrt(1 - persistence ** 2) * normal();
      return last;
    });
    const spans = areAlone ? undefined : [{ start: 0, length }];
    const interval = percentileInterval(meansOf(seconds, spans, random), 0.95);
    if (interval && interval.low <= 0 && interval.high >= 0) hits++;
  }
  return hits / runs;
}

function meansOf(
  seconds: readonly number[],
  spans: readonly Span[] | undefined,
  random: () => number,
): Float64Array {
  const weights = new Float64Array(seconds.length);
  return Float64Array.from({ length: 300 }, () => {
    if (spans) resample(spans, weights, random);
    else drawAlone(weights, random);
    return seconds.reduce((sum, value, i) => sum + value * (weights[i] as number), 0) / 100;
  });
}

function drawAlone(weights: Float64Array, random: () => number): void {
  weights.fill(0);
  for (let i = 0; i < weights.length; i++) {
    const second = Math.floor(random() * weights.length);
    weights[second] = (weights[second] as number) + 1;
  }
}

function spansOf(lengths: readonly number[]): Span[] {
  let start = 0;
  return lengths.map((length) => {
    start += length;
    return { start: start - length, length };
  });
}
