// The cache an application uses: looks through the tiers in order, loads what none of them has, one
// load per key at a time, and never fails because a tier does.

import { createSingleFlight, type Flight } from './single-flight.ts';
import type { Entry, Store } from './store.ts';

/** Settings of {@link createCache}. */
export interface CacheOptions {
  /** The tiers, nearest first: memory, then Redis. */
  readonly stores: readonly Store[];
  /** Spreads every life by up to this share either way, so that keys do not expire together. Default 0.1. */
  readonly ttlJitter?: number;
  /** Told what is worth a log line or a metric. Must not throw. */
  readonly onEvent?: (event: CacheEvent) => void;
  /** A clock in milliseconds that never goes back; times the loads. Default: `performance.now`. */
  readonly now?: () => number;
  /** Uniform in [0, 1). Default: `Math.random`. */
  readonly random?: () => number;
}

/** Something that happened inside the cache. */
export type CacheEvent =
  | { readonly kind: 'loaded'; readonly key: string; readonly durationMs: number }
  | {
      readonly kind: 'load-failed';
      readonly key: string;
      readonly durationMs: number;
      readonly error: unknown;
    }
  | {
      readonly kind: 'store-failed';
      readonly store: string;
      readonly operation: StoreOperation;
      readonly error: unknown;
    };

type StoreOperation = 'get' | 'set' | 'delete' | 'close';

/** Counts since the cache was made. */
export interface CacheStats {
  /** Calls answered by each tier, by its name. */
  readonly hits: Readonly<Record<string, number>>;
  /** Searches of all tiers that found nothing; calls that wait together search once. */
  readonly misses: number;
  /** Loaders started. */
  readonly loads: number;
  /** Loaders that failed while someone waited for them. */
  readonly loadFailures: number;
  /** Calls answered by a load that another call had started. */
  readonly sharedLoads: number;
  /** Store calls that failed; each counts as a miss or a lost write, and fails nothing else. */
  readonly storeErrors: number;
}

/** Makes the value of a key that no tier holds. `signal` aborts when nobody waits for it any more. */
export type Loader<T> = (signal: AbortSignal) => Promise<T>;

/**
 * Values by key. Values are JSON-serialisable and read-only: a hit in memory is the very object
 * that was stored, one from Redis is its JSON parsed. The caller vouches that a key always holds a
 * `T`; `undefined` is never stored.
 */
export interface Cache {
  /**
   * Finds `key`, or loads and keeps it. Calls for one key share one search and one load; each may
   * leave by its own `signal`, and the load is aborted when the last has left. A loader's error
   * rejects everyone who waits for it and is not kept: the next call loads again. A loader must not
   * ask for its own key.
   * @param options.ttlMs life of a loaded value in milliseconds, before jitter
   * @throws the loader's error, `signal`'s reason, or RangeError for a `ttlMs` not above 0
   */
  getOrSet<T>(
    key: string,
    loader: Loader<T>,
    options: { readonly ttlMs: number; readonly signal?: AbortSignal },
  ): Promise<T>;
  /** Finds `key` in the tiers, `undefined` when none has it. Does not wait for a load under way. */
  get<T>(key: string, signal?: AbortSignal): Promise<T | undefined>;
  /**
   * Keeps `value` in every tier for `ttlMs` milliseconds, before jitter; a load under way is not
   * kept. Resolves when every tier has tried.
   * @throws RangeError for a `ttlMs` not above 0, TypeError for `undefined`
   */
  set(key: string, value: unknown, options: { readonly ttlMs: number }): Promise<void>;
  /**
   * Forgets `key` in every tier; a load under way is not kept. Other processes may hold it in their
   * memory, and a Redis out of reach in its own, until its time is up.
   */
  delete(key: string): Promise<void>;
  /** A snapshot of the counts. */
  stats(): CacheStats;
  /** Closes every tier. From then on nothing is found or kept, and every `getOrSet` loads. */
  close(): Promise<void>;
}

/** What a search or load came to: which tier had the value, or `undefined` for the loader. */
interface Outcome {
  readonly value: unknown;
  readonly store: string | undefined;
}

