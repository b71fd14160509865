import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setUp } from './cache-setup.test-support.ts';
import { type CounterRegistry, registerCacheMetrics } from './metrics.ts';

/** A registry of counters, and what a scrape of it gives. */
function createCounters(): { registry: CounterRegistry; scrape(): Record<string, number> } {
  const series: Record<string, number> = {};
  const collects: (() => void)[] = [];
  const registry: CounterRegistry = {
    counter({ name, labelNames, collect }) {
      const labels = (...values: string[]) => {
        assert.equal(values.length, labelNames.length);
        const inc = (by: number) => {
          const id = [name, ...values].join(' ');
          series[id] = (series[id] ?? 0) + by;
        };
        return { inc };
      };
      collects.push(() => collect({ labels }));
    },
  };
  return {
    registry,
    scrape() {
      for (const collect of collects) collect();
      return { ...series };
    },
  };
}

test('every count is a counter, and stands at its total however often it is scraped', async () => {
  const { cache } = setUp();
  const { registry, scrape } = createCounters();
  registerCacheMetrics(registry, cache);
  assert.ok(Object.values(scrape()).every((value) => value === 0));
  await cache.getOrSet('a', async () => 1, { ttlMs: 10 });
  await cache.get('a');
  await cache.delete('a');
  const expected = {
    'cache_hits_total memory': 1,
    'cache_hits_total shared': 0,
    cache_stale_hits_total: 0,
    cache_misses_total: 1,
    cache_loads_total: 1,
    cache_load_failures_total: 0,
    cache_shared_loads_total: 0,
    cache_lock_waits_total: 0,
    cache_refreshes_total: 0,
    cache_early_refreshes_total: 0,
    cache_purges_total: 1,
    cache_store_errors_total: 0,
  };
  for (let i = 0; i < 3; i++) assert.deepEqual(scrape(), expected);
});

test('no count is without a counter', () => {
  const { cache } = setUp();
  const { registry, scrape } = createCounters();
  registerCacheMetrics(registry, cache);
  const { hits, ...counts } = cache.stats();
  assert.equal(Object.keys(scrape()).length, Object.keys({ ...hits, ...counts }).length);
});
