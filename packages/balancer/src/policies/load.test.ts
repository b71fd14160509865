import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Upstream } from '../upstream.ts';
import { loadOf, unitLoad } from './load.ts';
import { idle } from './policy.test-support.ts';

describe('load', () => {
  it('property: is the same for the same part of any share, to the last bit', () => {
    const whole = fc.integer({ min: 1, max: 10_000 });
    fc.assert(
      fc.property(whole, whole, whole, (share, inFlight, factor) => {
        const [one, other] = idle(share, share * factor) as [Upstream, Upstream];
        one.inFlight = inFlight;
        other.inFlight = inFlight * factor;
        assert.equal(loadOf(one, 1), loadOf(other, 1));
      }),
    );
  });

  it('counts a slow upstream as if it had one request more, in units of the average share', () => {
    const upstreams = idle(1, 3) as [Upstream, Upstream];
    const unit = unitLoad(upstreams);
    assert.equal(unit, 0.5);
    const [slow] = upstreams;
    slow.correction = 4;
    assert.equal(loadOf(slow, unit), 1.5);
    slow.inFlight = 2;
    assert.equal(loadOf(slow, unit), 9.5);
  });

  it('is infinite for a full one, whichever limit it has reached', () => {
    for (const limited of [{ maxInFlight: 2 }, { limit: 2 }]) {
      const [one] = idle(1) as [Upstream];
      Object.assign(one, { inFlight: 2, waiting: 2 }, limited);
      assert.equal(loadOf(one, 1), Number.POSITIVE_INFINITY);
      Object.assign(one, { inFlight: 1, waiting: 1 });
      assert.equal(loadOf(one, 1), 1);
    }
  });
});
