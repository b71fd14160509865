/** Every balancing decision, without a clock, a socket or chance of its own. */
export {
  type Breaker,
  type BreakerOptions,
  type BreakerState,
  createBreaker,
  type Pass,
} from './breaker.ts';
export { isTooShort, parseDeadlineMs, parseGrpcTimeoutMs } from './deadline.ts';
export { hash32 } from './hash.ts';
export {
  createHealth,
  type Health,
  type HealthOptions,
  probeDelayMs,
  type Verdict,
  type VerdictChange,
} from './health.ts';
export { createHedging, type Hedging } from './hedge.ts';
export type { Lease, LeaseOutcome } from './lease.ts';
export { type Ask, createPolicy, type Policy, type PolicyName, policyNames } from './policy.ts';
export {
  createQueue,
  type Priority,
  priorities,
  type Queue,
  QueueEntry,
  retryAfterSeconds,
} from './queue.ts';
export type { Random } from './random.ts';
export { parseLoad } from './reported-load.ts';
export { isIdempotentMethod, mayRetry, type RetryQuestion } from './retry.ts';
export { createRetryBudget, type RetryBudget } from './retry-budget.ts';
export { createService, type Service, type ServiceOptions } from './service.ts';
export { rendezvousSubset } from './subset.ts';
export {
  createUpstream,
  note,
  type Upstream,
  type UpstreamEvent,
  type UpstreamOptions,
} from './upstream.ts';
