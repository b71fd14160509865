/** The edge's cache as it is configured, with the tier behind it. */
import { bytesCodec, createRedisStore } from '@headgate/cache';
import type { CacheConfig } from '../config.ts';
import { redisPlaceOf } from '../config-redis.ts';
import { EdgeCache, type EdgeCacheDeps } from './edge-cache.ts';

/** What a key, its tags and its terms take beside the bytes of an answer. */
const FRAME_BYTES = 256 * 1024;

export function openCache({ memory, redis }: CacheConfig, deps: EdgeCacheDeps): EdgeCache {
  const store =
    redis &&
    createRedisStore({
      ...redisPlaceOf(redis),
      prefix: redis.prefix,
      codec: bytesCodec,
      commandTimeoutMs: redis.commandTimeout,
      maxValueBytes: redis.maxEntrySize + FRAME_BYTES,
      now: deps.now,
    });
  const settings = { maxSizeBytes: memory, store, maxEntryBytes: redis?.maxEntrySize ?? 0 };
  return new EdgeCache(settings, deps);
}
