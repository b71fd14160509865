import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Upstream } from '../upstream.ts';
import { hold, idle, offer } from './policy.test-support.ts';
import { createTotals } from './totals.ts';

describe('totals', () => {
  it('property: are the sums over the candidates, whatever changes', () => {
    const change = fc.tuple(fc.nat(7), fc.integer({ min: -3, max: 9 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const all = idle(1, 2, 3, 4, 5, 6, 7, 8);
        const totals = createTotals();
        const policy = { use: totals.use, update: totals.update, pick: () => undefined };
        let candidates = all;
        offer(policy, candidates);
        for (const [index, count, isOut] of changes) {
          hold(policy, all[index] as Upstream, count);
          if (isOut) {
            (all[index] as Upstream).slot = -1;
            candidates = all.filter((_, i) => i !== index);
            offer(policy, candidates);
          }
          assert.equal(
            totals.inFlight,
            candidates.reduce((sum, one) => sum + one.inFlight, 0),
          );
          assert.equal(
            totals.share,
            candidates.reduce((sum, one) => sum + one.share, 0),
          );
        }
      }),
    );
  });
});
