/** What a running edge is asked by its control plane, whether that lives in this process or not. */
import type { MetricFamily } from '@headgate/telemetry';
import type { CacheStatus } from './admin/cache.ts';
import type { ServiceStatus } from './admin/services.ts';
import type { EffectiveConfig } from './config.ts';
import type { RunningEdge } from './edge.ts';
import type { PurgeOrder, PurgeReach } from './edge-cache/purge-order.ts';

/** Subjects an edge answers, with what goes in and what comes out. */
export interface Answers {
  apply(config: EffectiveConfig): Promise<void>;
  services(): readonly ServiceStatus[];
  metrics(): readonly MetricFamily[];
  cache(): CacheStatus;
  purge(order: PurgeOrder): Promise<PurgeReach>;
}

export type Subject = keyof Answers;

/**
 * Answers for `edge`, made once for each; whoever asks sees only plain data. Configurations are
 * applied in the order in which they were sent, also when nobody waits for the answer any more: an
 * older one that is still opening its listeners must not end up in force behind a newer one.
 */
export function answersOf(edge: RunningEdge): Answers {
  let applied: Promise<void> = Promise.resolve();
  return {
    apply(config) {
      const turn = applied.then(() => edge.apply(config));
      applied = turn.catch(() => {});
      return turn;
    },
    services: () => edge.services(),
    metrics: () => edge.metrics(),
    cache: () => edge.cacheStatus(),
    purge: (order) => edge.purge(order),
  };
}
