/** Random histories of a service, checked step by step against the rules written out plainly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createHealth } from './health.ts';
import type { Lease, LeaseOutcome } from './lease.ts';
import { createPolicy, policyNames } from './policy.ts';
import { seededRandom } from './seeded-random.test.ts';
import { createService } from './service.ts';
import { createUpstream, type Upstream } from './upstream.ts';

const index = fc.nat(5);
const outcome = fc.constantFrom<LeaseOutcome>('success', 'failure', 'ignored');
const step = fc.oneof(
  fc.record({ kind: fc.constant('acquire'), tried: fc.uniqueArray(index, { maxLength: 4 }) }),
  fc.record({ kind: fc.constant('acquire'), tried: fc.constant([]) }),
  fc.record({ kind: fc.constant('release'), which: fc.nat(), outcome }),
  fc.record({ kind: fc.constant('observe'), upstream: index, ok: fc.boolean() }),
  fc.record({ kind: fc.constant('disable'), upstream: index, on: fc.boolean() }),
  fc.record({ kind: fc.constant('drain'), upstream: index, on: fc.boolean() }),
  fc.record({
    kind: fc.constant('weigh'),
    upstream: index,
    weight: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({ kind: fc.constant('refresh') }),
);
const setup = fc.record({
  policy: fc.constantFrom(...policyNames),
  seed: fc.integer(),
  weights: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }),
  steps: fc.array(step, { maxLength: 120, size: 'max' }),
});

/** The rule of `refresh`, from scratch. */
function expectedCandidates(upstreams: readonly Upstream[]): {
  candidates: Set<Upstream>;
  isPanicking: boolean;
} {
  const candidates = new Set<Upstream>();
  const offered = new Set<Upstream>();
  let balance = 0;
  for (const upstream of upstreams) {
    if (upstream.isDisabled || upstream.isDraining) continue;
    offered.add(upstream);
    const isUnhealthy = upstream.health.verdict === 'unhealthy';
    if (!isUnhealthy) candidates.add(upstream);
    balance += isUnhealthy ? -upstream.weight : upstream.weight;
  }
  return balance < 0
    ? { candidates: offered, isPanicking: true }
    : { candidates, isPanicking: false };
}

test('property: counts equal open leases, and only those who may get requests do', () => {
  fc.assert(
    fc.property(setup, ({ policy, seed, weights, steps }) => {
      const upstreams = weights.map((weight, i) =>
        createUpstream({ key: `u${i}`, weight, health: createHealth({ rise: 2, fall: 2 }) }),
      );
      const service = createService({
        name: 's',
        policy: createPolicy(policy),
        upstreams,
        random: seededRandom(seed),
      });
      const at = (i: number) => upstreams[i % upstreams.length] as Upstream;
      const leases: Lease[] = [];
      const failures = new Map<Upstream, number>();
      let expected = expectedCandidates(upstreams);

      for (const [nowMs, action] of steps.entries()) {
        if ('tried' in action) {
          const tried = action.tried.map(at);
          const lease = service.acquire(tried);
          const isAnyLeft = [...expected.candidates].some((one) => !tried.includes(one));
          assert.equal(lease !== undefined, isAnyLeft);
          if (!lease) continue;
          assert.ok(expected.candidates.has(lease.upstream) && !tried.includes(lease.upstream));
          leases.push(lease);
        } else if ('which' in action) {
          const lease = leases[action.which % leases.length];
          if (lease && !lease.isReleased && action.outcome === 'failure') {
            failures.set(lease.upstream, (failures.get(lease.upstream) ?? 0) + 1);
          }
          lease?.release(action.outcome);
        } else if ('ok' in action) {
          at(action.upstream).health.observe(action.ok, 'seen', nowMs);
        } else if ('weight' in action) {
          at(action.upstream).weight = action.weight;
        } else if ('on' in action) {
          const flag = action.kind === 'disable' ? 'isDisabled' : 'isDraining';
          at(action.upstream)[flag] = action.on;
        } else {
          service.refresh();
          expected = expectedCandidates(upstreams);
        }

        assert.equal(service.isPanicking, expected.isPanicking);
        const open = leases.filter((lease) => !lease.isReleased);
        assert.equal(service.inFlight, open.length);
        for (const upstream of upstreams) {
          const isOwn = (lease: Lease) => lease.upstream === upstream;
          assert.equal(upstream.inFlight, open.filter(isOwn).length);
          assert.equal(upstream.requests, leases.filter(isOwn).length);
          assert.equal(upstream.failures, failures.get(upstream) ?? 0);
        }
      }
    }),
    { numRuns: 300 },
  );
});
