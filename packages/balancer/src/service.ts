/** A named group of upstreams: who may get requests, and the pick that also counts. */
import { type Lease, takeLease } from './lease.ts';
import type { Policy } from './policy.ts';
import type { Random } from './random.ts';
import type { Upstream } from './upstream.ts';

/** Input of `createService`. */
export interface ServiceOptions {
  readonly name: string;
  /** Used by this service alone. */
  readonly policy: Policy;
  readonly upstreams: readonly Upstream[];
  readonly random: Random;
}

/** A group of upstreams that answer the same requests. */
export interface Service {
  readonly name: string;
  readonly upstreams: readonly Upstream[];
  /** So much of the weight looks unhealthy that health is ignored; see `refresh`. */
  readonly isPanicking: boolean;
  /** Requests in flight over all upstreams, those of an earlier service they were part of too. */
  readonly inFlight: number;
  /**
   * Picks an upstream that is not among `tried` and counts the request, in one synchronous turn.
   * Undefined when there is none; the caller decides what that means.
   */
  acquire(tried?: readonly Upstream[]): Lease | undefined;
  /**
   * Decides anew who may get requests: everyone not disabled, not draining and not unhealthy.
   * Call it after a change of verdict, weight, or one of those flags; nothing else re-decides.
   *
   * The panic rule: observation never excludes more than half of the weight that is neither
   * disabled nor draining. Beyond that the likelier fault is the check or a shared dependency, and
   * crowding the few that are left would take them down as well.
   */
  refresh(): void;
}

/** A service over `upstreams`. Throws when two of them have the same key. */
export function createService({ name, policy, upstreams, random }: ServiceOptions): Service {
  assertDistinctKeys(name, upstreams);
  let candidates: readonly Upstream[] = [];
  let isPanicking = false;

  const service: Service = {
    name,
    upstreams,
    get isPanicking() {
      return isPanicking;
    },
    get inFlight() {
      let inFlight = 0;
      for (const upstream of upstreams) inFlight += upstream.inFlight;
      return inFlight;
    },
    acquire(tried) {
      const choices = tried?.length ? candidates.filter((one) => !tried.includes(one)) : candidates;
      const first = choices[0];
      if (!first) return undefined;
      return takeLease(choices.length === 1 ? first : policy.pick(choices, random));
    },
    refresh() {
      const offered = upstreams.filter((one) => !one.isDisabled && !one.isDraining);
      const eligible = offered.filter((one) => one.health.verdict !== 'unhealthy');
      isPanicking = weightOf(eligible) * 2 < weightOf(offered);
      candidates = isPanicking ? offered : eligible;
    },
  };
  service.refresh();
  return service;
}

function weightOf(upstreams: readonly Upstream[]): number {
  return upstreams.reduce((sum, upstream) => sum + upstream.weight, 0);
}

function assertDistinctKeys(service: string, upstreams: readonly Upstream[]): void {
  const keys = new Set<string>();
  for (const { key } of upstreams) {
    if (keys.has(key)) {
      throw new Error(`service "${service}" lists upstream "${key}" twice; use its weight instead`);
    }
    keys.add(key);
  }
}
