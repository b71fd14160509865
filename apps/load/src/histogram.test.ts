import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Histogram, lowestUs, middleUs, readCounts, writeCounts } from './histogram.ts';

const MAX_US = 2 ** 32 - 1;

/** Values of every magnitude, with as many short ones as long ones. */
const valueArbitrary = fc
  .tuple(fc.integer({ min: 0, max: 31 }), fc.double({ min: 1, max: 2, noNaN: true }))
  .map(([bits, factor]) => Math.min(MAX_US, Math.floor(2 ** bits * factor) - 1));
const valuesArbitrary = fc.array(valueArbitrary, { maxLength: 200 });

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

function bucketOf(valueUs: number): number {
  return histogramOf([valueUs]).counts()[0] as number;
}

describe('the buckets of a histogram', () => {
  it('hold the value, and are narrower than a thousandth of it', () => {
    fc.assert(
      fc.property(valueArbitrary, (value) => {
        const bucket = bucketOf(value);
        const [lowest, next] = [lowestUs(bucket), lowestUs(bucket + 1)];
        assert.ok(lowest <= value && value < next, `${value} in ${lowest} to ${next}`);
        assert.ok(next - lowest === 1 || next - lowest < value / 1_000);
        assert.ok(Math.abs(middleUs(bucket) - value) <= value / 1_000);
      }),
      { numRuns: 2_000 },
    );
  });

  it('follow on one another, where the width doubles too', () => {
    const values = Array.from({ length: 10_000 }, (_, value) => value);
    const buckets = [...histogramOf(values).counts()].filter((_, i) => i % 2 === 0);
    assert.deepEqual(
      buckets,
      buckets.map((_, i) => i),
    );
    for (let bits = 11; bits < 32; bits++) {
      assert.equal(bucketOf(2 ** bits), bucketOf(2 ** bits - 1) + 1);
      assert.equal(lowestUs(bucketOf(2 ** bits)), 2 ** bits);
    }
  });

  it('drop fractions, and take what is out of range as the nearest there is', () => {
    assert.equal(bucketOf(7.9), 7);
    assert.equal(bucketOf(-5), 0);
    assert.equal(bucketOf(MAX_US + 1), bucketOf(MAX_US));
    assert.equal(bucketOf(Infinity), bucketOf(MAX_US));
  });
});

describe('Histogram', () => {
  it('gives the quantiles of the sorted values, to a thousandth', () => {
    fc.assert(
      fc.property(
        fc.array(valueArbitrary, { minLength: 1, maxLength: 300 }),
        fc.constantFrom(0, 0.01, 0.07, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1),
        (values, share) => {
          const sorted = values.toSorted((a, b) => a - b);
          const rank = Math.max(1, Math.ceil(share * sorted.length - 1e-9));
          const exact = sorted[rank - 1] as number;
          const quantile = histogramOf(values).quantileUs(share);
          assert.ok(Math.abs(quantile - exact) <= exact / 1_000, `${quantile} for ${exact}`);
        },
      ),
    );
  });

  it('takes a rank that is a whole number as it is, whatever the arithmetic makes of it', () => {
    // 0.07 · 100 is 7.000000000000001.
    const values = Array.from({ length: 100 }, (_, i) => i + 1);
    assert.equal(histogramOf(values).quantileUs(0.07), 7);
  });

  it('gives the mean, to a thousandth', () => {
    const histogram = histogramOf([100, 200, 600_000]);
    assert.ok(Math.abs(histogram.meanUs - 200_100) < 200);
  });

  it('has no quantile and no mean while it is empty', () => {
    assert.ok(Number.isNaN(new Histogram().quantileUs(0.5)));
    assert.ok(Number.isNaN(new Histogram().meanUs));
    assert.equal(new Histogram().total, 0);
  });

  it('records a value many times at once', () => {
    const histogram = new Histogram();
    histogram.record(5, 3);
    histogram.record(9);
    assert.deepEqual([...histogram.counts()], [5, 3, 9, 1]);
    assert.equal(histogram.total, 4);
  });

  it('grows for long values, and keeps what it has', () => {
    const histogram = histogramOf([1, 900_000]);
    for (const value of [2_000_000, 100_000_000, MAX_US]) histogram.record(value);
    assert.equal(histogram.total, 5);
    assert.equal(histogram.quantileUs(0.2), 1);
    assert.ok(Math.abs(histogram.quantileUs(1) / MAX_US - 1) < 0.001);
    const receiver = new Histogram();
    receiver.add(histogram.counts());
    assert.deepEqual(receiver.counts(), histogram.counts());
  });

  it('merges exactly, in any order', () => {
    fc.assert(
      fc.property(fc.array(valuesArbitrary, { maxLength: 5 }), (parts) => {
        const together = histogramOf(parts.flat());
        const counts = parts.map((values) => histogramOf(values).counts());
        for (const order of [counts, counts.toReversed()]) {
          const merged = new Histogram();
          for (const one of order) merged.add(one);
          assert.deepEqual(merged.counts(), together.counts());
          assert.equal(merged.total, together.total);
        }
      }),
    );
  });

  it('starts anew once it is taken', () => {
    const histogram = histogramOf([3, 3, 4]);
    assert.deepEqual([...histogram.take()], [3, 2, 4, 1]);
    assert.equal(histogram.total, 0);
    histogram.record(8);
    assert.deepEqual([...histogram.take()], [8, 1]);
    assert.deepEqual([...histogram.take()], []);
  });
});

describe('writeCounts and readCounts', () => {
  it('give back what was written', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(valueArbitrary, fc.integer({ min: 1, max: 1e12 })), { maxLength: 50 }),
        (entries) => {
          const histogram = new Histogram();
          for (const [value, count] of entries) histogram.record(value, count);
          const counts = histogram.counts();
          assert.deepEqual(readCounts(writeCounts(counts)), counts);
        },
      ),
    );
  });

  it('write steps and counts in base 36', () => {
    assert.equal(writeCounts(Float64Array.of(0, 1, 40, 36)), '0.1 14.10');
    assert.equal(writeCounts(new Float64Array()), '');
    assert.deepEqual([...readCounts('')], []);
  });

  it('refuse everything else', () => {
    const garbage = [
      ' ',
      'x',
      '1',
      '1.',
      '.1',
      '1.1 ',
      '1.1  2.1',
      '1.1,2.1',
      '-1.1',
      '1.-1',
      '1.1.1',
      'A.1',
      '1.1\n',
      '1.1 0.1',
      '1.0',
      'zzzz.1',
      'hrr.1 hrr.1',
      '1.zzzzzzzzzzz',
      'null',
    ];
    for (const text of garbage) {
      assert.throws(
        () => readCounts(text),
        (error: Error) => error instanceof TypeError && error.message.startsWith('not a histogram'),
        JSON.stringify(text),
      );
    }
  });

  it('either read a text or throw a TypeError', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('0', '1', 'z', '.', ' ', '-') }), (text) => {
        try {
          const counts = readCounts(text);
          const histogram = new Histogram();
          histogram.add(counts);
          assert.deepEqual(histogram.counts(), counts);
        } catch (error) {
          assert.ok(error instanceof TypeError, `${error}`);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
