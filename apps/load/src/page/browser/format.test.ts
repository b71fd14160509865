import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  formatBytes,
  formatClock,
  formatCompact,
  formatMs,
  formatMsTick,
  formatNumber,
  formatPercent,
  formatShare,
} from './format.ts';

function check<T>(format: (value: T) => string, cases: readonly (readonly [T, string])[]): void {
  for (const [value, text] of cases) assert.equal(format(value), text, String(value));
}

describe('numbers for people', () => {
  it('are latencies in the unit that fits', () => {
    check(formatMs, [
      [0, '0 ms'],
      [0.0874, '87.4 µs'],
      [0.1, '0.100 ms'],
      [4.1, '4.10 ms'],
      [99.96, '100 ms'],
      [999.4, '999 ms'],
      [999.6, '1.00 s'],
      [59_900, '59.9 s'],
      [59_999, '1 min 0 s'],
      [185_000, '3 min 5 s'],
      [Number.NaN, '–'],
      [null, '–'],
    ]);
    check(formatMsTick, [
      [1, '1 ms'],
      [0.1, '0.1 ms'],
      [0.01, '10 µs'],
      [20_000, '20 s'],
    ]);
  });

  it('are counts with few digits', () => {
    check(formatNumber, [
      [0, '0'],
      [0.123_45, '0.123'],
      [99.94, '99.9'],
      [251_680.4, '251,680'],
      [null, '–'],
    ]);
    check(formatCompact, [
      [9_999, '9,999'],
      [10_000, '10k'],
      [251_680, '252k'],
      [999_600, '1M'],
      [4.56e9, '4.56G'],
    ]);
    check(formatBytes, [
      [0, '0 B'],
      [1_024, '1 KiB'],
      [106 * 1_024 ** 2, '106 MiB'],
    ]);
  });

  it('never write a share above 0 as 0', () => {
    check(formatShare, [
      [0, '0 %'],
      [1, '100 %'],
      [0.000_01, '< 0.01 %'],
      [0.002_2, '0.22 %'],
      [null, '–'],
    ]);
    check(formatPercent, [
      [1.87, '187 %'],
      [0.355, '35.5 %'],
    ]);
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1, noNaN: true }), (share) => {
        assert.notEqual(formatShare(share), '0 %');
      }),
    );
  });

  it('are times since the start', () => {
    check(formatClock, [
      [0, '0:00'],
      [65.9, '1:05'],
      [3_605, '1:00:05'],
      [-1, '0:00'],
    ]);
  });
});
