/**
 * What every tier of the cache promises. A store keeps values for a while and may forget them at
 * any time; the cache in `cache.ts` is the only thing that combines stores.
 */
import type { Purge } from './purge-index.ts';

/**
 * A value and the life it has left. Lives are durations, never points in time, so entries can pass
 * between machines whose clocks disagree.
 */
export interface Entry {
  /** What the store's codec carries; not `undefined`. Shared by all who read it: never change it. */
  readonly value: unknown;
  /** Milliseconds left to live, above 0 and finite. */
  readonly ttlMs: number;
  /** By which it can be purged together with others. */
  readonly tags: readonly string[];
}

/**
 * One tier. Calls on one key take effect in the order they were made, awaited or not. Every call
 * settles within a bound of the store's own; one that fails rejects, and the cache goes on without.
 * After `close` nothing is found and nothing is kept. `storeConformance` checks all of this.
 */
export interface Store {
  /** Names the tier in statistics and events; unique within one cache. */
  readonly name: string;
  /** Where its purges are now: to be taken when the work on a value begins, and given to `set`. */
  mark(): number;
  /**
   * Finds what is still alive under `key`, and was not purged, with the life it has left.
   * @param signal aborts when nobody waits for the answer any more
   */
  get(key: string, signal?: AbortSignal): Promise<Entry | undefined>;
  /** As many `get` at once, in the order of `keys`. */
  getMany(keys: readonly string[], signal?: AbortSignal): Promise<readonly (Entry | undefined)[]>;
  /**
   * Keeps `entry` under `key`, replacing what was there.
   * @param mark from when the work on the value began: what has been purged since is not found
   */
  set(key: string, entry: Entry, mark: number): Promise<void>;
  /**
   * Forgets. Purging what is not there succeeds; one that may not have happened, and will not be
   * made up for, rejects. `queued`: done here, and everywhere else as soon as the store is in reach.
   */
  purge(purge: Purge): Promise<'done' | 'queued'>;
  /** Releases every socket, timer and byte. Safe to call twice. */
  close(): Promise<void>;
}

/** A tier that processes share: it tells each of what the others purge, and who makes a value. */
export interface SharedStore extends Store {
  /**
   * Tells of purges made by other processes, in order; `all` when some may have been missed.
   * @returns stops telling
   */
  onPurge(listener: (purge: Purge) => void): () => void;
  /**
   * The right to make the value of `key`, for all processes together. `taken`: another has it;
   * undefined: nobody can say, because the store is out of reach.
   * @param leaseMs it ends after so long unless `extend` is called, should its holder die
   */
  lock(key: string, leaseMs: number): Promise<Lock | 'taken' | undefined>;
}

/** See {@link SharedStore.lock}. */
export interface Lock {
  /** For another `leaseMs`; false when it has been lost. */
  extend(): Promise<boolean>;
  release(): Promise<void>;
}
