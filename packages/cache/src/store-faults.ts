// Stores that do not work, each in one way, for tests of what stands on top of them.

import type { Store } from './store.ts';

/** Makes a store whose every call but `close` rejects with `error`. */
export function createFailingStore(error: Error): Store {
  const fail = () => Promise.reject(error);
  return { name: 'failing', get: fail, set: fail, delete: fail, close: async () => {} };
}

/** Makes a store that never answers: `get` hangs until its signal aborts, all else until `close`. */
export function createHangingStore(): Store {
  const closed = Promise.withResolvers<void>();
  return {
    name: 'hanging',
    get: (_key, signal) =>
      new Promise((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        void closed.promise.then(() => resolve(undefined));
      }),
    set: () => closed.promise,
    delete: () => closed.promise,
    close: async () => closed.resolve(),
  };
}
