/** What the edge cache counts. */
import type { CacheResult } from './guest.ts';

export const results: readonly CacheResult[] = [
  'hit',
  'stale',
  'validated',
  'miss',
  'collapsed',
  'pass',
];

export type CacheCounts = Record<CacheResult, number> & {
  /** Requests made to upstreams for several. */
  fetches: number;
  stored: number;
  purges: number;
  /** URLs that a request has made invalid. */
  invalidations: number;
};

export function createCounts(): CacheCounts {
  return {
    hit: 0,
    stale: 0,
    validated: 0,
    miss: 0,
    collapsed: 0,
    pass: 0,
    fetches: 0,
    stored: 0,
    purges: 0,
    invalidations: 0,
  };
}
