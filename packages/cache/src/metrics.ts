// What a cache has counted, for whatever is scraped. No metrics library is needed here: anything that
// has counters of this shape will do, such as the registry of an origin.

import type { CacheStats } from './events.ts';

/** Where counters are registered. */
export interface CounterRegistry {
  counter(options: {
    readonly name: string;
    readonly help: string;
    readonly labelNames: readonly string[];
    /** Called before each scrape. */
    readonly collect: (counter: CounterFamily) => void;
  }): unknown;
}

/** One counter, with a series for each combination of label values. */
export interface CounterFamily {
  labels(...values: string[]): { inc(by: number): void };
}

interface Total {
  readonly labels: readonly string[];
  readonly value: number;
}

const TOTALS: readonly [name: string, help: string, totalOf: (stats: CacheStats) => number][] = [
  ['stale_hits', 'Hits that were no longer fresh.', (stats) => stats.staleServed],
  ['misses', 'Keys that no tier had.', (stats) => stats.misses],
  ['loads', 'Loaders started.', (stats) => stats.loads],
  ['load_failures', 'Loaders that failed or were late.', (stats) => stats.loadFailures],
  ['shared_loads', 'Calls answered by the load of another call.', (stats) => stats.sharedLoads],
  ['lock_waits', 'Loads that waited for another process.', (stats) => stats.lockWaits],
  ['refreshes', 'Stale keys made anew in the background.', (stats) => stats.refreshes],
  ['early_refreshes', 'Keys made anew before they were stale.', (stats) => stats.earlyRefreshes],
  ['purges', 'Purges, by this process or another.', (stats) => stats.purges],
  ['store_errors', 'Calls of a tier that failed or were late.', (stats) => stats.storeErrors],
];

/**
 * Registers the counts of `cache`: `cache_hits_total` by tier, and one counter for each of the
 * others. One cache per registry, for the names are taken then.
 */
export function registerCacheMetrics(
  registry: CounterRegistry,
  cache: { stats(): CacheStats },
): void {
  function register(
    name: string,
    help: string,
    labelNames: readonly string[],
    totals: () => readonly Total[],
  ) {
    const told = new Map<string, number>();
    registry.counter({
      name: `cache_${name}_total`,
      help,
      labelNames,
      collect(counter) {
        for (const { labels, value } of totals()) {
          const series = labels.join();
          counter.labels(...labels).inc(value - (told.get(series) ?? 0));
          told.set(series, value);
        }
      },
    });
  }

  register('hits', 'Keys answered by each tier of the cache.', ['tier'], () =>
    Object.entries(cache.stats().hits).map(([tier, value]) => ({ labels: [tier], value })),
  );
  for (const [name, help, totalOf] of TOTALS) {
    register(name, help, [], () => [{ labels: [], value: totalOf(cache.stats()) }]);
  }
}
