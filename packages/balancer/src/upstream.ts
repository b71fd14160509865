/** The one mutable record per upstream address; every decision reads it, few places write it. */
import { ConcurrencyLimit } from './concurrency-limit.ts';
import { Ejection } from './ejection.ts';
import { FailureDetector } from './failure-detector.ts';
import { createHealth, type Health } from './health.ts';
import { LatencyEstimate } from './latency-estimate.ts';
import { ReportedLoad } from './reported-load.ts';

/** Something that happened to an upstream, told to people. */
export interface UpstreamEvent {
  readonly what:
    | 'healthy'
    | 'unhealthy'
    | 'ejected'
    | 'returning'
    | 'readmitted'
    | 'slow'
    | 'no longer slow'
    | 'limited'
    | 'no longer limited';
  /** Why, in words. */
  readonly reason: string;
  /** The clock handed in with what caused it. */
  readonly atMs: number;
}

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
  /** Where it runs; undefined when nobody said. */
  zone: string | undefined;
  /** Most requests in flight at once; Infinity when nobody set one. */
  maxInFlight: number;
  /** Open leases. Written by leases only. */
  inFlight: number;
  /** Open leases whose answer has not begun. Written by leases only. */
  waiting: number;
  /** Replaced when the check that feeds it changes: a verdict belongs to address and check. */
  health: Health;
  /** Gets no new requests because it is about to leave; those in flight finish. */
  isDraining: boolean;
  /** Gets no new requests because an operator said so. */
  isDisabled: boolean;
  /** Leases handed out so far. */
  requests: number;
  /** Leases whose answer was good. */
  successes: number;
  /** Leases that ended as failures of the upstream. */
  failures: number;

  /** What policies read; written by the service. `weight`, less what recent failures take off. */
  share: number;
  /** At least 1, and exactly 1 unless the upstream is slow or failing. */
  correction: number;
  /** Requests it is taken to have besides those in flight; 0 unless it is in another zone. */
  handicap: number;
  /** What other proxies have in flight there, as far as it says so itself. */
  othersInFlight: number;
  /** Most requests it may keep waiting at once: what was found, and what its return allows. */
  limit: number;
  /** Place among the candidates of the policy; -1 for none. */
  slot: number;

  /** What the service has learnt; written by it alone. */
  readonly latency: LatencyEstimate;
  readonly detector: FailureDetector;
  readonly ejection: Ejection;
  readonly found: ConcurrencyLimit;
  readonly reported: ReportedLoad;
  /** Since when somebody has been waiting for it without a break. */
  waitingSinceMs: number;
  /** Since when it has been slow without a break; Infinity while it is not. */
  slowSinceMs: number;
  /** People were told that it is slow. */
  isSlow: boolean;
  /** The clock at the latest pick. */
  pickedMs: number;
  /** Picks of the service at the latest pick of this one. */
  pickedAt: number;
  /** What happened to it lately, oldest first. */
  readonly history: UpstreamEvent[];
}

/** Input of `createUpstream`. */
export interface UpstreamOptions {
  readonly key: string;
  /** Default 1. */
  readonly weight?: number;
  /** Default: nobody said. */
  readonly zone?: string | undefined;
  /** Default: no limit. */
  readonly maxInFlight?: number | undefined;
  /** Default: unknown until observed, then changed by a single observation. */
  readonly health?: Health;
}

/** An idle upstream. Throws a RangeError when the weight is not a finite number above zero. */
export function createUpstream({
  key,
  weight = 1,
  zone,
  maxInFlight = Number.POSITIVE_INFINITY,
  health = createHealth({ rise: 1, fall: 1 }),
}: UpstreamOptions): Upstream {
  if (!(weight > 0 && weight < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`upstream "${key}" has weight ${weight}; give it a number above 0`);
  }
  return {
    key,
    weight,
    zone,
    maxInFlight,
    inFlight: 0,
    waiting: 0,
    health,
    isDraining: false,
    isDisabled: false,
    requests: 0,
    successes: 0,
    failures: 0,
    share: weight,
    correction: 1,
    handicap: 0,
    othersInFlight: 0,
    limit: Number.POSITIVE_INFINITY,
    slot: -1,
    latency: new LatencyEstimate(),
    detector: new FailureDetector(),
    ejection: new Ejection(),
    found: new ConcurrencyLimit(),
    reported: new ReportedLoad(),
    waitingSinceMs: 0,
    slowSinceMs: Number.POSITIVE_INFINITY,
    isSlow: false,
    pickedMs: Number.NEGATIVE_INFINITY,
    pickedAt: 0,
    history: [],
  };
}

const HISTORY_LENGTH = 20;

/** Notes what happened to an upstream; the latest twenty events are kept. */
export function note(upstream: Upstream, event: UpstreamEvent): void {
  upstream.history.push(event);
  if (upstream.history.length > HISTORY_LENGTH) upstream.history.shift();
}

/** True when it takes no further request, until one of those it has is answered or over. */
export function isFull(upstream: Upstream): boolean {
  return upstream.inFlight >= upstream.maxInFlight || upstream.waiting >= upstream.limit;
}
