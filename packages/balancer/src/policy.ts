/** How an upstream is chosen, and the table of the ways there are. */
import { createHash } from './policies/hash.ts';
import { createLeastConnections } from './policies/least-connections.ts';
import { createPeakEwma } from './policies/peak-ewma.ts';
import { createPowerOfTwo } from './policies/power-of-two.ts';
import { createRandom } from './policies/random.ts';
import { createRoundRobin } from './policies/round-robin.ts';
import { createSticky } from './policies/sticky.ts';
import type { Random } from './random.ts';
import type { Upstream } from './upstream.ts';

/** What one request asks for. */
export interface Ask {
  /** Monotonic clock in milliseconds. */
  readonly nowMs: number;
  /** Upstreams the request has been tried on already. */
  readonly tried: readonly Upstream[];
  /** May be made again elsewhere when it fails, so an upstream in doubt may be tried with it. */
  readonly isRepeatable: boolean;
  /** 32-bit hash of what the request is balanced by; undefined when there is no such thing. */
  readonly hash: number | undefined;
  /** Key of the upstream its client is to stay with; undefined when there is none. */
  readonly stickTo: string | undefined;
}

/** A way of choosing. One instance belongs to one service: it may remember earlier picks. */
export interface Policy {
  /**
   * Told who may be picked, whenever that or a share changes. The `slot` of each candidate is its
   * place in the array, which nobody changes later.
   */
  use(candidates: readonly Upstream[]): void;
  /** Told when what one upstream has in flight, its limit or its correction may have changed. */
  update?(upstream: Upstream): void;
  /**
   * True when `ask` goes where it goes however slow or failing upstreams are: these get requests
   * all the time, so none has to be sent there to find out. Default: no ask does.
   */
  isBlind?(ask: Ask): boolean;
  /** Told of every answer, after `update`; `latencyMs` to its first byte. */
  answered?(upstream: Upstream, latencyMs: number, isGood: boolean, nowMs: number): void;
  /**
   * One candidate that is neither full nor tried; undefined when there is none. Called in the same
   * synchronous turn as the count that follows from it; changes no upstream.
   */
  pick(ask: Ask, random: Random): Upstream | undefined;
}

const policies = {
  'least-connections': createLeastConnections,
  'round-robin': createRoundRobin,
  random: createRandom,
  'power-of-two': createPowerOfTwo,
  'peak-ewma': createPeakEwma,
  hash: createHash,
  sticky: createSticky,
} satisfies Readonly<Record<string, () => Policy>>;

/** The names policies go by in configuration. */
export type PolicyName = keyof typeof policies;

/** Every policy name, the default first. */
export const policyNames = Object.keys(policies) as readonly PolicyName[];

/** A fresh policy of that name. */
export function createPolicy(name: PolicyName): Policy {
  return policies[name]();
}
