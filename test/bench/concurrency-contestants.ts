/** Who takes part in the concurrency contest: Headgate first, then its peers. */
import type { ConcurrentContestant } from './contestants/concurrent.ts';
import { haproxyHolding } from './contestants/haproxy.ts';
import { headgateOf } from './contestants/headgate.ts';
import { nginxOf } from './contestants/nginx.ts';

/** Each with so many workers, if it can have them. */
export function concurrentContestants(
  workers: number,
): readonly [ours: ConcurrentContestant, ...peers: ConcurrentContestant[]] {
  return [headgateOf(workers), nginxOf(workers), haproxyHolding];
}
