import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../seeded-random.test.ts';
import type { Upstream } from '../upstream.ts';
import { createPeakEwma } from './peak-ewma.ts';
import { ask, hold, idle, offer, tally } from './policy.test-support.ts';

function two() {
  const policy = createPeakEwma();
  const upstreams = idle(1, 1) as [Upstream, Upstream];
  offer(policy, upstreams);
  const random = seededRandom(6);
  return {
    policy,
    a: upstreams[0],
    b: upstreams[1],
    /** Who of two is picked; both are always drawn. */
    winner: (nowMs: number) => policy.pick(ask({ nowMs }), random)?.key,
  };
}

describe('peak EWMA', () => {
  it('picks the one that answers sooner, until that has more in flight for it', () => {
    const { policy, a, b, winner } = two();
    policy.answered(a, 10, true, 0);
    policy.answered(b, 45, true, 0);
    for (let i = 0; i < 4; i++) {
      assert.equal(winner(0), 'a');
      hold(policy, a);
    }
    assert.equal(winner(0), 'b');
  });

  it('compares by share', () => {
    const policy = createPeakEwma();
    const upstreams = idle(1, 4) as [Upstream, Upstream];
    offer(policy, upstreams);
    for (const one of upstreams) policy.answered(one, 10, true, 0);
    hold(policy, upstreams[0], 2);
    hold(policy, upstreams[1], 6);
    const random = seededRandom(1);
    assert.deepEqual(
      tally(50, () => policy.pick(ask(), random)),
      { b: 50 },
    );
  });

  it('believes one late answer at once, and early ones only bit by bit', () => {
    const { policy, a, b, winner } = two();
    for (let ms = 0; ms < 30_000; ms += 100) {
      policy.answered(a, 10, true, ms);
      policy.answered(b, 20, true, ms);
    }
    assert.equal(winner(30_000), 'a');
    policy.answered(a, 500, true, 30_000);
    policy.answered(b, 20, true, 30_000);
    assert.equal(winner(30_000), 'b');
    for (let ms = 30_000; ms < 33_000; ms += 100) {
      policy.answered(a, 10, true, ms);
      policy.answered(b, 20, true, ms);
    }
    assert.equal(winner(33_000), 'b', 'three seconds of good answers do not make up for it');
    for (let ms = 33_000; ms < 90_000; ms += 100) {
      policy.answered(a, 10, true, ms);
      policy.answered(b, 20, true, ms);
    }
    assert.equal(winner(90_000), 'a');
  });

  it('tries an upstream that it avoided again after a while', () => {
    const { policy, a, b, winner } = two();
    policy.answered(a, 1000, true, 0);
    for (let ms = 0; ms <= 60_000; ms += 1000) {
      policy.answered(b, 20, true, ms);
      if (ms <= 35_000) assert.equal(winner(ms), 'b');
    }
    assert.equal(winner(60_000), 'a');
  });

  it('takes a quick failure for a very late answer', () => {
    const { policy, a, b, winner } = two();
    policy.answered(a, 1, false, 0);
    policy.answered(b, 3000, true, 0);
    assert.equal(winner(0), 'b');
  });

  it('tries one that never answered with a single request, and then waits for the answer', () => {
    const { policy, a, b, winner } = two();
    policy.answered(b, 2000, true, 0);
    hold(policy, b, 50);
    assert.equal(winner(0), 'a');
    hold(policy, a);
    assert.equal(winner(0), 'b');
    hold(policy, a, -1);
    policy.answered(a, 0, true, 1);
    hold(policy, a);
    assert.equal(winner(1), 'a', 'an answer in no time is an answer');
  });

  it('remembers one that leaves and comes back', () => {
    const { policy, a, b, winner } = two();
    policy.answered(a, 100, true, 0);
    policy.answered(b, 10, true, 0);
    offer(policy, [b]);
    offer(policy, [a, b]);
    assert.equal(winner(0), 'b');
  });
});
