/** What several edges share, inside one process. */
import {
  createPurgeIndex,
  type Entry,
  type Lock,
  type Purge,
  type RedisStore,
} from '@headgate/cache';
import { paperStore } from './edge-cache.test-support.ts';

export interface SharedTier {
  /** By the keys of the second tier. */
  readonly entries: Map<string, Entry>;
  /** Held at the moment, by key. */
  readonly locks: Map<string, Lock>;
  /** How often a lock was asked for. */
  readonly asked: { locks: number; gets: number };
  /** As one edge sees it. */
  view(calls?: Partial<RedisStore>): RedisStore;
}

/** `now` is a clock in milliseconds. */
export function createSharedTier(now: () => number): SharedTier {
  const entries = new Map<string, Entry & { readonly untilMs: number; readonly mark: number }>();
  const locks = new Map<string, Lock>();
  const purges = createPurgeIndex();
  const listeners = new Map<object, (purge: Purge) => void>();
  const asked = { locks: 0, gets: 0 };
  return {
    entries,
    locks,
    asked,
    view(calls = {}) {
      const own = {};
      return paperStore({
        mark: () => purges.mark,
        async get(key) {
          asked.gets++;
          const found = entries.get(key);
          if (!found || found.untilMs <= now()) return undefined;
          if (purges.isPurged(key, found.tags, found.mark)) return undefined;
          return { ...found, ttlMs: found.untilMs - now() };
        },
        async set(key, entry, mark) {
          entries.set(key, { ...entry, untilMs: now() + entry.ttlMs, mark });
        },
        async purge(purge) {
          purges.take(purge);
          for (const [edge, tell] of listeners) if (edge !== own) tell(purge);
          return 'done';
        },
        onPurge(listener) {
          listeners.set(own, listener);
          return () => listeners.delete(own);
        },
        async lock(key) {
          asked.locks++;
          if (locks.has(key)) return 'taken';
          const lock: Lock = {
            extend: async () => locks.get(key) === lock,
            async release() {
              if (locks.get(key) === lock) locks.delete(key);
            },
          };
          locks.set(key, lock);
          return lock;
        },
        ...calls,
      });
    },
  };
}
