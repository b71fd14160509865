// The cache an application uses: looks through the tiers in order, loads what none of them has, one
// load per key at a time, and never fails because a tier does.

import { createBackOff } from './back-off.ts';
import type { Workings } from './batch.ts';
import type { LoadMany } from './call-loader.ts';
import { type CacheEvent, type CacheStats, createCounts } from './events.ts';
import { createFinder } from './finder.ts';
import { isFarFromEnd } from './freshness.ts';
import { freshMsOf, isKept, type Kept } from './kept.ts';
import { newEntry } from './new-entry.ts';
import {
  type CacheDefaults,
  completeTerms,
  type GetOrSetOptions,
  type KeepOptions,
  type LoadOptions,
} from './options.ts';
import { createPurgeIndex, type Purge } from './purge-index.ts';
import type { Store } from './store.ts';
import { createTiers, type PurgeResult } from './tiers.ts';

/** Settings of {@link createCache}. */
export interface CacheOptions {
  /** The tiers, nearest first: memory, then Redis. */
  readonly stores: readonly Store[];
  /** What holds for every call that does not say otherwise. */
  readonly defaults?: CacheDefaults;
  /** Spreads every life by up to this share either way, so that keys do not expire together. Default 0.1. */
  readonly ttlJitter?: number;
  /** Longest wait for one call of a tier, whatever the tier's own bound is. Default 150. */
  readonly storeTimeoutMs?: number;
  /** Told what is worth a log line or a metric. Must not throw. */
  readonly onEvent?: (event: CacheEvent) => void;
  /** A clock in milliseconds that never goes back; times the loads. Default: `performance.now`. */
  readonly now?: () => number;
  /** Uniform in [0, 1). Default: `Math.random`. */
  readonly random?: () => number;
}

/** Makes the value of a key that no tier holds. `signal` aborts when it is no longer wanted. */
export type Loader<T> = (signal: AbortSignal) => Promise<T>;

/** Makes the values of `keys`, one for each, in their order; `undefined` where there is none. */
export type ManyLoader<T> = (
  keys: readonly string[],
  signal: AbortSignal,
) => Promise<readonly (T | undefined)[]>;

/**
 * Values by key. Values are what the codecs of the tiers carry, JSON unless chosen otherwise, and
 * read-only: a hit in memory is the very object that was stored, one from Redis is decoded. The
 * caller vouches that a key always holds a `T`.
 */
export interface Cache {
  /**
   * Finds `key`, or loads and keeps it. Calls for one key share one search and one load, with the
   * options of the first; each may leave by its own `signal`, and the load is aborted when the last
   * has left. A loader's error rejects everyone who waits for it, unless there is something stale
   * that `staleIfErrorMs` allows, and is not kept: the next call loads again. What a purge or a
   * `set` has overtaken is not kept, and not given to calls that came after it. A loader must not
   * ask for its own key.
   * @throws the loader's error, a TimeoutError for one that is late, `signal`'s reason, or
   *   RangeError for a duration that is none
   */
  getOrSet<T>(key: string, loader: Loader<T>, options?: GetOrSetOptions<T>): Promise<T>;
  /**
   * {@link getOrSet} for many keys at once: one search, and one load for all that are missing and
   * are not being loaded for another call already.
   * @returns their values, in the order of `keys`
   */
  getOrSetMany<T>(
    keys: readonly string[],
    loader: ManyLoader<T>,
    options?: LoadOptions<T | undefined>,
  ): Promise<(T | undefined)[]>;
  /** Finds `key` while it is fresh, `undefined` when no tier has it. Does not wait for a load. */
  get<T>(key: string, signal?: AbortSignal): Promise<T | undefined>;
  /** As many {@link get} at once, in the order of `keys`. */
  getMany<T>(keys: readonly string[], signal?: AbortSignal): Promise<(T | undefined)[]>;
  /** What `get` would find in this process's memory, without a promise. */
  peek<T>(key: string): T | undefined;
  /**
   * Keeps `value` in every tier; a load under way is not kept. Resolves when every tier has tried.
   * The memory of other processes holds what it has until its time is up: to make them forget,
   * `delete` first.
   * @throws RangeError for a `ttlMs` not above 0, TypeError for `undefined`
   */
  set<T>(key: string, value: T, options?: KeepOptions<T>): Promise<void>;
  /** Forgets `key`; see {@link purge}. */
  delete(key: string): Promise<PurgeResult>;
  /** Forgets all that carries `tag`; see {@link purge}. */
  deleteTag(tag: string): Promise<PurgeResult>;
  /**
   * Forgets in every tier, and in every process that shares one of them. In this process it takes
   * effect at once, for loads under way as well. Never rejects: `queued` says that other processes
   * learn of it when the shared tier is in reach again, `failed` that some tier may go on with what
   * it has until its time is up.
   */
  purge(purge: Purge): Promise<PurgeResult>;
  /** A snapshot of the counts. */
  stats(): CacheStats;
  /**
   * Ends what goes on in the background and closes every tier. From then on nothing is found or
   * kept, and every `getOrSet` loads.
   */
  close(): Promise<void>;
}

const NO_OPTIONS = {};

/**
 * Makes a cache over `stores`. The cache owns them: {@link Cache.close} closes them.
 * @throws RangeError for a jitter or a duration in `defaults` that is none, TypeError for two stores
 *   of one name
 */
