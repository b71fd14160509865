// What every tier of the cache promises. A store keeps values for a while and may forget them at
// any time; the cache in `cache.ts` is the only thing that combines stores.

/**
 * A value and the life it has left. Lives are durations, never points in time, so entries can pass
 * between machines whose clocks disagree.
 */
export interface Entry {
  /** JSON-serialisable, not `undefined`. Shared by everyone who reads it: never change it. */
  readonly value: unknown;
  /** Milliseconds left to live, above 0 and finite. */
  readonly ttlMs: number;
}

/**
 * One tier. Calls on one key take effect in the order they were made, awaited or not. Every call
 * settles within a bound of the store's own; one that fails rejects, and the cache goes on without.
 * After `close` nothing is found and nothing is kept. `storeConformance` checks all of this.
 */
export interface Store {
  /** Names the tier in statistics and events; unique within one cache. */
  readonly name: string;
  /**
   * Finds what is still alive under `key`, with the life it has left.
   * @param signal aborts when nobody waits for the answer any more
   */
  get(key: string, signal?: AbortSignal): Promise<Entry | undefined>;
  /** Keeps `entry` under `key`, replacing what was there. */
  set(key: string, entry: Entry): Promise<void>;
  /** Forgets `key`. Deleting what is not there succeeds; a delete that may not have happened rejects. */
  delete(key: string): Promise<void>;
  /** Releases every socket, timer and byte. Safe to call twice. */
  close(): Promise<void>;
}
