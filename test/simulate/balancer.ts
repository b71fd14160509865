/** What the simulator takes from the balancer: the very code the edge decides with. */
export { createHedging, type Hedging } from '../../packages/balancer/src/hedge.ts';
export type { Lease } from '../../packages/balancer/src/lease.ts';
export {
  createPolicy,
  type Policy,
  type PolicyName,
  policyNames,
} from '../../packages/balancer/src/policy.ts';
export { createQueue, type Queue, QueueEntry } from '../../packages/balancer/src/queue.ts';
export type { Random } from '../../packages/balancer/src/random.ts';
export { createRetryBudget, type RetryBudget } from '../../packages/balancer/src/retry-budget.ts';
export { createService, type Service } from '../../packages/balancer/src/service.ts';
export {
  createUpstream,
  type Upstream,
  type UpstreamEvent,
} from '../../packages/balancer/src/upstream.ts';
