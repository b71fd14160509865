/** What the edge cache does, for a scrape. */
import type { CounterSeries, Registry } from '@headgate/telemetry';
import type { CacheStatus } from '../admin/cache.ts';
import { type CacheCounts, results } from './counts.ts';

/** Registers the cache's metrics; `counts` only ever grow, and `status()` is read at each scrape. */
export function registerCacheMetrics(
  registry: Registry,
  counts: CacheCounts,
  status: () => CacheStatus,
): void {
  const told = new Map<CounterSeries, number>();
  const catchUp = (series: CounterSeries, total: number) => {
    series.inc(total - (told.get(series) ?? 0));
    told.set(series, total);
  };
  registry.counter({
    name: 'headgate_cache_requests_total',
    help: 'Requests to routes that cache, by what the cache did.',
    labelNames: ['result'],
    collect(counter) {
      for (const result of results) catchUp(counter.labels(result), counts[result]);
    },
  });
  const counter = (name: string, help: string, read: () => number) =>
    registry.counter({ name, help, collect: (it) => catchUp(it.labels(), read()) });
  counter(
    'headgate_cache_fetches_total',
    'Requests made to upstreams whose answers may be for several.',
    () => counts.fetches,
  );
  counter('headgate_cache_stored_total', 'Answers kept.', () => counts.stored);
  counter('headgate_cache_purges_total', 'Purges taken.', () => counts.purges);
  counter(
    'headgate_cache_invalidations_total',
    'URLs that a request which changed something has made invalid.',
    () => counts.invalidations,
  );
  const gauge = (name: string, help: string, merge: 'sum' | 'min', read: () => number) =>
    registry.gauge({ name, help, merge, collect: (measured) => measured.labels().set(read()) });
  gauge('headgate_cache_entries', 'Answers in memory.', 'sum', () => status().entries);
  gauge(
    'headgate_cache_size_bytes',
    'Memory the answers take, by estimate.',
    'sum',
    () => status().sizeBytes,
  );
  registry.gauge({
    name: 'headgate_cache_second_tier_usable',
    help: '1 while the second tier is in reach and all purges are known; nothing without one.',
    merge: 'min',
    collect(measured) {
      measured.clear();
      const { redis } = status();
      if (redis) measured.labels().set(!redis.isOpen && redis.isInStep ? 1 : 0);
    },
  });
}
