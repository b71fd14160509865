import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../seeded-random.test.ts';
import type { Upstream } from '../upstream.ts';
import { ask, idle, offer, tally } from './policy.test-support.ts';
import { createRandom } from './random.ts';

describe('random', () => {
  it('lets the number drawn decide, by share', () => {
    const policy = createRandom();
    offer(policy, idle(1, 2, 1));
    const drawn = [0, 0.24, 0.25, 0.74, 0.75, 0.999].map(
      (value) => policy.pick(ask(), () => value)?.key,
    );
    assert.deepEqual(drawn, ['a', 'a', 'b', 'b', 'c', 'c']);
  });

  it('gives load no part', () => {
    const policy = createRandom();
    const [busy, free] = idle(1, 1) as [Upstream, Upstream];
    busy.inFlight = 1000;
    offer(policy, [busy, free]);
    assert.equal(
      policy.pick(ask(), () => 0.1),
      busy,
    );
  });

  it('shares out among the rest what full and tried ones would have got', () => {
    const policy = createRandom();
    const upstreams = idle(1, 2, 50, 40);
    const [, , full, tried] = upstreams as [Upstream, Upstream, Upstream, Upstream];
    full.limit = 0;
    offer(policy, upstreams);
    const random = seededRandom(11);
    const {
      a = 0,
      b = 0,
      ...rest
    } = tally(9000, () => policy.pick(ask({ tried: [tried] }), random));
    assert.deepEqual(rest, {});
    assert.ok(Math.abs(a - 3000) < 250, `a was picked ${a} times, b ${b}`);
  });
});
