// A store that "processes" share, inside one process: what Redis is to the cache, without Redis.

import { createPurgeIndex, type Purge } from './purge-index.ts';
import type { Entry, Lock, SharedStore } from './store.ts';

interface Slot {
  readonly entry: Entry;
  readonly expiresAtMs: number;
  readonly mark: number;
}

interface View {
  tell(purge: Purge): void;
}

/** The one place that all views look at. */
export interface SharedMemory {
  /** How one process sees it. */
  view(): SharedStore;
}

/** Makes an empty one on the clock `now`; values pass through JSON, as they would on a wire. */
export function createSharedMemory(now: () => number): SharedMemory {
  const slots = new Map<string, Slot>();
  const locks = new Map<string, { readonly expiresAtMs: number; readonly lock: Lock }>();
  const purges = createPurgeIndex();
  const views = new Set<View>();

  function find(key: string): Entry | undefined {
    const slot = slots.get(key);
    if (slot === undefined || slot.expiresAtMs <= now()) return undefined;
    if (purges.isPurged(key, slot.entry.tags, slot.mark)) return undefined;
    return { ...structuredClone(slot.entry), ttlMs: slot.expiresAtMs - now() };
  }

  function lockOf(key: string): Lock | undefined {
    const held = locks.get(key);
    return held !== undefined && held.expiresAtMs > now() ? held.lock : undefined;
  }

  function lock(key: string, leaseMs: number): Lock {
    const lock: Lock = {
      async extend() {
        if (lockOf(key) !== lock) return false;
        locks.set(key, { lock, expiresAtMs: now() + leaseMs });
        return true;
      },
      async release() {
        if (lockOf(key) === lock) locks.delete(key);
      },
    };
    locks.set(key, { lock, expiresAtMs: now() + leaseMs });
    return lock;
  }

  function view(): SharedStore {
    const listeners = new Set<(purge: Purge) => void>();
    const own: View = {
      tell(purge) {
        for (const listener of listeners) listener(purge);
      },
    };
    views.add(own);
    let isClosed = false;
    const look = (key: string) => (isClosed ? undefined : find(key));
    return {
      name: 'shared',
      mark: () => purges.mark,
      get: async (key) => look(key),
      getMany: async (keys) => keys.map(look),
      async set(key, entry, mark) {
        if (isClosed) return;
        const value: unknown = JSON.parse(JSON.stringify(entry.value));
        slots.set(key, { entry: { ...entry, value }, mark, expiresAtMs: now() + entry.ttlMs });
      },
      async purge(purge) {
        purges.take(purge);
        for (const other of views) if (other !== own) other.tell(purge);
        return 'done';
      },
      onPurge(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      async lock(key, leaseMs) {
        if (isClosed) return undefined;
        return lockOf(key) === undefined ? lock(key, leaseMs) : 'taken';
      },
      async close() {
        isClosed = true;
        views.delete(own);
      },
    };
  }

  return { view };
}