/** Makes a cache over `stores`. The cache owns them: {@link Cache.close} closes them. */
export function createCache(options: CacheOptions): Cache {
  const { stores, ttlJitter = 0.1, onEvent = () => {} } = options;
  const { now = () => performance.now(), random = Math.random } = options;
  const searches = createSingleFlight<Outcome | undefined>();
  const loads = createSingleFlight<Outcome>();
  const hits: Record<string, number> = Object.fromEntries(stores.map(({ name }) => [name, 0]));
  const counts = { misses: 0, loads: 0, loadFailures: 0, sharedLoads: 0, storeErrors: 0 };

  function countHit(store: string) {
    hits[store] = (hits[store] ?? 0) + 1;
  }

  function storeFailed(store: Store, operation: StoreOperation, error: unknown) {
    counts.storeErrors += 1;
    onEvent({ kind: 'store-failed', store: store.name, operation, error });
  }

  async function attempt(
    store: Store,
    operation: StoreOperation,
    call: (store: Store) => Promise<void>,
  ): Promise<void> {
    try {
      await call(store);
    } catch (error) {
      storeFailed(store, operation, error);
    }
  }

  async function onEach(
    operation: StoreOperation,
    call: (store: Store) => Promise<void>,
  ): Promise<void> {
    // Every store is called before anything is awaited, so a later delete of the key comes later
    // in every tier.
    await Promise.all(stores.map((store) => attempt(store, operation, call)));
  }

  /** Nobody waits for the tiers to take what has been found: the answer is there already. */
  function offer(chosen: readonly Store[], key: string, entry: Entry): void {
    for (const store of chosen) void attempt(store, 'set', () => store.set(key, entry));
  }

  function newEntry(value: unknown, ttlMs: number): Entry {
    return { value, ttlMs: ttlMs * (1 + ttlJitter * (2 * random() - 1)) };
  }

  async function search(key: string, flight: Flight): Promise<Outcome | undefined> {
    for (const store of stores) {
      try {
        const entry = await store.get(key, flight.signal);
        if (entry !== undefined) {
          if (flight.isCurrent) offer(stores.slice(0, stores.indexOf(store)), key, entry);
          return { value: entry.value, store: store.name };
        }
      } catch (error) {
        flight.signal.throwIfAborted();
        storeFailed(store, 'get', error);
      }
    }
    counts.misses += 1;
    return undefined;
  }

  async function searchOrLoad(
    key: string,
    loader: Loader<unknown>,
    ttlMs: number,
    flight: Flight,
  ): Promise<Outcome> {
    const found = await search(key, flight);
    if (found !== undefined) return found;
    flight.signal.throwIfAborted();
    const startedAtMs = now();
    counts.loads += 1;
    try {
      const value = await loader(flight.signal);
      if (flight.isCurrent && value !== undefined) offer(stores, key, newEntry(value, ttlMs));
      onEvent({ kind: 'loaded', key, durationMs: now() - startedAtMs });
      return { value, store: undefined };
    } catch (error) {
      if (!flight.signal.aborted) {
        counts.loadFailures += 1;
        onEvent({ kind: 'load-failed', key, durationMs: now() - startedAtMs, error });
      }
      throw error;
    }
  }

  return {
    async getOrSet<T>(
      key: string,
      loader: Loader<T>,
      { ttlMs, signal }: { readonly ttlMs: number; readonly signal?: AbortSignal },
    ) {
      assertTtl(ttlMs);
      const { value: outcome, isShared } = await loads.run(
        key,
        (flight) => searchOrLoad(key, loader, ttlMs, flight),
        signal,
      );
      if (outcome.store !== undefined) countHit(outcome.store);
      else if (isShared) counts.sharedLoads += 1;
      return outcome.value as T;
    },

    async get<T>(key: string, signal?: AbortSignal) {
      const { value: outcome } = await searches.run(key, (flight) => search(key, flight), signal);
      if (outcome?.store !== undefined) countHit(outcome.store);
      return outcome?.value as T | undefined;
    },

    async set(key, value, { ttlMs }) {
      assertTtl(ttlMs);
      if (value === undefined)
        throw new TypeError(`"${key}" cannot be undefined; delete it instead`);
      searches.forget(key);
      loads.forget(key);
      const entry = newEntry(value, ttlMs);
      await onEach('set', (store) => store.set(key, entry));
    },

    async delete(key) {
      searches.forget(key);
      loads.forget(key);
      await onEach('delete', (store) => store.delete(key));
    },

    stats: () => ({ hits: { ...hits }, ...counts }),

    close: () => onEach('close', (store) => store.close()),
  };
}

function assertTtl(ttlMs: number) {
  if (ttlMs > 0 && Number.isFinite(ttlMs)) return;
  throw new RangeError(`ttlMs must be above 0 and finite, not ${ttlMs}`);
}
