/** Random histories of a service, checked step by step against the rules written out plainly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createHealth } from './health.ts';
import type { Lease, LeaseOutcome } from './lease.ts';
import { ask } from './policies/policy.test-support.ts';
import { createPolicy, policyNames } from './policy.ts';
import { seededRandom } from './seeded-random.test.ts';
import { createService } from './service.ts';
import { createUpstream, isFull, type Upstream } from './upstream.ts';

const index = fc.nat(5);
const outcome = fc.constantFrom<LeaseOutcome>('success', 'failure', 'ignored');
const kind = <Kind extends string>(name: Kind) => fc.constant(name);
const acquire = fc.record({
  kind: kind('acquire'),
  tried: fc.uniqueArray(index, { maxLength: 3 }),
  isRepeatable: fc.boolean(),
});
const step = fc.oneof(
  { weight: 8, arbitrary: acquire },
  {
    weight: 3,
    arbitrary: fc.record({ kind: kind('answer'), which: fc.nat(), isGood: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ kind: kind('release'), which: fc.nat(), outcome }) },
  // One upstream fails all it has, again and again: that is what gets it ejected.
  { weight: 6, arbitrary: fc.record({ kind: kind('fail'), upstream: index, times: fc.nat(12) }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('wait'), ms: fc.nat(3_000) }) },
  fc.record({ kind: kind('observe'), upstream: index, ok: fc.boolean() }),
  fc.record({ kind: kind('disable'), upstream: index, on: fc.boolean() }),
  fc.record({ kind: kind('drain'), upstream: index, on: fc.boolean() }),
  fc.record({ kind: kind('weigh'), upstream: index, weight: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ kind: kind('refresh') }),
  fc.record({ kind: kind('reconfigure'), left: fc.uniqueArray(index, { maxLength: 2 }) }),
);
const setup = fc.record({
  policy: fc.constantFrom(...policyNames),
  seed: fc.integer(),
  weights: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }),
  steps: fc.array(step, { maxLength: 120, size: 'max' }),
});

const isOffered = ({ isDisabled, isDraining }: Upstream) => !isDisabled && !isDraining;
const isEligible = ({ health, ejection }: Upstream) =>
  health.verdict !== 'unhealthy' && ejection.presence !== 'out';
const weightOf = (list: readonly Upstream[]) => list.reduce((sum, { weight }) => sum + weight, 0);

/** The rule of `refresh`, from scratch. */
function expectedCandidates(upstreams: readonly Upstream[]): readonly Upstream[] {
  const offered = upstreams.filter(isOffered);
  const eligible = offered.filter(isEligible);
  return weightOf(eligible) * 2 < weightOf(offered) ? offered : eligible;
}

/** A service, what is known of its leases, and whatever was ejected against the rules. */
function subject(policy: (typeof policyNames)[number], weights: readonly number[], seed: number) {
  const all = weights.map((weight, i) =>
    createUpstream({ key: `u${i}`, weight, health: createHealth({ rise: 2, fall: 2 }) }),
  );
  const out = new Set<Upstream>();
  let ejections = 0;
  const options = {
    name: 's',
    policy: createPolicy(policy),
    upstreams: all,
    random: seededRandom(seed),
    onEvent: (upstream: Upstream, { what }: { readonly what: string }) => {
      if (what === 'returning') out.delete(upstream);
      if (what !== 'ejected') return;
      const offered = service.upstreams.filter(isOffered);
      const isWithinHalf = weightOf(offered.filter(isEligible)) * 2 >= weightOf(offered);
      assert.ok(out.has(upstream) || isWithinHalf, 'more than half of the weight is out');
      out.add(upstream);
      ejections++;
    },
  };
  const service = createService(options);
  return { all, options, service, ejections: () => ejections };
}

