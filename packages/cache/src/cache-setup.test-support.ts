// Caches for tests: on a clock that only the test moves, with nothing left to chance.

import assert from 'node:assert/strict';
import { type Cache, type CacheOptions, createCache } from './cache.ts';
import type { CacheEvent } from './events.ts';
import { isKept } from './kept.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import { createSharedMemory, type SharedMemory } from './shared-memory.test-support.ts';
import type { SharedStore, Store } from './store.ts';

/** Lets everything that waits for nothing but its turn go on. */
export const tick = () => new Promise((resolve) => setImmediate(resolve));

/** A loader that must not run. */
export const unused = () => assert.fail('the loader must not run');

/** A cache and all there is to know about it. */
export interface Setup {
  readonly cache: Cache;
  readonly near: MemoryStore;
  readonly far: SharedStore;
  readonly clock: { nowMs: number };
  readonly events: CacheEvent[];
  /** The value a store holds, without what the cache keeps beside it. */
  valueIn(store: Store, key: string): Promise<unknown>;
}

/** What a test wants to be different. */
export interface SetupOptions extends Partial<Omit<CacheOptions, 'stores' | 'now' | 'onEvent'>> {
  /** Tiers between the memory and what is shared. */
  readonly between?: readonly Store[];
  /** Shared with another cache; default: of its own. */
  readonly memory?: SharedMemory;
  readonly clock?: { nowMs: number };
}

/** Makes a cache over a memory and a store that processes share. */
export function setUp(options: SetupOptions = {}): Setup {
  const { between = [], clock = { nowMs: 1_000 }, ...rest } = options;
  const now = () => clock.nowMs;
  const near = createMemoryStore({ maxSizeBytes: 1e6, now });
  const far = (options.memory ?? createSharedMemory(now)).view();
  const events: CacheEvent[] = [];
  const cache = createCache({
    ttlJitter: 0,
    storeTimeoutMs: 5_000,
    random: () => 0,
    ...rest,
    stores: [near, ...between, far],
    now,
    onEvent: (event) => events.push(event),
  });
  return {
    cache,
    near,
    far,
    clock,
    events,
    async valueIn(store, key) {
      const held = (await store.get(key))?.value;
      if (held === undefined) return undefined;
      assert.ok(isKept(held));
      return held.value;
    },
  };
}

/** As two processes would have them: what is in memory is their own, all else is shared. */
export function setUpTwo(options: SetupOptions = {}): readonly [Setup, Setup] {
  const clock = { nowMs: 1_000 };
  const memory = createSharedMemory(() => clock.nowMs);
  return [setUp({ ...options, clock, memory }), setUp({ ...options, clock, memory })];
}
