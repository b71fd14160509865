import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseLoad, ReportedLoad } from './reported-load.ts';

describe('reported load', () => {
  it('of an upstream that never reported is the mean of the fleet', () => {
    assert.equal(new ReportedLoad().others(0, 3), 3);
  });

  it('is what was reported, less the own part, just after a report', () => {
    const load = new ReportedLoad();
    load.report(12, 5, 1_000);
    assert.equal(load.others(1_000, 3), 7);
    load.report(2, 5, 1_001);
    assert.equal(load.others(1_001, 3), 0);
  });

  it('fades toward the mean of the fleet', () => {
    const load = new ReportedLoad();
    load.report(10, 0, 0);
    assert.ok(Math.abs(load.others(300, 2) - (2 + 8 / Math.E)) < 1e-9);
    assert.ok(load.others(1_000, 2) > 2);
  });

  it('is the mean again when the report is older than a second', () => {
    const load = new ReportedLoad();
    load.report(10, 0, 0);
    assert.equal(load.others(1_000.1, 2), 2);
  });

  it('property: lies between the report and the mean, nearer to the mean the older it is', () => {
    const count = fc.nat(1_000);
    const ageMs = fc.double({ min: 0, max: 3_000, noNaN: true });
    fc.assert(
      fc.property(count, count, count, ageMs, ageMs, (total, own, mean, a, b) => {
        const load = new ReportedLoad();
        load.report(total, own, 500);
        const [young, old] = [Math.min(a, b), Math.max(a, b)].map((age) =>
          Math.abs(load.others(500 + age, mean) - mean),
        ) as [number, number];
        assert.ok(old <= young + 1e-9);
        assert.ok(young <= Math.abs(Math.max(0, total - own) - mean) + 1e-9);
      }),
    );
  });
});

describe('parseLoad', () => {
  it('takes whole numbers up to a million', () => {
    for (const [value, expected] of [
      ['0', 0],
      ['17', 17],
      ['1000000', 1_000_000],
    ] as const) {
      assert.equal(parseLoad(value), expected);
    }
  });

  it('takes nothing else', () => {
    for (const wrong of ['', '-1', '1.5', '1e3', ' 1', '1 ', '1000001', '12345678', 'NaN', '0x1']) {
      assert.equal(parseLoad(wrong), undefined, wrong);
    }
  });
});
