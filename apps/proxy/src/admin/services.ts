/** What `/api/services` says: every service with its upstreams, as they are now. */
import type { Upstream, UpstreamEvent, Verdict } from '@headgate/balancer';
import type { Snapshot } from '../snapshot.ts';

export interface ServiceStatus {
  readonly name: string;
  readonly policy: string;
  readonly inFlight: number;
  /** Requests that wait because all upstreams are full. */
  readonly queued: number;
  /** Requests refused because they could not wait, since the service is known. */
  readonly shed: number;
  /** True while so many upstreams look bad that health is ignored. */
  readonly isPanicking: boolean;
  readonly upstreams: readonly UpstreamStatus[];
}

export interface UpstreamStatus {
  readonly url: string;
  readonly weight: number;
  readonly verdict: Verdict;
  readonly reason: string | undefined;
  /** What its own traffic has decided: in, out, or returning by steps. */
  readonly presence: Upstream['ejection']['presence'];
  readonly isDraining: boolean;
  readonly isDisabled: boolean;
  readonly inFlight: number;
  /** In flight without the first byte of an answer. */
  readonly waiting: number;
  /** Most that may wait at once; undefined while there is no reason for a limit. */
  readonly limit: number | undefined;
  /** Typical time to the first byte of its answers; undefined before the first. */
  readonly latencyMs: number | undefined;
  /** By how much its load is taken for higher than it is; 1 when it is like the others. */
  readonly correction: number;
  readonly requests: number;
  readonly failures: number;
  /** What happened to it lately, oldest first. */
  readonly history: readonly HistoryEntry[];
}

/** One thing that happened to an upstream. */
export interface HistoryEntry {
  readonly what: UpstreamEvent['what'];
  /** Why, in words. */
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** How many workers found it, each by itself. */
  readonly workers: number;
}

/**
 * Reads the snapshot's services in the order of the config. `clockOriginMs` is the epoch
 * milliseconds at which the clock of the snapshot was zero; without it, that of this process.
 */
export function describeServices(
  snapshot: Snapshot,
  clockOriginMs = performance.timeOrigin,
): { services: ServiceStatus[] } {
  const services = [...snapshot.services.values()].map(({ name, config, balancer, admission }) => ({
    name,
    policy: config.policy,
    inFlight: balancer.inFlight,
    queued: admission.length,
    shed: admission.shed,
    isPanicking: balancer.isPanicking,
    upstreams: balancer.upstreams.map((upstream) => describeUpstream(upstream, clockOriginMs)),
  }));
  return { services };
}

function describeUpstream(upstream: Upstream, clockOriginMs: number): UpstreamStatus {
  const { latency, limit, correction } = upstream;
  return {
    url: upstream.key,
    weight: upstream.weight,
    verdict: upstream.health.verdict,
    reason: upstream.health.lastReason,
    presence: upstream.ejection.presence,
    isDraining: upstream.isDraining,
    isDisabled: upstream.isDisabled,
    inFlight: upstream.inFlight,
    waiting: upstream.waiting,
    limit: limit === Number.POSITIVE_INFINITY ? undefined : limit,
    latencyMs: latency.answers > 0 ? round(Math.exp(latency.lnMs)) : undefined,
    correction: round(correction),
    requests: upstream.requests,
    failures: upstream.failures,
    history: upstream.history.map(({ what, reason, atMs }) => ({
      what,
      reason,
      at: Math.round(clockOriginMs + atMs),
      workers: 1,
    })),
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
