// The tier inside the process: least recently used entries leave first, bounded by bytes.

import { LRUCache } from 'lru-cache';
import { ownValue } from './kept.ts';
import { createPurgeIndex } from './purge-index.ts';
import type { Entry, Store } from './store.ts';

/** Settings of {@link createMemoryStore}. */
export interface MemoryStoreOptions {
  /** Bytes that all entries together may take, by estimate. */
  readonly maxSizeBytes: number;
  /** A clock in milliseconds that never goes back. Default: `performance.now`. */
  readonly now?: () => number;
  /** Estimates one value's bytes. Default: two per character of its JSON; exact for bytes. */
  readonly sizeOf?: (value: unknown) => number;
}

/** A {@link Store} that can also answer at once, because it is in this process. */
export interface MemoryStore extends Store {
  /** What `get` would find, without a promise. */
  peek(key: string): Entry | undefined;
  /** What `set` does, without a promise. */
  keep(key: string, entry: Entry, mark: number): void;
  /** Entries held now, those that are dead or purged and were not asked for since among them. */
  readonly entryCount: number;
  /** Bytes they take, by estimate. */
  readonly sizeBytes: number;
}

interface Slot {
  readonly value: unknown;
  readonly tags: readonly string[];
  readonly expiresAtMs: number;
  /** Not purged by anything before this mark. */
  checkedAtMark: number;
}

const BYTES_PER_CHARACTER = 2;

/** What an entry takes besides its key, its tags and its value; measured, rounded up. */
const BYTES_PER_ENTRY = 256;

function estimateSizeBytes(value: unknown): number {
  if (value instanceof Uint8Array) return value.byteLength;
  if (typeof value === 'string') return value.length * BYTES_PER_CHARACTER;
  return (JSON.stringify(value)?.length ?? 0) * BYTES_PER_CHARACTER;
}

/**
 * Makes a store in this process's memory. A hit returns the very object that was set: no copy, no
 * parsing. An entry larger than `maxSizeBytes` is not kept. Entries that have expired or were
 * purged free their bytes when they are next asked for or when room is needed, so there is no timer
 * and a purge costs the same however many entries it is for.
 */
export function createMemoryStore(options: MemoryStoreOptions): MemoryStore {
  const { maxSizeBytes, now = () => performance.now(), sizeOf = estimateSizeBytes } = options;
  const purges = createPurgeIndex();
  const slots = new LRUCache<string, Slot>({
    maxSize: maxSizeBytes,
    sizeCalculation: ({ value, tags }, key) => {
      let characters = key.length;
      for (const tag of tags) characters += tag.length;
      const sizeBytes = characters * BYTES_PER_CHARACTER + sizeOf(ownValue(value));
      return BYTES_PER_ENTRY + Math.ceil(sizeBytes);
    },
  });
  let isClosed = false;

  function peek(key: string): Entry | undefined {
    const slot = slots.get(key);
    if (slot === undefined) return undefined;
    const ttlMs = slot.expiresAtMs - now();
    const { value, tags } = slot;
    if (ttlMs > 0 && isStanding(key, slot)) return { value, ttlMs, tags };
    slots.delete(key);
    return undefined;
  }

  function isStanding(key: string, slot: Slot): boolean {
    const { mark } = purges;
    if (slot.checkedAtMark === mark) return true;
    if (purges.isPurged(key, slot.tags, slot.checkedAtMark)) return false;
    slot.checkedAtMark = mark;
    return true;
  }

  function keep(key: string, { value, ttlMs, tags }: Entry, mark: number): void {
    // What is dead on arrival leaves alone what came in its place.
    if (isClosed || purges.isPurged(key, tags, mark)) return;
    const checkedAtMark = purges.mark;
    slots.set(key, { value, tags, expiresAtMs: now() + ttlMs, checkedAtMark });
  }

  return {
    name: 'memory',
    peek,
    keep,
    mark: () => purges.mark,
    get: async (key) => peek(key),
    getMany: async (keys) => keys.map(peek),
    set: async (key, entry, mark) => keep(key, entry, mark),
    async purge(purge) {
      purges.take(purge);
      if (purge.kind === 'key') slots.delete(purge.key);
      else if (purge.kind === 'all') slots.clear();
      return 'done';
    },
    async close() {
      isClosed = true;
      slots.clear();
    },
    get entryCount() {
      return slots.size;
    },
    get sizeBytes() {
      return slots.calculatedSize;
    },
  };
}
