/** What `/api/services` says: every service with its upstreams, as they are now. */
import type { Verdict, VerdictChange } from '@headgate/balancer';
import type { Snapshot } from '../snapshot.ts';

export interface ServiceStatus {
  readonly name: string;
  readonly policy: string;
  readonly inFlight: number;
  /** True while so many upstreams look bad that health is ignored. */
  readonly isPanicking: boolean;
  readonly upstreams: readonly UpstreamStatus[];
}

interface UpstreamStatus {
  readonly url: string;
  readonly weight: number;
  readonly verdict: Verdict;
  readonly reason: string | undefined;
  readonly isDraining: boolean;
  readonly isDisabled: boolean;
  readonly inFlight: number;
  readonly requests: number;
  readonly failures: number;
  /** Latest verdict changes, oldest first; times are milliseconds since the process started. */
  readonly history: readonly VerdictChange[];
}

/** Reads the snapshot's services in the order of the config. */
export function describeServices(snapshot: Snapshot): { services: ServiceStatus[] } {
  const services = [...snapshot.services.values()].map(({ name, config, balancer }) => ({
    name,
    policy: config.policy,
    inFlight: balancer.inFlight,
    isPanicking: balancer.isPanicking,
    upstreams: balancer.upstreams.map((upstream) => ({
      url: upstream.key,
      weight: upstream.weight,
      verdict: upstream.health.verdict,
      reason: upstream.health.lastReason,
      isDraining: upstream.isDraining,
      isDisabled: upstream.isDisabled,
      inFlight: upstream.inFlight,
      requests: upstream.requests,
      failures: upstream.failures,
      history: upstream.health.history,
    })),
  }));
  return { services };
}
