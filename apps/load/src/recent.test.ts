import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { summarizeRecent } from './recent.ts';
import { sliceOf } from './run-result.test-support.ts';

describe('summarizeRecent', () => {
  it('merges distributions, and adds what is counted', () => {
    const fast = sliceOf({ latenciesMs: [1, 1, 1, 1, 1, 1] }, 0);
    const slow = sliceOf({ latenciesMs: [100, 100], failed: 1, isSaturated: true }, 1);
    const recent = summarizeRecent([fast, { ...slow, late: 3, dropped: 2 }]);
    assert.equal(recent.latency?.p50Ms, 1);
    assert.ok((recent.latency?.p99Ms as number) > 99);
    assert.equal(recent.askedPerS, 4);
    assert.equal(recent.goodPerS, 3.5);
    assert.equal(recent.failedShare, 1 / 8);
    assert.deepEqual([...recent.failures], [['timeout', 1]]);
    assert.equal(recent.late, 3);
    assert.equal(recent.dropped, 2);
    assert.equal(recent.hasSaturated, true);
  });

  it('has no latency where nothing ended, and no asked rate where there are users', () => {
    const recent = summarizeRecent([{ ...sliceOf({ latenciesMs: [] }), askedPerS: null }]);
    assert.equal(recent.latency, null);
    assert.equal(recent.askedPerS, null);
    assert.ok(Number.isNaN(recent.failedShare));
  });
});
