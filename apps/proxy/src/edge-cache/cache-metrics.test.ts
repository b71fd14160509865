import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRegistry } from '@headgate/telemetry';
import type { CacheStatus } from '../admin/cache.ts';
import { registerCacheMetrics } from './cache-metrics.ts';
import { createCounts } from './counts.ts';

function createBench() {
  const registry = createRegistry();
  const counts = createCounts();
  let status: CacheStatus = {
    entries: 2,
    sizeBytes: 3_000,
    maxSizeBytes: 10_000,
    hits: 0,
    misses: 0,
    stale: 0,
    collapsed: 0,
    passes: 0,
  };
  registerCacheMetrics(registry, counts, () => status);
  return {
    counts,
    tell(redis: CacheStatus['redis']) {
      status = { ...status, redis };
    },
    scrape: () =>
      registry
        .render()
        .split('\n')
        .filter((line) => line.startsWith('headgate_cache')),
  };
}

test('counters show what was counted, however often they are read', () => {
  const { counts, scrape } = createBench();
  counts.hit = 5;
  counts.collapsed = 2;
  counts.fetches = 3;
  counts.invalidations = 1;
  for (const _ of [1, 2]) {
    const lines = scrape();
    assert.ok(lines.includes('headgate_cache_requests_total{result="hit"} 5'));
    assert.ok(lines.includes('headgate_cache_requests_total{result="collapsed"} 2'));
    assert.ok(lines.includes('headgate_cache_requests_total{result="stale"} 0'));
    assert.ok(lines.includes('headgate_cache_fetches_total 3'));
    assert.ok(lines.includes('headgate_cache_invalidations_total 1'));
  }
  counts.hit = 7;
  assert.ok(scrape().includes('headgate_cache_requests_total{result="hit"} 7'));
});

test('what is in memory is measured at each scrape', () => {
  const lines = createBench().scrape();
  assert.ok(lines.includes('headgate_cache_entries 2'));
  assert.ok(lines.includes('headgate_cache_size_bytes 3000'));
});

test('a second tier is usable when it is in reach and in step; without one nothing is said', () => {
  const { scrape, tell } = createBench();
  const said = () => scrape().filter((line) => line.includes('second_tier'));
  assert.deepEqual(said(), []);
  for (const [isOpen, isInStep, shown] of [
    [false, true, 1],
    [true, true, 0],
    [false, false, 0],
  ] as const) {
    tell({ isOpen, isInStep });
    assert.deepEqual(said(), [`headgate_cache_second_tier_usable ${shown}`]);
  }
  tell(undefined);
  assert.deepEqual(said(), []);
});
