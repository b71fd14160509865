/** What the end of an attempt means: for its upstream, and for its request. */
import { type LeaseOutcome, mayRetry } from '@headgate/balancer';
import type { Carrier } from './carrier.ts';
import type { FailedOutcome, Outcome } from './errors.ts';
import type { RequestRecord } from './request.ts';

/** What an outcome says about the upstream. */
export function leaseOutcomeOf(outcome: Outcome): LeaseOutcome {
  if (outcome.kind === 'answered') return outcome.status >= 500 ? 'failure' : 'success';
  return outcome.side === 'upstream' ? 'failure' : 'ignored';
}

/** May the request be attempted again? */
export function isRepeatable(
  record: RequestRecord,
  carrier: Carrier,
  outcome: FailedOutcome,
): boolean {
  if (!outcome.retryable) return false;
  const { service } = record;
  if (!service) return false;
  // A refused connection costs next to nothing, so every upstream may be asked before giving up.
  const isRefused = outcome.kind === 'connect-failed';
  return mayRetry({
    method: record.method,
    attempts: record.attempts,
    maxAttempts: 1 + Math.max(service.config.retries, isRefused ? service.upstreams.size - 1 : 0),
    wasAnythingSent: outcome.wasAnythingSent,
    hasResponseStarted: outcome.hasResponseStarted,
    canReplayBody: !carrier.body?.isStarted,
  });
}
