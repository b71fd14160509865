import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RecentLatencies } from './quantile.ts';

function of(latenciesMs: readonly number[], nowMs = 0): RecentLatencies {
  const recent = new RecentLatencies();
  for (const latencyMs of latenciesMs) recent.record(latencyMs, nowMs);
  return recent;
}

function assertNear(actual: number | undefined, expected: number): void {
  assert.ok(actual !== undefined && Math.abs(actual / expected - 1) <= 0.05, `${actual}`);
}

describe('recent latencies', () => {
  it('have no quantile before the first', () => {
    assert.equal(of([]).quantile(0.5, 0), undefined);
    assert.equal(of([]).count(0), 0);
  });

  it('property: a quantile is that of the sorted values, within 5 %', () => {
    const latencies = fc.array(fc.double({ min: 0.01, max: 300_000, noNaN: true }), {
      minLength: 1,
      maxLength: 300,
    });
    fc.assert(
      fc.property(latencies, fc.constantFrom(0, 0.07, 0.5, 0.9, 0.985, 1), (values, share) => {
        const sorted = values.toSorted((a, b) => a - b);
        const rank = Math.max(1, Math.ceil(share * sorted.length - 1e-9));
        assertNear(of(values).quantile(share, 0), sorted[rank - 1] as number);
      }),
    );
  });

  it('count exactly, although a hundred times 0.07 is a little more than 7', () => {
    const values = Array.from({ length: 100 }, (_, i) => i + 1);
    assertNear(of(values).quantile(0.07, 0), 7);
  });

  it('take what is out of range, or no number, for the end of it', () => {
    assertNear(of([0, -5, Number.NaN]).quantile(1, 0), 0.01);
    assertNear(of([Number.POSITIVE_INFINITY, 1e12]).quantile(0, 0), 0.01 * 2 ** 25);
  });

  it('are forgotten after ten to twenty seconds', () => {
    const recent = of([100, 100, 100]);
    assert.equal(recent.count(9_999), 3);
    recent.record(1, 10_000);
    assert.equal(recent.count(19_999), 4);
    assertNear(recent.quantile(0.5, 19_999), 100);
    assert.equal(recent.count(20_000), 1);
    assertNear(recent.quantile(0.5, 20_100), 1);
    assert.equal(recent.count(30_000), 0);
    assert.equal(recent.quantile(0.5, 30_200), undefined);
  });

  it('are all forgotten at once after a long silence', () => {
    const recent = of([100]);
    recent.record(1, 60_000);
    assert.equal(recent.count(60_000), 1);
  });

  it('give a quantile again as it was found, for a tenth of a second', () => {
    const recent = of([10]);
    assertNear(recent.quantile(0.5, 0), 10);
    for (let i = 0; i < 10; i++) recent.record(100, 1);
    assertNear(recent.quantile(0.5, 99), 10);
    assertNear(recent.quantile(0.9, 99), 100);
    assertNear(recent.quantile(0.5, 100), 100);
  });
});
