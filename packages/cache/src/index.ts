// The public face of the cache package: tiers, and the cache that combines them.

export {
  type Cache,
  type CacheEvent,
  type CacheOptions,
  type CacheStats,
  createCache,
  type Loader,
} from './cache.ts';
export { createMemoryStore, type MemoryStoreOptions } from './memory-store.ts';
export { createRedisStore, type RedisStore, type RedisStoreOptions } from './redis-store.ts';
export type { Entry, Store } from './store.ts';
