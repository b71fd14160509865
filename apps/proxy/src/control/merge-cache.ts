/** What the workers say of their caches, as one report. */
import type { CacheStatus, RedisStatus } from '../admin/cache.ts';

/** Added up; of the second tier the worst is told, as each worker has a connection of its own. */
export function mergeCaches(perWorker: readonly CacheStatus[]): CacheStatus {
  const sum = (read: (status: CacheStatus) => number) =>
    perWorker.reduce((total, status) => total + read(status), 0);
  const tiers = perWorker.flatMap(({ redis }) => redis ?? []);
  return {
    entries: sum(({ entries }) => entries),
    sizeBytes: sum(({ sizeBytes }) => sizeBytes),
    maxSizeBytes: sum(({ maxSizeBytes }) => maxSizeBytes),
    hits: sum(({ hits }) => hits),
    misses: sum(({ misses }) => misses),
    stale: sum(({ stale }) => stale),
    collapsed: sum(({ collapsed }) => collapsed),
    passes: sum(({ passes }) => passes),
    ...(tiers.length > 0 && { redis: mergeTiers(tiers) }),
  };
}

function mergeTiers(tiers: readonly RedisStatus[]): RedisStatus {
  // What is wrong now says more than what was wrong once.
  const troubled = tiers.find(({ isOpen, isInStep }) => isOpen || !isInStep);
  const lastError = (troubled ?? tiers.find((tier) => tier.lastError !== undefined))?.lastError;
  return {
    isOpen: tiers.some(({ isOpen }) => isOpen),
    isInStep: tiers.every(({ isInStep }) => isInStep),
    ...(lastError !== undefined && { lastError }),
  };
}
