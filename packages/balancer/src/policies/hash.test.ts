import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../seeded-random.test.ts';
import { createUpstream, type Upstream } from '../upstream.ts';
import { createHash } from './hash.ts';
import { ask, hold, idle, offer } from './policy.test-support.ts';

function hashes(count: number, seed = 1): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => Math.floor(random() * 2 ** 32));
}

describe('hash', () => {
  it('sends the same key to the same upstream, in every process and in any order', () => {
    const upstreams = Array.from({ length: 12 }, (_, i) => createUpstream({ key: `10.0.0.${i}` }));
    const first = createHash();
    offer(first, upstreams);
    const owners = hashes(500).map((hash) => first.pick(ask({ hash }), () => 0));
    const second = createHash();
    offer(second, upstreams.toReversed());
    assert.deepEqual(
      hashes(500).map((hash) => second.pick(ask({ hash }), () => 0.9)),
      owners,
    );
  });

  it('property: moves the keys of the one that leaves, and no others, and moves them back', () => {
    const shares = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(shares, fc.nat(), fc.integer(), (list, index, seed) => {
        const upstreams = idle(...list);
        const leaver = upstreams[index % upstreams.length];
        const policy = createHash();
        const owners = () => hashes(100, seed).map((hash) => policy.pick(ask({ hash }), () => 0));
        offer(policy, upstreams);
        const before = owners();
        offer(
          policy,
          upstreams.filter((one) => one !== leaver),
        );
        for (const [i, owner] of owners().entries()) {
          if (before[i] !== leaver) assert.equal(owner, before[i]);
          else assert.notEqual(owner, leaver);
        }
        offer(policy, upstreams);
        assert.deepEqual(owners(), before);
      }),
    );
  });

  it('moves keys only to the one whose share grows', () => {
    const upstreams = idle(1, 1, 1, 1) as [Upstream, Upstream, Upstream, Upstream];
    const policy = createHash();
    offer(policy, upstreams);
    const before = hashes(4000).map((hash) => policy.pick(ask({ hash }), () => 0));
    upstreams[1].share = 2;
    offer(policy, upstreams);
    const after = hashes(4000).map((hash) => policy.pick(ask({ hash }), () => 0));
    const moved = after.filter((owner, i) => owner !== before[i]);
    assert.ok(moved.every((owner) => owner === upstreams[1]));
    // From a quarter to two fifths of all keys.
    assert.ok(Math.abs(moved.length - 600) < 150, `${moved.length} keys moved`);
  });

  for (const [what, keyOf] of [
    ['spread', (i: number) => Math.imul(i, 0x9e3779b1) >>> 0],
    ['small', (i: number) => i],
    ['high', (i: number) => (i << 16) >>> 0],
  ] as const) {
    it(`gives every upstream keys in proportion to its share: ${what} hashes`, () => {
      const shares = [1, 2, 3, 4, 10];
      const upstreams = shares.map((weight, i) =>
        createUpstream({ key: `http://10.0.0.${i + 1}:8080`, weight }),
      );
      const policy = createHash();
      offer(policy, upstreams);
      const rounds = 40_000;
      const counts = new Map<Upstream | undefined, number>();
      for (let i = 0; i < rounds; i++) {
        const owner = policy.pick(ask({ hash: keyOf(i) }), () => 0);
        counts.set(owner, (counts.get(owner) ?? 0) + 1);
      }
      for (const one of upstreams) {
        const ratio = (counts.get(one) ?? 0) / ((rounds * one.share) / 20);
        assert.ok(ratio > 0.9 && ratio < 1.1, `${one.key} got ${ratio} of its part`);
      }
    });
  }

  it('lets nobody have more than four and 1.25 times its part, even with a single key', () => {
    const upstreams = idle(1, 1, 2, 4);
    const policy = createHash();
    offer(policy, upstreams);
    for (let total = 0; total < 800; total++) {
      const picked = policy.pick(ask({ hash: 12345 }), () => 0) as Upstream;
      hold(policy, picked);
      const bound = Math.max(4, Math.ceil((1.25 * (total + 1) * picked.share) / 8));
      assert.ok(picked.inFlight <= bound, `${picked.key} has ${picked.inFlight} of ${total + 1}`);
    }
  });

  it('spreads what the owner cannot take over all others', () => {
    const upstreams = idle(1, 1, 1, 1, 1);
    const policy = createHash();
    offer(policy, upstreams);
    const [full] = upstreams as [Upstream];
    full.limit = 0;
    policy.update?.(full);
    const before = createHash();
    const everyone = idle(1, 1, 1, 1, 1);
    offer(before, everyone);
    const counts = new Map<string, number>();
    for (const hash of hashes(10_000)) {
      if (before.pick(ask({ hash }), () => 0)?.key !== 'a') continue;
      const key = policy.pick(ask({ hash }), () => 0)?.key as string;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    assert.deepEqual([...counts.keys()].sort(), ['b', 'c', 'd', 'e']);
    for (const count of counts.values()) assert.ok(Math.abs(count - 500) < 120, `${count}`);
  });

  it('goes by least connections without a key, and when all are beyond their part', () => {
    const upstreams = idle(1, 1, 1) as [Upstream, Upstream, Upstream];
    const policy = createHash();
    const [a, b, c] = upstreams;
    a.maxInFlight = 1;
    offer(policy, upstreams);
    hold(policy, a);
    hold(policy, b, 5);
    hold(policy, c, 2);
    assert.equal(
      policy.pick(ask(), () => 0),
      c,
    );
    // Only b has room, though it has all that is in flight.
    assert.equal(
      policy.pick(ask({ hash: 7, tried: [c] }), () => 0),
      b,
    );
  });
});
