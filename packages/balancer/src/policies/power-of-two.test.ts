import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../seeded-random.test.ts';
import type { Upstream } from '../upstream.ts';
import { ask, hold, idle, offer, tally } from './policy.test-support.ts';
import { createPowerOfTwo, createTwoChoices } from './power-of-two.ts';

/** How often each of `candidates` is picked. */
function picks(candidates: readonly Upstream[], rounds: number): Record<string, number> {
  const policy = createPowerOfTwo();
  const random = seededRandom(8);
  offer(policy, candidates);
  return tally(rounds, () => policy.pick(ask(), random));
}

function loaded(...inFlight: readonly number[]): Upstream[] {
  return idle(...inFlight.map(() => 1)).map((one, i) =>
    Object.assign(one, { inFlight: inFlight[i] }),
  );
}

describe('power of two choices', () => {
  it('always picks the less loaded of two: the draws are distinct', () => {
    assert.deepEqual(picks(loaded(1, 0), 1000), { b: 1000 });
  });

  it('never picks the most loaded, and the least loaded only as often as it is drawn', () => {
    const { a = 0, e = 0 } = picks(loaded(0, 1, 2, 3, 4), 10_000);
    assert.equal(e, 0);
    // Drawn in 2 of 5 cases.
    assert.ok(Math.abs(a - 4000) < 250, `${a}`);
  });

  it('compares load by share', () => {
    const [light, heavy] = idle(1, 4) as [Upstream, Upstream];
    light.inFlight = 2;
    heavy.inFlight = 4;
    assert.deepEqual(picks([light, heavy], 100), { b: 100 });
  });

  it('takes the correction into account', () => {
    const [slow, other] = loaded(0, 2) as [Upstream, Upstream];
    slow.correction = 5;
    assert.deepEqual(picks([slow, other], 100), { b: 100 });
  });

  it('keeps requests held open close together', () => {
    const upstreams = idle(...new Array<number>(10).fill(1));
    const policy = createPowerOfTwo();
    const random = seededRandom(4);
    offer(policy, upstreams);
    for (let i = 0; i < 1000; i++) hold(policy, policy.pick(ask(), random) as Upstream);
    const counts = upstreams.map((one) => one.inFlight);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 8, `${counts}`);
  });

  it('finds the least loaded when the draws find only full ones', () => {
    const upstreams = loaded(...new Array<number>(200).fill(1));
    for (const one of upstreams) one.maxInFlight = 1;
    for (const i of [20, 120, 180]) (upstreams[i] as Upstream).maxInFlight = 9;
    (upstreams[20] as Upstream).inFlight = 4;
    const policy = createPowerOfTwo();
    offer(policy, upstreams);
    // Always draws the first two, which are full; the scan's tie goes to the first of the two.
    assert.equal(
      policy.pick(ask(), () => 0),
      upstreams[120],
    );
    assert.equal(
      policy.pick(ask({ tried: [upstreams[120] as Upstream] }), () => 0),
      upstreams[180],
    );
  });

  it('hands the clock to the cost', () => {
    const upstreams = idle(1, 1);
    const policy = createTwoChoices(({ key }, nowMs) => (key === 'a' ? nowMs : 5));
    offer(policy, upstreams);
    const random = seededRandom(1);
    assert.deepEqual(
      tally(50, () => policy.pick(ask({ nowMs: 4 }), random)),
      { a: 50 },
    );
    assert.deepEqual(
      tally(50, () => policy.pick(ask({ nowMs: 6 }), random)),
      { b: 50 },
    );
  });
});