export function createCache(options: CacheOptions): Cache {
  const { stores, defaults = {}, ttlJitter = 0.1, storeTimeoutMs = 150 } = options;
  const { now = () => performance.now(), random = Math.random, onEvent = () => {} } = options;
  if (!(ttlJitter >= 0 && ttlJitter < 1)) {
    throw new RangeError(`ttlJitter must be at least 0 and below 1, not ${ttlJitter}`);
  }
  // What is wrong with the defaults shows now and not at the first miss.
  const { earlyRefreshBeta } = completeTerms({ ttlMs: defaults.ttlMs ?? 1 }, defaults);
  const counts = createCounts();
  const hits = stores.map(() => 0);
  const purges = createPurgeIndex();
  const backOff = createBackOff(now);

  const tiers = createTiers({
    stores,
    storeTimeoutMs,
    onFailure(store, operation, error) {
      counts.storeErrors += 1;
      onEvent({ kind: 'store-failed', store, operation, error });
    },
    onForeignPurge: (purge) => takePurge(purge, false),
  });
  const { near } = tiers;

  const workings: Workings = {
    tiers,
    backOff,
    counts,
    onEvent,
    now,
    jitter: () => 1 + ttlJitter * (2 * random() - 1),
    purgeMark: () => purges.mark,
  };
  const finder = createFinder({ workings, purges, random, countHit });

  function countHit(tier: number, isStale: boolean) {
    hits[tier] = (hits[tier] ?? 0) + 1;
    if (isStale) counts.staleServed += 1;
  }

  function takePurge(purge: Purge, isOwn: boolean) {
    purges.take(purge);
    finder.forget(purge);
    counts.purges += 1;
    onEvent({ kind: 'purged', purge, isOwn });
  }

  function purge(purge: Purge): Promise<PurgeResult> {
    const purging = tiers.purge(purge);
    takePurge(purge, true);
    return purging;
  }

  async function getOrSetOne<T>(key: string, loader: Loader<T>, given: GetOrSetOptions<T>) {
    const load: LoadMany = async (_keys, signal) => [await loader(signal)];
    const terms = completeTerms(given, defaults);
    const values = await finder.findOrLoad([key], load, terms, given.signal);
    return values.get(key) as T;
  }

  function peekFresh(key: string): Kept | undefined {
    const entry = near?.peek(key);
    if (entry === undefined || !isKept(entry.value)) return undefined;
    return freshMsOf(entry, entry.value) > 0 ? entry.value : undefined;
  }

  return {
    // The first lines are what a hit in memory costs: no closure, no async function, no dice.
    getOrSet<T>(key: string, loader: Loader<T>, given: GetOrSetOptions<T> = NO_OPTIONS) {
      const entry = near?.peek(key);
      if (entry !== undefined && isKept(entry.value) && given.signal?.aborted !== true) {
        const { loadMs, value } = entry.value;
        const beta = given.earlyRefreshBeta ?? earlyRefreshBeta;
        if (isFarFromEnd(freshMsOf(entry, entry.value), loadMs, beta)) {
          hits[0] = (hits[0] ?? 0) + 1;
          return Promise.resolve(value as T);
        }
      }
      return getOrSetOne(key, loader, given);
    },

    async getOrSetMany<T>(
      keys: readonly string[],
      loader: ManyLoader<T>,
      given: LoadOptions<T | undefined> = NO_OPTIONS,
    ) {
      const load: LoadMany = async (missing, signal) => {
        const values = await loader(missing, signal);
        if (values.length === missing.length) return values;
        throw new TypeError(
          `the loader was asked for ${missing.length} keys and gave ${values.length} values; ` +
            'it must give one for each key, undefined for none',
        );
      };
      const terms = completeTerms(given, defaults);
      const values = await finder.findOrLoad(keys, load, terms, given.signal);
      return keys.map((key) => values.get(key) as T | undefined);
    },

    async get<T>(key: string, signal?: AbortSignal) {
      signal?.throwIfAborted();
      const kept = peekFresh(key);
      if (kept !== undefined) {
        countHit(0, false);
        return kept.value as T | undefined;
      }
      const values = await finder.findFresh([key], signal);
      return values.get(key) as T | undefined;
    },

    async getMany<T>(keys: readonly string[], signal?: AbortSignal) {
      const values = await finder.findFresh(keys, signal);
      return keys.map((key) => values.get(key) as T | undefined);
    },

    peek: <T>(key: string) => peekFresh(key)?.value as T | undefined,

    async set<T>(key: string, value: T, given: KeepOptions<T> = NO_OPTIONS) {
      const terms = completeTerms(given, defaults);
      if (value === undefined)
        throw new TypeError(`"${key}" cannot be undefined; delete it instead`);
      finder.forget({ kind: 'key', key });
      backOff.end(key);
      const tags = terms.tags(value, key);
      const entry = newEntry(value, { terms, tags, loadMs: 0, jitter: workings.jitter() });
      if (entry !== undefined) await tiers.keep(key, entry, tiers.marks());
    },

    delete: (key) => purge({ kind: 'key', key }),
    deleteTag: (tag) => purge({ kind: 'tag', tag }),
    purge,

    stats() {
      const byName = tiers.names.map((name, tier) => [name, hits[tier] ?? 0] as const);
      return { hits: Object.fromEntries(byName), ...counts };
    },

    close() {
      finder.close();
      return tiers.close();
    },
  };
}
