/** Who of a service's upstreams may get requests, and how many of those who return. */
import type { Upstream } from './upstream.ts';

/** What `decideMembers` comes to. */
export interface Members {
  readonly candidates: readonly Upstream[];
  /** So much of the weight looks bad that health is ignored. */
  readonly isPanicking: boolean;
}

/**
 * Everyone not disabled, not draining, not unhealthy and not ejected, unless that excludes more
 * than half of the weight that is neither disabled nor draining. Then the likelier fault is the
 * check or a shared dependency, and crowding the few that are left would take them down as well.
 */
export function decideMembers(upstreams: readonly Upstream[]): Members {
  const offered = upstreams.filter(isOffered);
  const eligible = offered.filter(isEligible);
  const isPanicking = weightOf(eligible) * 2 < weightOf(offered);
  return { candidates: isPanicking ? offered : eligible, isPanicking };
}

/** May traffic alone take this one out? Never more than half of the weight. */
export function canSpare(upstreams: readonly Upstream[], upstream: Upstream): boolean {
  const offered = upstreams.filter(isOffered);
  const left = offered.filter((one) => one !== upstream && isEligible(one));
  return weightOf(left) * 2 >= weightOf(offered);
}

/** Who returns comes back by steps, unless those who are in cannot carry the rest. */
export function setLimits(candidates: readonly Upstream[]): void {
  const present = candidates.filter((one) => one.ejection.presence === 'in');
  const isRationed = weightOf(present) * 2 >= weightOf(candidates);
  for (const upstream of candidates) {
    const { found, ejection } = upstream;
    const own = hasGivenLimit(upstream) ? Number.POSITIVE_INFINITY : found.value;
    upstream.limit = isRationed ? Math.min(own, ejection.allowance) : own;
  }
}

/** Somebody knows how much it can carry, so nothing is to be found out. */
export function hasGivenLimit({ maxInFlight }: Upstream): boolean {
  return maxInFlight !== Number.POSITIVE_INFINITY;
}

/** Throws when two upstreams have the same key. */
export function assertDistinctKeys(service: string, upstreams: readonly Upstream[]): void {
  const keys = new Set<string>();
  for (const { key } of upstreams) {
    if (keys.has(key)) {
      throw new Error(`service "${service}" lists upstream "${key}" twice; use its weight instead`);
    }
    keys.add(key);
  }
}

function isOffered({ isDisabled, isDraining }: Upstream): boolean {
  return !isDisabled && !isDraining;
}

function isEligible({ health, ejection }: Upstream): boolean {
  return health.verdict !== 'unhealthy' && ejection.presence !== 'out';
}

function weightOf(upstreams: readonly Upstream[]): number {
  return upstreams.reduce((sum, upstream) => sum + upstream.weight, 0);
}
