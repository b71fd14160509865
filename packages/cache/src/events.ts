// What a cache tells about itself: events one by one, and counts.

import type { Purge } from './purge-index.ts';

/** Why a load began: nothing usable was found, or only something stale, or the end was near. */
export type LoadCause = 'miss' | 'stale' | 'early';

/** Something that happened inside the cache. */
export type CacheEvent =
  | {
      readonly kind: 'loaded';
      readonly keys: readonly string[];
      readonly cause: LoadCause;
      readonly durationMs: number;
    }
  | {
      readonly kind: 'load-failed';
      readonly keys: readonly string[];
      readonly cause: LoadCause;
      readonly durationMs: number;
      readonly error: unknown;
    }
  | {
      readonly kind: 'store-failed';
      readonly store: string;
      readonly operation: StoreOperation;
      readonly error: unknown;
    }
  | {
      readonly kind: 'purged';
      readonly purge: Purge;
      /** False when another process made it. */
      readonly isOwn: boolean;
    };

/** What a tier was asked to do. */
export type StoreOperation = 'get' | 'set' | 'purge' | 'lock' | 'close';

/** Counts since the cache was made. */
export interface CacheStats {
  /** Calls answered by each tier, by its name; for calls with many keys, keys. */
  readonly hits: Readonly<Record<string, number>>;
  /** Of the hits, those answered with something stale. */
  readonly staleServed: number;
  /** Keys searched for in all tiers without finding anything to serve; who waits together counts once. */
  readonly misses: number;
  /** Keys made anew in the background because they had become stale. */
  readonly refreshes: number;
  /** The same, because they were about to. */
  readonly earlyRefreshes: number;
  /** Loaders started; one for many keys counts once. */
  readonly loads: number;
  /** Loaders that failed or ran out of time. */
  readonly loadFailures: number;
  /** Calls answered by a load that another call of this process had started. */
  readonly sharedLoads: number;
  /** Loads that found another process at the same key and waited for it. */
  readonly lockWaits: number;
  /** Purges, those of other processes among them. */
  readonly purges: number;
  /** Store calls that failed or were late; each is a miss or a lost write, and fails nothing else. */
  readonly storeErrors: number;
}

/** The counts, while they are counted. */
export type Counts = { -readonly [Name in keyof Omit<CacheStats, 'hits'>]: number };

/** Nothing counted yet. */
export function createCounts(): Counts {
  return {
    staleServed: 0,
    misses: 0,
    refreshes: 0,
    earlyRefreshes: 0,
    loads: 0,
    loadFailures: 0,
    sharedLoads: 0,
    lockWaits: 0,
    purges: 0,
    storeErrors: 0,
  };
}
