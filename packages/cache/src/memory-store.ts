// The tier inside the process: least recently used entries leave first, bounded by bytes.

import { LRUCache } from 'lru-cache';
import type { Store } from './store.ts';

/** Settings of {@link createMemoryStore}. */
export interface MemoryStoreOptions {
  /** Bytes all keys and values together may take, by estimate. */
  readonly maxSizeBytes: number;
  /** A clock in milliseconds that never goes back. Default: `performance.now`. */
  readonly now?: () => number;
  /** Estimates one value's bytes. Default: two per character of its JSON; exact for bytes. */
  readonly sizeOf?: (value: unknown) => number;
}

interface Kept {
  readonly value: unknown;
  readonly expiresAtMs: number;
}

const BYTES_PER_CHARACTER = 2;

function estimateSizeBytes(value: unknown): number {
  if (value instanceof Uint8Array) return value.byteLength;
  if (typeof value === 'string') return value.length * BYTES_PER_CHARACTER;
  return (JSON.stringify(value)?.length ?? 0) * BYTES_PER_CHARACTER;
}

/**
 * Makes a store in this process's memory. A hit returns the very object that was set: no copy, no
 * parsing. A value larger than `maxSizeBytes` is not kept. Expired entries free their bytes when
 * they are next asked for or when room is needed, so there is no timer.
 */
export function createMemoryStore(options: MemoryStoreOptions): Store {
  const { maxSizeBytes, now = () => performance.now(), sizeOf = estimateSizeBytes } = options;
  const kept = new LRUCache<string, Kept>({
    maxSize: maxSizeBytes,
    sizeCalculation: ({ value }, key) =>
      Math.max(1, Math.ceil(key.length * BYTES_PER_CHARACTER + sizeOf(value))),
  });
  let isClosed = false;

  return {
    name: 'memory',
    async get(key) {
      const found = kept.get(key);
      if (found === undefined) return undefined;
      const ttlMs = found.expiresAtMs - now();
      if (ttlMs > 0) return { value: found.value, ttlMs };
      kept.delete(key);
      return undefined;
    },
    async set(key, { value, ttlMs }) {
      if (!isClosed) kept.set(key, { value, expiresAtMs: now() + ttlMs });
    },
    async delete(key) {
      kept.delete(key);
    },
    async close() {
      isClosed = true;
      kept.clear();
    },
  };
}
