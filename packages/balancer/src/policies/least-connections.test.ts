import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../seeded-random.test.ts';
import type { Upstream } from '../upstream.ts';
import { createLeastConnections } from './least-connections.ts';
import { ask, hold, idle, offer, tally } from './policy.test-support.ts';

/** A policy and candidates with these shares, which have so much in flight. */
function loaded(...list: readonly (readonly [share: number, inFlight: number])[]) {
  const policy = createLeastConnections();
  const upstreams = idle(...list.map(([share]) => share));
  for (const [i, [, inFlight]] of list.entries()) (upstreams[i] as Upstream).inFlight = inFlight;
  offer(policy, upstreams);
  return { policy, upstreams };
}

describe('least connections', () => {
  it('gives 64 requests in one tick over 4 idle equal upstreams 16 each', () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = seededRandom(seed);
      const { policy, upstreams } = loaded([1, 0], [1, 0], [1, 0], [1, 0]);
      for (let i = 0; i < 64; i++) hold(policy, policy.pick(ask(), random) as Upstream);
      assert.deepEqual(
        upstreams.map((one) => one.inFlight),
        [16, 16, 16, 16],
      );
    }
  });

  it('ends up in proportion to the shares with requests held open', () => {
    const random = seededRandom(3);
    const { policy, upstreams } = loaded([1, 0], [2, 0], [5, 0]);
    for (let i = 0; i < 80; i++) hold(policy, policy.pick(ask(), random) as Upstream);
    assert.deepEqual(
      upstreams.map((one) => one.inFlight),
      [10, 20, 50],
    );
  });

  it('prefers the heavier upstream at equal counts, not at equal shares', () => {
    const { policy, upstreams } = loaded([1, 2], [3, 2]);
    for (const value of [0, 0.5, 0.999]) assert.equal(policy.pick(ask(), () => value)?.key, 'b');
    hold(policy, upstreams[1] as Upstream, 4);
    assert.equal(policy.pick(ask(), () => 0.01)?.key, 'a');
    assert.equal(policy.pick(ask(), () => 0.99)?.key, 'b');
  });

  it('draws ties among the least loaded by share, wherever they stand in the list', () => {
    const random = seededRandom(5);
    const { policy } = loaded([1, 9], [1, 1], [2, 2], [4, 40], [3, 3]);
    const counts = tally(12_000, () => policy.pick(ask(), random));
    assert.deepEqual(Object.keys(counts).sort(), ['b', 'c', 'e']);
    for (const [key, share] of [
      ['b', 1],
      ['c', 2],
      ['e', 3],
    ] as const) {
      const count = counts[key] ?? 0;
      assert.ok(Math.abs(count - 2000 * share) < 200, `${key} was picked ${count} times`);
    }
  });

  it('property: picks a minimum of inFlight / share, before and after changes', () => {
    const record = fc.tuple(fc.integer({ min: 1, max: 20 }), fc.nat(200));
    const records = fc.array(record, { minLength: 1, maxLength: 30 });
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(200)));
    fc.assert(
      fc.property(records, changes, fc.integer(), (list, changed, seed) => {
        const random = seededRandom(seed);
        const { policy, upstreams } = loaded(...list);
        const expectMinimum = () => {
          const picked = policy.pick(ask(), random) as Upstream;
          const loads = upstreams.map((one) => one.inFlight / one.share);
          assert.equal(picked.inFlight / picked.share, Math.min(...loads));
        };
        expectMinimum();
        for (const [index, inFlight] of changed) {
          const one = upstreams[index % upstreams.length] as Upstream;
          hold(policy, one, inFlight - one.inFlight);
          expectMinimum();
        }
      }),
    );
  });

  it('counts what other proxies have in flight', () => {
    const { policy, upstreams } = loaded([1, 0], [1, 2]);
    const [a] = upstreams as [Upstream];
    a.othersInFlight = 2.5;
    policy.update(a);
    assert.equal(policy.pick(ask(), () => 0)?.key, 'b');
  });

  it('passes over a slow upstream while the others have less than its correction', () => {
    const { policy, upstreams } = loaded([1, 0], [1, 3]);
    const [a, b] = upstreams as [Upstream, Upstream];
    a.correction = 5;
    policy.update(a);
    assert.equal(policy.pick(ask(), () => 0)?.key, 'b', 'idle, but worth 4 requests in flight');
    hold(policy, b, 2);
    assert.equal(policy.pick(ask(), () => 0)?.key, 'a');
  });

  it('passes over what was tried, once', () => {
    const { policy, upstreams } = loaded([1, 0], [1, 1], [1, 2]);
    const [a, b, c] = upstreams as [Upstream, Upstream, Upstream];
    assert.equal(
      policy.pick(ask({ tried: [a] }), () => 0),
      b,
    );
    assert.equal(
      policy.pick(ask({ tried: [b, a] }), () => 0),
      c,
    );
    assert.equal(
      policy.pick(ask({ tried: [a, b, c] }), () => 0),
      undefined,
    );
    assert.equal(
      policy.pick(ask(), () => 0),
      a,
    );
  });

  it('cares for nobody who is no candidate', () => {
    const { policy, upstreams } = loaded([1, 1], [1, 2]);
    const [, b] = upstreams as [Upstream, Upstream];
    const [stranger] = idle(1) as [Upstream];
    policy.update(stranger);
    assert.equal(policy.pick(ask({ tried: [stranger] }), () => 0)?.key, 'a');
    offer(policy, [b]);
    assert.equal(
      policy.pick(ask(), () => 0),
      b,
    );
  });

  it('has room again as soon as it is told', () => {
    const { policy, upstreams } = loaded([1, 1]);
    const [a] = upstreams as [Upstream];
    a.limit = 1;
    a.waiting = 1;
    policy.update(a);
    assert.equal(
      policy.pick(ask(), () => 0),
      undefined,
    );
    a.waiting = 0;
    policy.update(a);
    assert.equal(
      policy.pick(ask(), () => 0),
      a,
    );
  });
});
