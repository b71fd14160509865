// Owns the numbers of purges.
import type { Registry } from '@headgate/telemetry';
import type { PurgeQueue, PurgeQueueSettings } from './http-cache-purge-queue.ts';

/** Counts purges by edge. */
export interface PurgeMeters {
  /** What the queue of the edge of this name reports to. */
  of(edge: string): Pick<PurgeQueueSettings, 'onRequest' | 'onGivenUp'>;
  /** From now on what waits there is told as well. */
  follow(queue: PurgeQueue): void;
}

/** Registers the metrics of a purger; without a registry nothing is counted. */
export function createPurgeMeters(registry: Registry | undefined): PurgeMeters {
  if (!registry) {
    return { of: () => ({ onRequest() {}, onGivenUp() {} }), follow() {} };
  }
  const queues: PurgeQueue[] = [];
  const requests = registry.counter({
    name: 'origin_purge_requests_total',
    help: 'Requests to forget something, by edge and outcome; failed ones are made again.',
    labelNames: ['edge', 'outcome'],
  });
  const givenUp = registry.counter({
    name: 'origin_purges_given_up_total',
    help: 'Tags, URLs and prefixes that an edge was not told in the end.',
    labelNames: ['edge'],
  });
  registry.gauge({
    name: 'origin_purges_pending',
    help: 'Tags, URLs and prefixes that an edge is still to be told.',
    labelNames: ['edge'],
    collect(gauge) {
      for (const { target, size } of queues) gauge.labels(target.name).set(size);
    },
  });
  return {
    of: (edge) => ({
      onRequest: (outcome) => requests.labels(edge, outcome).inc(),
      onGivenUp: (count) => givenUp.labels(edge).inc(count),
    }),
    follow: (queue) => void queues.push(queue),
  };
}
