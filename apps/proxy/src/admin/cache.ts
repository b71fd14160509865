/** What `/api/cache` says: what the edge cache has, and how it has done. */

/** Counts are of requests to routes that cache, since the workers that are there now have started. */
export interface CacheStatus {
  readonly entries: number;
  readonly sizeBytes: number;
  readonly maxSizeBytes: number;
  /** Answered from what was kept, and fresh. */
  readonly hits: number;
  /** Had to be fetched, or validated first. */
  readonly misses: number;
  /** Answered from what was kept, and no longer fresh. */
  readonly stale: number;
  /** Had the answer that was fetched for another. */
  readonly collapsed: number;
  /** Went to an upstream of their own, as their answers are not for others. */
  readonly passes: number;
  /** The second tier; undefined where there is none. */
  readonly redis?: RedisStatus | undefined;
}

export interface RedisStatus {
  /** It has failed, and is left alone for a while. */
  readonly isOpen: boolean;
  /** All purges of others are known; only then is anything used that it has. */
  readonly isInStep: boolean;
  /** Why it failed last. */
  readonly lastError?: string | undefined;
}
