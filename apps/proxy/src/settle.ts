/** What the end of an attempt means: for its upstream, and for its request. */
import { type Lease, type LeaseOutcome, mayRetry } from '@headgate/balancer';
import type { Carrier } from './carrier.ts';
import type { FailedOutcome, FailureKind, Outcome } from './errors.ts';
import type { RequestRecord } from './request.ts';
import type { ServiceRuntime } from './snapshot.ts';

/** Server errors, but for those that say what the server never does (RFC 9110 §15.6). */
export function isGoodStatus(status: number): boolean {
  return status < 500 || status === 501 || status === 505;
}

/** What an outcome says about the upstream. */
export function leaseOutcomeOf(outcome: Outcome): LeaseOutcome {
  if (outcome.kind === 'answered') return isGoodStatus(outcome.status) ? 'success' : 'failure';
  return outcome.side === 'upstream' ? 'failure' : 'ignored';
}

/** May the request be attempted again after `outcome`, budget aside? */
export function isRepeatable(
  record: RequestRecord,
  carrier: Carrier,
  lease: Lease,
  outcome: Pick<FailedOutcome, 'kind' | 'retryable' | 'wasAnythingSent' | 'hasResponseStarted'>,
): boolean {
  if (!outcome.retryable) return false;
  const { service } = record;
  if (!service) return false;
  // A refused connection costs next to nothing, so every upstream may be asked before giving up.
  // A trial was for the sake of the edge: its request must not suffer from it.
  const forced = outcome.kind === 'connect-failed' ? service.upstreams.size - 1 : 0;
  const retries = Math.max(service.config.retries, forced, lease.isTrial ? record.attempts : 0);
  return mayRetry({
    method: record.method,
    attempts: record.attempts,
    maxAttempts: 1 + retries,
    wasAnythingSent: outcome.wasAnythingSent,
    hasResponseStarted: outcome.hasResponseStarted,
    canReplayBody: !carrier.body?.isStarted,
  });
}

/** Is it better to ask another upstream than to pass on an answer with this status? */
export function isStatusRepeatable(
  record: RequestRecord,
  carrier: Carrier,
  lease: Lease,
  status: number,
): boolean {
  const { service } = record;
  if (!service || isGoodStatus(status)) return false;
  if (!lease.isTrial && !service.config.retryStatuses.includes(status)) return false;
  const outcome = { retryable: true, wasAnythingSent: true, hasResponseStarted: false };
  return isRepeatable(record, carrier, lease, { ...outcome, kind: 'upstream-status' });
}

/** Another attempt takes from the budget of its service, unless it costs nothing or was owed. */
export function isAffordable(service: ServiceRuntime, lease: Lease, kind: FailureKind): boolean {
  return lease.isTrial || kind === 'connect-failed' || service.retryBudget.withdraw();
}