test('property: the rules hold after every step of every history', () => {
  let ejections = 0;
  fc.assert(
    fc.property(setup, ({ policy, seed, weights, steps }) => {
      const made = subject(policy, weights, seed);
      const { all, options, service } = made;
      const at = (i: number) => all[i % all.length] as Upstream;
      const leases: Lease[] = [];
      const failures = new Map<Upstream, number>();
      const hasFailed = new Set<Lease>();
      const fail = (lease: Lease) => {
        if (hasFailed.has(lease)) return;
        hasFailed.add(lease);
        failures.set(lease.upstream, (failures.get(lease.upstream) ?? 0) + 1);
      };
      let nowMs = 0;

      const take = (tried: readonly Upstream[], isRepeatable: boolean): Lease | undefined => {
        const lease = service.acquire(ask({ nowMs, tried, isRepeatable }));
        const left = service.upstreams.filter((one) => one.slot >= 0 && !tried.includes(one));
        if (lease === 'none') assert.equal(left.length, 0);
        else if (lease === 'full') assert.ok(left.length > 0 && left.every(isFull));
        else {
          const { upstream, isTrial } = lease;
          assert.ok(service.upstreams.includes(upstream) && !tried.includes(upstream));
          assert.ok(upstream.slot >= 0 || (isTrial && upstream.ejection.presence === 'out'));
          assert.ok(upstream.waiting <= upstream.limit);
          leases.push(lease);
          return lease;
        }
        return undefined;
      };

      for (const action of steps) {
        if (action.kind === 'acquire') {
          take(action.tried.map(at), action.isRepeatable);
        } else if (action.kind === 'fail') {
          const tried = all.filter((one) => one !== at(action.upstream));
          for (let i = 0; i < action.times; i++) {
            nowMs += 1;
            take([at(action.upstream)], true)?.answered(true, nowMs);
            const lease = take(tried, true);
            if (!lease) break;
            fail(lease);
            lease.release('failure', nowMs);
          }
        } else if (action.kind === 'answer') {
          const lease = leases[action.which % leases.length];
          if (lease && !lease.isReleased && !lease.isAnswered && !action.isGood) fail(lease);
          lease?.answered(action.isGood, nowMs);
        } else if (action.kind === 'release') {
          const lease = leases[action.which % leases.length];
          if (lease && !lease.isReleased && action.outcome === 'failure') fail(lease);
          lease?.release(action.outcome, nowMs);
        } else if (action.kind === 'wait') {
          nowMs += action.ms;
        } else if (action.kind === 'observe') {
          at(action.upstream).health.observe(action.ok, 'seen', nowMs);
          service.refresh(nowMs);
        } else if (action.kind === 'weigh') {
          at(action.upstream).weight = action.weight;
          service.refresh(nowMs);
        } else if (action.kind === 'disable' || action.kind === 'drain') {
          const flag = action.kind === 'disable' ? 'isDisabled' : 'isDraining';
          at(action.upstream)[flag] = action.on;
          service.refresh(nowMs);
        } else if (action.kind === 'refresh') {
          service.refresh(nowMs);
        } else {
          const left = action.left.map(at);
          const upstreams = all.filter((one) => !left.includes(one));
          service.reconfigure({ ...options, upstreams }, nowMs);
        }

        const candidates = expectedCandidates(service.upstreams);
        for (const upstream of all) {
          assert.equal(upstream.slot, candidates.indexOf(upstream), `place of ${upstream.key}`);
          assert.ok(upstream.share > 0 && upstream.correction >= 1);
          const own = leases.filter((lease) => lease.upstream === upstream);
          const open = own.filter((lease) => !lease.isReleased);
          assert.equal(upstream.inFlight, open.length);
          assert.equal(upstream.waiting, open.filter((lease) => !lease.isAnswered).length);
          assert.equal(upstream.requests, own.length);
          assert.equal(upstream.failures, failures.get(upstream) ?? 0);
        }
        assert.equal(service.inFlight, leases.filter((lease) => !lease.isReleased).length);
      }
      ejections += made.ejections();
    }),
    { numRuns: 300 },
  );
  assert.ok(ejections > 100, `only ${ejections} ejections were seen`);
});
