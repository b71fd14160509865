/** What holds for every policy: random states and histories against the plain rules. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createPolicy, type Policy, type PolicyName, policyNames } from '../policy.ts';
import { seededRandom } from '../seeded-random.test.ts';
import { isFull, type Upstream } from '../upstream.ts';
import { ask, hold, idle, offer, tally } from './policy.test-support.ts';

const state = fc.record({
  share: fc.oneof(fc.constant(1), fc.double({ min: 0.01, max: 100, noNaN: true })),
  inFlight: fc.nat(5),
  waiting: fc.nat(5),
  othersInFlight: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 20, noNaN: true })),
  correction: fc.oneof(fc.constant(1), fc.double({ min: 1, max: 50, noNaN: true })),
  limit: fc.constantFrom(1, 3, 5, Number.POSITIVE_INFINITY),
  maxInFlight: fc.constantFrom(1, 4, Number.POSITIVE_INFINITY),
  isTried: fc.boolean(),
});
const states = fc.array(state, { minLength: 1, maxLength: 30 });
const wish = fc.record({
  hash: fc.option(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { nil: undefined }),
  stickTo: fc.constantFrom('a', 'b', 'z', undefined),
});

function snapshot(upstreams: readonly Upstream[]) {
  return upstreams.map(({ key, share, inFlight, waiting, slot, requests }) => {
    return { key, share, inFlight, waiting, slot, requests };
  });
}

for (const name of policyNames) {
  describe(`policy ${name}`, () => {
    it('property: picks one that is neither full nor tried when there is one, and changes none', () => {
      fc.assert(
        fc.property(states, wish, fc.integer(), (list, wanted, seed) => {
          const upstreams = idle(...list.map(() => 1));
          for (const [i, { isTried: _, ...rest }] of list.entries()) {
            Object.assign(upstreams[i] as Upstream, rest);
          }
          const tried = upstreams.filter((_, i) => list[i]?.isTried);
          const policy = createPolicy(name);
          const random = seededRandom(seed);
          offer(policy, upstreams);
          const before = snapshot(upstreams);
          for (const without of [tried, [], tried]) {
            const left = upstreams.filter((one) => !isFull(one) && !without.includes(one));
            for (let i = 0; i < 4; i++) {
              const picked = policy.pick(ask({ ...wanted, tried: without }), random);
              if (left.length === 0) assert.equal(picked, undefined);
              else assert.ok(picked && left.includes(picked), `${picked?.key}`);
            }
          }
          assert.deepEqual(snapshot(upstreams), before);
        }),
      );
    });

    it('property: does so through a history of requests and changes, the same for a seed', () => {
      const step = fc.record({
        kind: fc.constantFrom('pick', 'pick', 'pick', 'release', 'leave', 'share', 'limit'),
        index: fc.nat(7),
        number: fc.integer({ min: 1, max: 9 }),
        wanted: wish,
      });
      const steps = fc.array(step, { maxLength: 80, size: 'max' });
      fc.assert(
        fc.property(steps, fc.integer(), (list, seed) => {
          assert.deepEqual(play(name, list, seed), play(name, list, seed));
        }),
      );
    });

    it('gives idle upstreams requests that come one at a time in proportion to their shares', () => {
      const shares = [1, 2, 3, 4];
      const upstreams = idle(...shares);
      const policy = createPolicy(name);
      const random = seededRandom(42);
      offer(policy, upstreams);
      const rounds = 20_000;
      const counts = tally(rounds, () => {
        const hash = Math.floor(random() * 2 ** 32);
        return takeOne(policy, policy.pick(ask({ hash }), random));
      });
      const chiSquare = upstreams.reduce((sum, { key, share }) => {
        const expected = (rounds * share) / 10;
        return sum + ((counts[key] ?? 0) - expected) ** 2 / expected;
      }, 0);
      // The upper 0.1 % point with 3 degrees of freedom.
      assert.ok(chiSquare < 16.27, `chi-square ${chiSquare} of ${JSON.stringify(counts)}`);
    });

    it('forgets nobody: equal upstreams all get some of the requests held for a while', () => {
      const upstreams = idle(...new Array<number>(20).fill(1));
      const policy = createPolicy(name);
      const random = seededRandom(7);
      offer(policy, upstreams);
      const held: Upstream[] = [];
      const counts = tally(4000, (nowMs) => {
        const hash = Math.floor(random() * 2 ** 32);
        const picked = policy.pick(ask({ nowMs, hash }), random) as Upstream;
        hold(policy, picked);
        held.push(picked);
        const over = held.length > 40 ? held.shift() : undefined;
        if (over) {
          hold(policy, over, -1);
          policy.answered?.(over, 40 + random() * 10, true, nowMs);
        }
        return picked;
      });
      for (const { key } of upstreams) {
        const count = counts[key] ?? 0;
        assert.ok(count > 100, `${key} was picked ${count} times of 4000`);
      }
    });

    it('has nobody to pick before it is told of anyone, and after all have left', () => {
      const policy = createPolicy(name);
      const wanted = ask({ hash: 5, stickTo: 'a' });
      assert.equal(
        policy.pick(wanted, () => 0.5),
        undefined,
      );
      const [a] = idle(1) as [Upstream];
      offer(policy, [a]);
      assert.equal(
        policy.pick(wanted, () => 0.5),
        a,
      );
      a.slot = -1;
      offer(policy, []);
      assert.equal(
        policy.pick(wanted, () => 0.5),
        undefined,
      );
    });
  });
}

/** A request that is over before the next one comes. */
function takeOne(policy: Policy, picked: Upstream | undefined): Upstream | undefined {
  if (picked) hold(policy, picked);
  if (picked) hold(policy, picked, -1);
  return picked;
}

interface Step {
  readonly kind: string;
  readonly index: number;
  readonly number: number;
  readonly wanted: { readonly hash: number | undefined; readonly stickTo: string | undefined };
}

/** The keys picked in a history; asserts at each pick that it was a lawful one. */
function play(name: PolicyName, steps: readonly Step[], seed: number): string[] {
  const policy = createPolicy(name);
  const random = seededRandom(seed);
  const all = idle(1, 1, 1, 1, 2, 2, 3, 5);
  const gone = new Set<Upstream>();
  const candidates = () => all.filter((one) => !gone.has(one));
  const keys: string[] = [];
  offer(policy, all);

  for (const [nowMs, { kind, index, number, wanted }] of steps.entries()) {
    const one = all[index] as Upstream;
    if (kind === 'pick') {
      const tried = number > 6 ? [one] : [];
      const left = candidates().filter((other) => !isFull(other) && !tried.includes(other));
      const picked = policy.pick(ask({ ...wanted, nowMs, tried }), random);
      assert.equal(picked !== undefined, left.length > 0);
      keys.push(picked?.key ?? 'none');
      if (!picked) continue;
      assert.ok(left.includes(picked), `${picked.key} is full, tried or no candidate`);
      hold(policy, picked);
    } else if (kind === 'release') {
      if (one.inFlight === 0) continue;
      hold(policy, one, -1);
      policy.answered?.(one, number * 10, number > 2, nowMs);
    } else if (kind === 'limit') {
      one.limit = number > 4 ? Number.POSITIVE_INFINITY : number;
      policy.update?.(one);
    } else {
      if (kind === 'share') one.share = number;
      else if (!gone.delete(one)) gone.add(one);
      for (const left of gone) left.slot = -1;
      offer(policy, candidates());
    }
  }
  return keys;
}
