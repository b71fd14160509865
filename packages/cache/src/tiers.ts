// The stores of one cache as one: searched from the nearest to the farthest, written all at once,
// each call bounded in time, and none that fails any worse than by finding nothing.

import type { StoreOperation } from './events.ts';
import { freshMsOf, isKept, type Kept } from './kept.ts';
import type { MemoryStore } from './memory-store.ts';
import type { Purge } from './purge-index.ts';
import type { Entry, Lock, SharedStore, Store } from './store.ts';
import { within } from './within.ts';

/** What a search came upon. */
export interface Found {
  readonly kept: Kept;
  readonly tags: readonly string[];
  /** Life left, milliseconds. */
  readonly ttlMs: number;
  /** Of which fresh; below 0 for how long it has not been. */
  readonly freshMs: number;
  /** Where it was: 0 for the nearest tier. */
  readonly tier: number;
}

/** How to search. */
export interface Search {
  /** The purges each tier had seen when the search, or the work it is part of, began. */
  readonly marks: Marks;
  /** First tier to look into. */
  readonly from: number;
  /** Is no nearer to perfect worth looking for in the tiers below? */
  isGood(found: Found): boolean;
  /** May what was found far away be kept nearer? Asked when it has been found. */
  mayKeep(key: string): boolean;
  /** Aborts when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** One mark for each tier. */
type Marks = readonly number[];

/** How far a purge has come: in every tier; sure to come; or not sure to come to some tier. */
export type PurgeResult = 'done' | 'queued' | 'failed';

/** See {@link createTiers}. */
export interface Tiers {
  readonly names: readonly string[];
  /** The nearest tier, if it can be asked without waiting. */
  readonly near: MemoryStore | undefined;
  /** Place of the tier that processes share; undefined without one. */
  readonly sharedTier: number | undefined;
  marks(): Marks;
  /**
   * The freshest that the tiers have for each key, in the order of the keys.
   * @throws only the reason of `signal`
   */
  search(keys: readonly string[], search: Search): Promise<readonly (Found | undefined)[]>;
  /** Keeps `entry` in every tier; resolves when each has tried. */
  keep(key: string, entry: Entry, marks: Marks): Promise<void>;
  /** Forgets in every tier; takes effect at once for every later call here. */
  purge(purge: Purge): Promise<PurgeResult>;
  /** See {@link SharedStore.lock}; undefined without a shared tier as well. */
  lock(key: string, leaseMs: number): Promise<Lock | 'taken' | undefined>;
  /** Ends a lock; one that cannot be reached ends by itself. */
  release(lock: Lock): Promise<void>;
  close(): Promise<void>;
}

/** Settings of {@link createTiers}. */
export interface TiersOptions {
  readonly stores: readonly Store[];
  /** Longest wait for one call of a store. */
  readonly storeTimeoutMs: number;
  onFailure(store: string, operation: StoreOperation, error: unknown): void;
  /** Told of purges made by other processes, when the tiers above theirs have forgotten. */
  onForeignPurge(purge: Purge): void;
}

const isMemory = (store: Store | undefined): store is MemoryStore =>
  store !== undefined && 'peek' in store && 'keep' in store;

const isShared = (store: Store): store is SharedStore => 'lock' in store && 'onPurge' in store;

/** Makes one of `stores`, the nearest first. */
export function createTiers(options: TiersOptions): Tiers {
  const { stores, storeTimeoutMs, onFailure, onForeignPurge } = options;
  const names = stores.map(({ name }) => name);
  const twin = names.find((name, tier) => names.indexOf(name) !== tier);
  if (twin !== undefined) throw new TypeError(`two stores of one cache are called "${twin}"`);
  const near = isMemory(stores[0]) ? stores[0] : undefined;
  const shared = stores.find(isShared);

  /** Undefined for a call that failed or was late. */
  async function ask<T>(
    store: Store,
    operation: StoreOperation,
    call: () => Promise<T>,
  ): Promise<{ readonly answer: T } | undefined> {
    const late = () =>
      new Error(`the store "${store.name}" did not answer within ${storeTimeoutMs} ms`);
    try {
      return { answer: await within(storeTimeoutMs, call(), late) };
    } catch (error) {
      onFailure(store.name, operation, error);
      return undefined;
    }
  }

  async function read(store: Store, keys: readonly string[], signal: AbortSignal) {
    if (isMemory(store)) return keys.map((key) => store.peek(key));
    const [key] = keys;
    const asked =
      key !== undefined && keys.length === 1
        ? await ask(store, 'get', async () => [await store.get(key, signal)])
        : await ask(store, 'get', () => store.getMany(keys, signal));
    signal.throwIfAborted();
    return asked?.answer ?? [];
  }

  async function write(store: Store, key: string, entry: Entry, mark: number): Promise<void> {
    if (!isMemory(store)) {
      await ask(store, 'set', async () => store.set(key, entry, mark));
      return;
    }
    try {
      store.keep(key, entry, mark);
    } catch (error) {
      onFailure(store.name, 'set', error);
    }
  }

  /** Nobody waits for the nearer tiers to take what has been found: the answer is there already. */
  function keepNearer(key: string, found: Found, marks: Marks): void {
    const { kept: value, ttlMs, tags, tier } = found;
    for (const [nearer, store] of stores.slice(0, tier).entries()) {
      void write(store, key, { value, ttlMs, tags }, marks[nearer] ?? 0);
    }
  }

  const stopListening = stores.map((store, tier) => {
    if (!isShared(store)) return () => {};
    return store.onPurge((purge) => {
      for (const upper of stores.slice(0, tier)) void ask(upper, 'purge', () => upper.purge(purge));
      onForeignPurge(purge);
    });
  });

  return {
    names,
    near,
    sharedTier: shared && stores.indexOf(shared),
    marks: () => stores.map((store) => store.mark()),

    async search(keys, { marks, from, isGood, mayKeep, signal }) {
      const best: (Found | undefined)[] = keys.map(() => undefined);
      let open = keys.map((_, place) => place);
      for (const [tier, store] of stores.entries()) {
        if (tier < from) continue;
        if (open.length === 0) break;
        const entries = await read(
          store,
          open.map((place) => keys[place] as string),
          signal,
        );
        for (const [index, place] of open.entries()) {
          best[place] = fresher(best[place], toFound(entries[index], tier));
        }
        open = open.filter((place) => {
          const found = best[place];
          return found === undefined || !isGood(found);
        });
      }
      for (const [place, key] of keys.entries()) {
        const found = best[place];
        if (found !== undefined && found.tier > 0 && mayKeep(key)) keepNearer(key, found, marks);
      }
      return best;
    },

    async keep(key, entry, marks) {
      // Every store is called before anything is awaited, so a later purge comes later in each.
      await Promise.all(stores.map((store, tier) => write(store, key, entry, marks[tier] ?? 0)));
    },

    async purge(purge) {
      const asked = await Promise.all(
        stores.map((store) => ask(store, 'purge', () => store.purge(purge))),
      );
      if (asked.includes(undefined)) return 'failed';
      return asked.some((reply) => reply?.answer === 'queued') ? 'queued' : 'done';
    },

    async lock(key, leaseMs) {
      if (shared === undefined) return undefined;
      const locking = shared.lock(key, leaseMs);
      const asked = await ask(shared, 'lock', () => locking);
      if (asked !== undefined) return asked.answer;
      // Should it be given after all, nobody is there to hold it.
      locking.then(
        (late) => (typeof late === 'object' ? late.release() : undefined),
        () => {},
      );
      return undefined;
    },

    async release(lock) {
      if (shared !== undefined) await ask(shared, 'lock', () => lock.release());
    },

    async close() {
      for (const stop of stopListening) stop();
      const closeOne = async (store: Store) => {
        try {
          await store.close();
        } catch (error) {
          onFailure(store.name, 'close', error);
        }
      };
      await Promise.all(stores.map(closeOne));
    },
  };
}

function toFound(entry: Entry | undefined, tier: number): Found | undefined {
  if (entry === undefined || !isKept(entry.value)) return undefined;
  const { value: kept, ttlMs, tags } = entry;
  return { kept, tags, ttlMs, freshMs: freshMsOf(entry, kept), tier };
}

function fresher(one: Found | undefined, other: Found | undefined): Found | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.freshMs > one.freshMs ? other : one;
}
