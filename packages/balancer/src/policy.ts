/** How an upstream is chosen, and the table of the ways there are. */
import { createLeastConnections } from './policies/least-connections.ts';
import { createPowerOfTwo } from './policies/power-of-two.ts';
import { createRandom } from './policies/random.ts';
import { createRoundRobin } from './policies/round-robin.ts';
import type { Random } from './random.ts';
import type { Upstream } from './upstream.ts';

/** A way of choosing. One instance belongs to one service: it may remember earlier picks. */
export interface Policy {
  /**
   * Chooses one of `candidates`, of which there are at least two. Called in the same synchronous
   * turn as the count that follows from it; changes no upstream.
   */
  pick(candidates: readonly Upstream[], random: Random): Upstream;
}

/** The names policies go by in configuration. */
export type PolicyName = 'least-connections' | 'round-robin' | 'random' | 'power-of-two';

const policies: Readonly<Record<PolicyName, () => Policy>> = {
  'least-connections': createLeastConnections,
  'round-robin': createRoundRobin,
  random: createRandom,
  'power-of-two': createPowerOfTwo,
};

/** Every policy name, the default first. */
export const policyNames = Object.keys(policies) as readonly PolicyName[];

/** A fresh policy of that name. */
export function createPolicy(name: PolicyName): Policy {
  return policies[name]();
}
