import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hash32 } from './hash.ts';
import { rendezvousSubset } from './subset.ts';

const upstreams = (count: number) =>
  Array.from({ length: count }, (_, i) => `http://10.1.${i >> 8}.${i & 255}:8080`);

const keySets = fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 40 });

/** Those of `a` that are not in `b`. */
const without = (a: readonly string[], b: readonly string[]) => a.filter((one) => !b.includes(one));

/** Two keys between which their hash does not decide, for this proxy. */
function collidingKeys(selfId: string): [string, string] {
  const keys = new Map<number, string>();
  const seed = hash32(selfId);
  for (let i = 0; ; i++) {
    const key = `http://upstream-${i}`;
    const hash = hash32(key, seed);
    const other = keys.get(hash);
    if (other !== undefined) return [other, key];
    keys.set(hash, key);
  }
}

describe('rendezvousSubset', () => {
  it('is everything when there is no more than the size', () => {
    assert.deepEqual(rendezvousSubset(['a', 'b'], 2, 'p'), ['a', 'b']);
    assert.deepEqual(rendezvousSubset(['a', 'b'], 5, 'p'), ['a', 'b']);
    assert.deepEqual(rendezvousSubset([], 5, 'p'), []);
  });

  it('property: has the size asked for, in the order given, whatever that order is', () => {
    fc.assert(
      fc.property(keySets, fc.nat(50), fc.string(), (keys, size, selfId) => {
        const subset = rendezvousSubset(keys, size, selfId);
        assert.equal(subset.length, Math.min(size, keys.length));
        assert.deepEqual(
          subset,
          keys.filter((key) => subset.includes(key)),
        );
        const reversed = rendezvousSubset(keys.toReversed(), size, selfId);
        assert.deepEqual(reversed.toReversed(), subset);
      }),
    );
  });

  it('property: one key more or less exchanges at most one other', () => {
    fc.assert(
      fc.property(keySets, fc.nat(50), fc.string(), fc.nat(), (keys, size, selfId, which) => {
        const gone = keys[which % keys.length] as string;
        const before = rendezvousSubset(keys, size, selfId);
        const after = rendezvousSubset(without(keys, [gone]), size, selfId);
        const left = without(before, after);
        assert.deepEqual(left, before.includes(gone) ? [gone] : []);
        assert.ok(without(after, before).length <= left.length);
      }),
    );
  });

  it('does not depend on the order of two keys with the same hash', () => {
    const pair = collidingKeys('p');
    assert.equal(rendezvousSubset(pair, 1, 'p')[0], rendezvousSubset(pair.toReversed(), 1, 'p')[0]);
  });

  it('shares upstreams out evenly over many proxies', () => {
    const keys = upstreams(100);
    const proxies = 500;
    const size = 20;
    const uses = new Map(keys.map((key) => [key, 0]));
    for (let i = 0; i < proxies; i++) {
      for (const key of rendezvousSubset(keys, size, `edge-${i}`)) {
        uses.set(key, (uses.get(key) as number) + 1);
      }
    }
    const mean = (proxies * size) / keys.length;
    const chiSquare = [...uses.values()].reduce(
      (sum, count) => sum + (count - mean) ** 2 / mean,
      0,
    );
    // The upper 0.1 % point with 99 degrees of freedom is 148.2.
    assert.ok(chiSquare < 148.2, `chi-square ${chiSquare}`);
  });

  it('draws differently for every proxy', () => {
    const keys = upstreams(1_000);
    const subsets = Array.from({ length: 20 }, (_, i) => rendezvousSubset(keys, 100, `edge-${i}`));
    for (const [i, a] of subsets.entries()) {
      for (const b of subsets.slice(i + 1)) {
        // 10 are expected in common.
        const inCommon = a.length - without(a, b).length;
        assert.ok(inCommon < 30, `${inCommon} in common`);
      }
    }
  });
});
