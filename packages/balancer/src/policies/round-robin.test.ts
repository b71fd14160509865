import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Policy } from '../policy.ts';
import { seededRandom } from '../seeded-random.test.ts';
import type { Upstream } from '../upstream.ts';
import { ask, idle, offer } from './policy.test-support.ts';
import { createRoundRobin } from './round-robin.ts';

const wholeShares = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 6 });

/** The keys of the next picks, in a row. */
function next(policy: Policy, count: number, tried: readonly Upstream[] = []): string {
  return Array.from({ length: count }, () => policy.pick(ask({ tried }), () => 0)?.key).join('');
}

function countIn(keys: string, key: string): number {
  return keys.split(key).length - 1;
}

describe('round robin', () => {
  it('gives the sequence nginx documents with shares 5, 1, 1', () => {
    const policy = createRoundRobin();
    offer(policy, idle(5, 1, 1));
    assert.equal(next(policy, 14), 'aabacaa'.repeat(2));
  });

  it('goes in turn with equal shares', () => {
    const policy = createRoundRobin();
    offer(policy, idle(2, 2, 2));
    assert.equal(next(policy, 7), 'abcabca');
  });

  it('starts the rotation at a random point', () => {
    const start = (shares: readonly number[], value: number) => {
      const policy = createRoundRobin();
      offer(policy, idle(...shares));
      return policy.pick(ask(), () => value)?.key;
    };
    const values = [0, 0.25, 0.5, 0.75];
    assert.equal(values.map((value) => start([1, 1, 1, 1], value)).join(''), 'abcd');
    assert.equal(values.map((value) => start([2, 1, 1], value)).join(''), 'abca');
  });

  it('property: has exact shares in every rotation, from wherever it starts', () => {
    fc.assert(
      fc.property(wholeShares, fc.integer(), (shares, seed) => {
        const upstreams = idle(...shares);
        const random = seededRandom(seed);
        const policy = createRoundRobin();
        offer(policy, upstreams);
        const isEven = shares.every((share) => share === shares[0]);
        const rotation = isEven ? shares.length : shares.reduce((sum, share) => sum + share, 0);
        const counts = new Map<Upstream | undefined, number>();
        for (let i = 0; i < rotation * 3; i++) {
          const picked = policy.pick(ask(), random);
          counts.set(picked, (counts.get(picked) ?? 0) + 1);
        }
        for (const one of upstreams) assert.equal(counts.get(one), isEven ? 3 : one.share * 3);
      }),
    );
  });

  it('property: no stretch of picks strays from its fair share by two or more', () => {
    fc.assert(
      fc.property(wholeShares, fc.integer(), fc.nat(80), (shares, seed, length) => {
        const upstreams = idle(...shares);
        const random = seededRandom(seed);
        const policy = createRoundRobin();
        offer(policy, upstreams);
        const total = shares.reduce((sum, share) => sum + share, 0);
        const counts = new Map<Upstream | undefined, number>(upstreams.map((one) => [one, 0]));
        for (let i = 1; i <= length; i++) {
          const picked = policy.pick(ask(), random);
          counts.set(picked, (counts.get(picked) ?? 0) + 1);
          for (const [one, count] of counts) {
            assert.ok(one && Math.abs(count - (i * one.share) / total) < 2);
          }
        }
      }),
    );
  });

  for (const shares of [
    [1, 1, 1, 1],
    [1, 1, 1, 1.001],
  ]) {
    it(`keeps places and shares when one leaves and comes back: ${shares}`, () => {
      const upstreams = idle(...shares);
      const without = upstreams.filter((one) => one.key !== 'b');
      const policy = createRoundRobin();
      offer(policy, upstreams);
      const before = next(policy, 6);
      assert.equal(countIn(before, 'b') >= 1, true);

      offer(policy, without);
      const away = next(policy, 12);
      assert.equal(countIn(away, 'b'), 0);
      for (const key of 'acd') assert.ok(Math.abs(countIn(away, key) - 4) < 2, away);
      offer(policy, upstreams);
      const back = next(policy, 12);
      for (const key of 'abcd') assert.ok(Math.abs(countIn(back, key) - 3) < 2, back);
    });
  }

  it('goes on where it was when the latest one picked leaves', () => {
    const upstreams = idle(1, 1, 1, 1);
    const policy = createRoundRobin();
    offer(policy, upstreams);
    assert.equal(next(policy, 2), 'ab');
    offer(
      policy,
      upstreams.filter((one) => one.key !== 'b'),
    );
    assert.equal(next(policy, 4), 'cdac');
    offer(policy, upstreams.slice(0, 2));
    assert.equal(next(policy, 3), 'bab', 'the one before c stayed');
    offer(policy, upstreams.slice(2));
    assert.equal(next(policy, 3), 'cdc');
  });

  it('passes over full and tried ones and gives them nothing extra later', () => {
    for (const shares of [
      [1, 1, 1],
      [2, 1, 1],
    ]) {
      const upstreams = idle(...shares);
      const [a, b, c] = upstreams as [Upstream, Upstream, Upstream];
      const policy = createRoundRobin();
      offer(policy, upstreams);
      b.limit = 0;
      assert.equal(countIn(next(policy, 300), 'b'), 0);
      assert.equal(next(policy, 3, [a]), 'ccc');
      assert.equal(
        policy.pick(ask({ tried: [a, c] }), () => 0),
        undefined,
      );
      b.limit = 1;
      const total = shares.reduce((sum, share) => sum + share, 0);
      const later = countIn(next(policy, total * 5), 'b');
      assert.ok(Math.abs(later - 5) <= 1, `b was picked ${later} times`);
    }
  });

  it('goes on where it was when it is told of the same candidates again', () => {
    for (const [shares, sequence] of [
      [[5, 1, 1], 'aabacaa'],
      [[1, 1, 1], 'abcabca'],
    ] as const) {
      const upstreams = idle(...shares);
      const policy = createRoundRobin();
      let keys = '';
      for (let i = 0; i < 7; i++) {
        offer(policy, upstreams);
        keys += next(policy, 1);
      }
      assert.equal(keys, sequence);
    }
  });

  it('is fair at once when the shares change, however large they were', () => {
    const upstreams = idle(9000, 500, 500);
    const policy = createRoundRobin();
    offer(policy, upstreams);
    next(policy, 13);
    for (const [i, share] of [5, 1, 1].entries()) (upstreams[i] as Upstream).share = share;
    offer(policy, upstreams);
    const keys = next(policy, 28);
    for (const [key, count] of [
      ['a', 20],
      ['b', 4],
      ['c', 4],
    ] as const) {
      assert.ok(Math.abs(countIn(keys, key) - count) <= 2, keys);
    }
  });
});
