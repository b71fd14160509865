/** Every balancing decision, without a clock, a socket or chance of its own. */
export {
  createHealth,
  type Health,
  type HealthOptions,
  probeDelayMs,
  type Verdict,
  type VerdictChange,
} from './health.ts';
export type { Lease, LeaseOutcome } from './lease.ts';
export { createPolicy, type Policy, type PolicyName, policyNames } from './policy.ts';
export type { Random } from './random.ts';
export { isIdempotentMethod, mayRetry, type RetryQuestion } from './retry.ts';
export { createService, type Service, type ServiceOptions } from './service.ts';
export { createUpstream, type Upstream, type UpstreamOptions } from './upstream.ts';
