import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CacheStatus, RedisStatus } from '../admin/cache.ts';
import { mergeCaches } from './merge-cache.ts';

function status(factor: number, redis?: RedisStatus): CacheStatus {
  return {
    entries: factor,
    sizeBytes: 10 * factor,
    maxSizeBytes: 1_000,
    hits: 2 * factor,
    misses: 3 * factor,
    stale: 4 * factor,
    collapsed: 5 * factor,
    passes: 6 * factor,
    ...(redis && { redis }),
  };
}

test('the caches of the workers are added up', () => {
  assert.deepEqual(mergeCaches([status(1), status(10)]), {
    entries: 11,
    sizeBytes: 110,
    maxSizeBytes: 2_000,
    hits: 22,
    misses: 33,
    stale: 44,
    collapsed: 55,
    passes: 66,
  });
  assert.equal(mergeCaches([]).entries, 0);
});

test('of the second tier the worst is told, and why', () => {
  const well = { isOpen: false, isInStep: true };
  const wasIll = { ...well, lastError: 'it was loading' };
  const open = { isOpen: true, isInStep: true, lastError: 'connect ECONNREFUSED' };
  const behind = { isOpen: false, isInStep: false };
  const merged = (...tiers: RedisStatus[]) =>
    mergeCaches(tiers.map((tier) => status(1, tier))).redis;
  assert.deepEqual(merged(well, well), well);
  assert.deepEqual(merged(well, wasIll), wasIll);
  assert.deepEqual(merged(wasIll, well, open), open);
  assert.deepEqual(merged(well, behind), behind);
  assert.deepEqual(merged(open, behind), { ...open, isInStep: false });
});
