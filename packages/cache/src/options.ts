// What callers may say about a value: how long it is fresh, when it may be served stale, what it can
// be purged by, and how it is loaded.

import type { StaleWindows } from './freshness.ts';

/** How a value is kept. What is not given here comes from `defaults` of the cache. */
export interface KeepOptions<T> {
  /** How long it is fresh, in milliseconds, before jitter; above 0. Here or in `defaults`. */
  readonly ttlMs?: number;
  /**
   * Negative caching: how long it is remembered that there is none, when the loader gives
   * `undefined` or `null`; never served stale. Default: `undefined` is not kept, `null` is a value
   * like any other.
   */
  readonly absentTtlMs?: number;
  /** For how long afterwards it is served while it is made anew in the background. Default 0. */
  readonly staleWhileRevalidateMs?: number;
  /** For how long afterwards it is served when making it anew has failed. Default 0. */
  readonly staleIfErrorMs?: number;
  /** What it can be purged by together with others: `deleteTag`. Default none. */
  readonly tags?: readonly string[] | ((value: T, key: string) => readonly string[]);
}

/** How values are found or loaded. What is not given here comes from `defaults` of the cache. */
export interface LoadOptions<T> extends KeepOptions<T> {
  /** Lets this call leave. The load goes on as long as another call waits for it. */
  readonly signal?: AbortSignal;
  /** A load that takes longer fails, and its signal aborts. Default 30,000. */
  readonly loaderTimeoutMs?: number;
  /**
   * A hit near the end of its freshness may start a load in the background: the more likely the
   * nearer, on the scale of the time the last load took times this. 0: never. Default 1.
   */
  readonly earlyRefreshBeta?: number;
  /** After a failed load, how long what is stale is served before the next. Default 1,000. */
  readonly staleRetryMs?: number;
}

/** How one value is found or loaded. */
export interface GetOrSetOptions<T> extends LoadOptions<T> {
  /**
   * One load for all processes that share a tier: the others wait for what it makes. Costs a round
   * trip or two for each load. Default false.
   */
  readonly isShared?: boolean;
  /** With `isShared`: who has waited so long for another process loads as well. Default 5,000. */
  readonly lockWaitMs?: number;
}

/** What holds for every call that does not say otherwise. */
export type CacheDefaults = Omit<GetOrSetOptions<unknown>, 'signal' | 'tags'>;

/** The options of one call, complete. */
export interface Terms extends StaleWindows {
  readonly ttlMs: number;
  readonly absentTtlMs: number | undefined;
  readonly tags: TagsOf;
  readonly loaderTimeoutMs: number;
  readonly earlyRefreshBeta: number;
  readonly staleRetryMs: number;
  readonly isShared: boolean;
  readonly lockWaitMs: number;
}

type TagsOf = (value: unknown, key: string) => readonly string[];

const NO_TAGS: readonly string[] = [];

/**
 * Lays the options of a call over the defaults of its cache.
 * @throws RangeError, naming the option, for a duration that is none
 */
export function completeTerms<T>(given: GetOrSetOptions<T>, defaults: CacheDefaults): Terms {
  const duration = (name: DurationName, fallback: number) =>
    checked(name, given[name] ?? defaults[name] ?? fallback);
  const absentTtlMs = given.absentTtlMs ?? defaults.absentTtlMs;
  const { tags = NO_TAGS } = given;
  return {
    ttlMs: positive('ttlMs', given.ttlMs ?? defaults.ttlMs),
    absentTtlMs: absentTtlMs === undefined ? undefined : positive('absentTtlMs', absentTtlMs),
    // The caller vouches that its loader makes what its function takes.
    tags: typeof tags === 'function' ? (tags as TagsOf) : () => tags,
    staleWhileRevalidateMs: duration('staleWhileRevalidateMs', 0),
    staleIfErrorMs: duration('staleIfErrorMs', 0),
    loaderTimeoutMs: positive(
      'loaderTimeoutMs',
      given.loaderTimeoutMs ?? defaults.loaderTimeoutMs ?? 30_000,
    ),
    earlyRefreshBeta: duration('earlyRefreshBeta', 1),
    staleRetryMs: duration('staleRetryMs', 1_000),
    isShared: given.isShared ?? defaults.isShared ?? false,
    lockWaitMs: duration('lockWaitMs', 5_000),
  };
}

type DurationName =
  | 'staleWhileRevalidateMs'
  | 'staleIfErrorMs'
  | 'earlyRefreshBeta'
  | 'staleRetryMs'
  | 'lockWaitMs';

function checked(name: DurationName, value: number): number {
  if (value >= 0 && Number.isFinite(value)) return value;
  throw new RangeError(`${name} must be at least 0 and finite, not ${value}`);
}

function positive(
  name: 'ttlMs' | 'absentTtlMs' | 'loaderTimeoutMs',
  value: number | undefined,
): number {
  if (value !== undefined && value > 0 && Number.isFinite(value)) return value;
  throw new RangeError(
    `${name} must be above 0 and finite, not ${value}; give it in the call or in the defaults`,
  );
}
