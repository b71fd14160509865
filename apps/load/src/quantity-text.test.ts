import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { countText, durationText, rateText, shareText } from './quantity-text.ts';

describe('durationText', () => {
  it('has three significant digits and the unit that reads best', () => {
    for (const [durationMs, text] of [
      [0, '0 µs'],
      [0.001, '1.00 µs'],
      [0.812, '812 µs'],
      [0.9994, '999 µs'],
      [0.9996, '1.00 ms'],
      [9.996, '10.0 ms'],
      [18.34, '18.3 ms'],
      [99.96, '100 ms'],
      [999.4, '999 ms'],
      [999.6, '1.00 s'],
      [1_204, '1.20 s'],
      [61_230, '61.2 s'],
      [4_294_967, '4295 s'],
      [Number.NaN, '–'],
    ] as const) {
      assert.equal(durationText(durationMs), text);
    }
  });

  it('is never off by more than half of the last digit', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 4e6, noNaN: true }), (durationMs) => {
        const [digits, unit] = durationText(durationMs).split(' ') as [string, 'µs' | 'ms' | 's'];
        const shownMs = Number(digits) * { µs: 0.001, ms: 1, s: 1_000 }[unit];
        assert.ok(Math.abs(shownMs / durationMs - 1) <= 0.0051);
        assert.ok(digits.length <= 4);
      }),
    );
  });
});

describe('shareText', () => {
  it('says 0 and 100 only of that', () => {
    assert.equal(shareText(0), '0 %');
    assert.equal(shareText(1), '100 %');
    assert.equal(shareText(0.000_001), '<0.001 %');
    assert.equal(shareText(0.999_99), '>99.9 %');
    assert.equal(shareText(0.001_234_5), '0.123 %');
    assert.equal(shareText(0.5), '50 %');
    assert.equal(shareText(Number.NaN), '–');
  });
});

describe('countText and rateText', () => {
  it('group thousands', () => {
    assert.equal(countText(1_234_567), '1,234,567');
    assert.equal(rateText(1_997.6), '1,998/s');
    assert.equal(rateText(99.5), '99.5/s');
    assert.equal(rateText(0.25), '0.25/s');
  });
});
