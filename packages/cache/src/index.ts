// The public face of the cache package: tiers, and the cache that combines them.

export {
  type Cache,
  type CacheOptions,
  createCache,
  type Loader,
  type ManyLoader,
} from './cache.ts';
export { bytesCodec, type Codec, jsonCodec } from './codec.ts';
export type { CacheEvent, CacheStats, LoadCause, StoreOperation } from './events.ts';
export { cacheCodec } from './kept.ts';
export { createMemoryStore, type MemoryStore, type MemoryStoreOptions } from './memory-store.ts';
export { type CounterFamily, type CounterRegistry, registerCacheMetrics } from './metrics.ts';
export type { CacheDefaults, GetOrSetOptions, KeepOptions, LoadOptions } from './options.ts';
export {
  createPurgeIndex,
  type Purge,
  type PurgeIndex,
  type PurgeIndexOptions,
} from './purge-index.ts';
export type { ClusterPlace, RedisPlace, SentinelPlace } from './redis-place.ts';
export {
  createRedisStore,
  type RedisStatus,
  type RedisStore,
  type RedisStoreOptions,
} from './redis-store.ts';
export type { Entry, Lock, SharedStore, Store } from './store.ts';
export type { PurgeResult } from './tiers.ts';
