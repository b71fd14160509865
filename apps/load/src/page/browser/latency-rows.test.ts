import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Histogram, writeCounts } from '../../histogram.ts';
import { ROWS, readRows, rowFloorMs, rowOf } from './latency-rows.ts';

describe('rows of latencies', () => {
  it('hold every latency between their edges', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 0xffff_ffff }), (us) => {
        const row = rowOf(us);
        assert.ok(row >= 0 && row < ROWS);
        assert.ok(rowFloorMs(row) * 1_000 <= us * 1.000_001);
        assert.ok(us < rowFloorMs(row + 1) * 1_000 * 1.000_001);
      }),
    );
  });

  it('take what is faster than the first into the first', () => {
    assert.equal(rowOf(0), 0);
    assert.equal(rowOf(9), 0);
  });

  it('count each value of a histogram once', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1e8 })), (values) => {
        const histogram = new Histogram();
        for (const us of values) histogram.record(us);
        const rows = readRows(writeCounts(histogram.counts()));
        const total = [...rows.values()].reduce((sum, count) => sum + count, 0);
        assert.equal(total, values.length);
      }),
    );
  });
});
