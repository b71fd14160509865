import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Histogram, writeCounts } from './histogram.ts';
import { percentiles, quantileMs, summarize } from './summary.ts';

describe('summarize', () => {
  it('gives the figures in milliseconds', () => {
    const histogram = new Histogram();
    for (let ms = 1; ms <= 10_000; ms++) histogram.record(ms * 1_000);
    const { histogram: text, count, ...figures } = summarize(histogram);
    assert.equal(count, 10_000);
    assert.equal(text, writeCounts(histogram.counts()));
    const expected = {
      minMs: 1,
      meanMs: 5_000.5,
      p50Ms: 5_000,
      p90Ms: 9_000,
      p95Ms: 9_500,
      p99Ms: 9_900,
      p999Ms: 9_990,
      p9999Ms: 9_999,
      maxMs: 10_000,
    };
    assert.deepEqual(Object.keys(figures), Object.keys(expected));
    for (const [name, ms] of Object.entries(expected)) {
      const figure = figures[name as keyof typeof expected];
      assert.ok(Math.abs(figure / ms - 1) <= 0.001, `${name} ${figure}`);
    }
  });

  it('is exact below two milliseconds, without noise behind the microseconds', () => {
    const histogram = new Histogram();
    for (const us of [333, 334, 336]) histogram.record(us);
    const summary = summarize(histogram);
    assert.equal(summary.minMs, 0.333);
    assert.equal(summary.meanMs, 0.334);
    assert.equal(summary.p50Ms, 0.334);
    assert.equal(summary.maxMs, 0.336);
  });

  it('is all zeros when nothing was recorded', () => {
    const { histogram, ...figures } = summarize(new Histogram());
    assert.equal(histogram, '');
    assert.ok(Object.values(figures).every((figure) => figure === 0));
  });
});

describe('percentiles', () => {
  it('are those of the summary', () => {
    const histogram = new Histogram();
    for (let i = 0; i < 5_000; i++) histogram.record(i * 37);
    const { p50Ms, p90Ms, p99Ms, p999Ms, maxMs } = summarize(histogram);
    assert.deepEqual(percentiles(histogram), { p50Ms, p90Ms, p99Ms, p999Ms, maxMs });
  });

  it('are null when nothing was recorded', () => {
    assert.equal(percentiles(new Histogram()), null);
  });
});

describe('quantileMs', () => {
  it('is 0 when nothing was recorded', () => {
    assert.equal(quantileMs(new Histogram(), 0.5), 0);
  });

  it('is in milliseconds', () => {
    const histogram = new Histogram();
    histogram.record(1_500);
    assert.equal(quantileMs(histogram, 0.5), 1.5);
  });
});
