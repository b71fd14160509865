// Stores that do not work, each in one way, for tests of what stands on top of them.

import { setTimeout as sleep } from 'node:timers/promises';
import type { SharedStore, Store } from './store.ts';

/** Makes a store whose every call but `mark` and `close` rejects with `error`. */
export function createFailingStore(error: Error): SharedStore {
  const fail = () => Promise.reject(error);
  return {
    name: 'failing',
    mark: () => 0,
    get: fail,
    getMany: fail,
    set: fail,
    purge: fail,
    lock: fail,
    onPurge: () => () => {},
    close: async () => {},
  };
}

/** Makes a store that never answers: every call hangs until it is closed. */
export function createHangingStore(): SharedStore {
  const closed = Promise.withResolvers<void>();
  return {
    name: 'hanging',
    mark: () => 0,
    get: () => closed.promise.then(() => undefined),
    getMany: (keys) => closed.promise.then(() => keys.map(() => undefined)),
    set: () => closed.promise,
    purge: () => closed.promise.then(() => 'queued'),
    lock: () => closed.promise.then(() => undefined),
    onPurge: () => () => {},
    close: async () => closed.resolve(),
  };
}

/**
 * Makes a store that does what `store` does, in the same order, but answers late.
 * @param delayMs waited before every answer, unless it is closed before
 */
export function createSlowStore(store: Store, delayMs: number): Store {
  const closing = new AbortController();
  const delay = () => sleep(delayMs, undefined, { signal: closing.signal }).catch(() => {});

  async function late<T>(answer: Promise<T>): Promise<T> {
    // Settled before the wait, so that a rejection meanwhile has someone to hear it.
    const [settled] = await Promise.allSettled([answer]);
    await delay();
    if (settled.status === 'rejected') throw settled.reason;
    return settled.value;
  }

  return {
    name: 'slow',
    mark: () => store.mark(),
    get: (key, signal) => late(store.get(key, signal)),
    getMany: (keys, signal) => late(store.getMany(keys, signal)),
    set: (key, entry, mark) => late(store.set(key, entry, mark)),
    purge: (purge) => late(store.purge(purge)),
    async close() {
      closing.abort();
      await store.close();
    },
  };
}
