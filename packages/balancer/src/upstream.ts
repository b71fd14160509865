/** The one mutable record per upstream address; every decision reads it, few places write it. */
import { createHealth, type Health } from './health.ts';

/**
 * One address of a service. `unhealthy` (in `health`: observed), `isDraining` (leaving) and
 * `isDisabled` (switched off by an operator) are three different facts; whoever changes one calls
 * `refresh()` on the service.
 */
export interface Upstream {
  /** Identity within its service, such as the address; unique and never reused for another one. */
  readonly key: string;
  /** Share of the load relative to the other upstreams; a finite number above zero. */
  weight: number;
  /** Open leases. Written by leases only. */
  inFlight: number;
  /** Replaced when the check that feeds it changes: a verdict belongs to address and check. */
  health: Health;
  /** Gets no new requests because it is about to leave; those in flight finish. */
  isDraining: boolean;
  /** Gets no new requests because an operator said so. */
  isDisabled: boolean;
  /** Leases handed out so far. */
  requests: number;
  /** Leases that were released as `failure`. */
  failures: number;
}

/** Input of `createUpstream`. */
export interface UpstreamOptions {
  readonly key: string;
  /** Default 1. */
  readonly weight?: number;
  /** Default: unknown until observed, then changed by a single observation. */
  readonly health?: Health;
}

/** An idle upstream. Throws a RangeError when the weight is not a finite number above zero. */
export function createUpstream({
  key,
  weight = 1,
  health = createHealth({ rise: 1, fall: 1 }),
}: UpstreamOptions): Upstream {
  if (!(weight > 0 && weight < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`upstream "${key}" has weight ${weight}; give it a number above 0`);
  }
  return {
    key,
    weight,
    inFlight: 0,
    health,
    isDraining: false,
    isDisabled: false,
    requests: 0,
    failures: 0,
  };
}
