/** What all workers are told of each other, for them to give away what is more than their share. */
import type { ToWorker } from './messages.ts';

export type Share = Extract<ToWorker, { readonly type: 'share' }>;

/** A worker may have this many connections, or this part of its share, more than its share. */
const SLACK_CONNECTIONS = 2;
const SLACK_RATIO = 0.05;

/** Of the connections that each ready worker has. */
export function fairShare(connections: readonly number[]): Share {
  const total = connections.reduce((sum, each) => sum + each, 0);
  const workers = connections.length;
  return { type: 'share', workers, connections: workers === 0 ? 0 : total / workers };
}

/** Whether a worker with that many has more than its share; never when it is alone. */
export function isSurplus(connections: number, share: Share): boolean {
  const slack = Math.max(SLACK_CONNECTIONS, share.connections * SLACK_RATIO);
  return share.workers > 1 && connections > share.connections + slack;
}

/** How many it would have to give away to have no more than its share; 0 within the slack. */
export function surplusOf(connections: number, share: Share): number {
  return isSurplus(connections, share) ? Math.floor(connections - share.connections) : 0;
}
