/**
 * A process of an application with a cache in memory and Redis. Run as `REDIS_URL TIMEOUT_MS`, where
 * nothing waits longer for Redis; it says `ready`, and answers each order with its report.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createCache, createMemoryStore, createRedisStore, type Purge } from '@headgate/cache';

/** What the process is to do; each has an answer. */
export type CacheOrder =
  | ({ readonly kind: 'stampede' } & Stampede)
  /** Answered with the value in memory, or null. */
  | { readonly kind: 'peek'; readonly key: string }
  /** Answered with how far that has come. */
  | { readonly kind: 'purge'; readonly purge: Purge };

/** Many calls for one key, all made before the first is answered. */
export interface Stampede {
  readonly key: string;
  readonly calls: number;
  /** How long the loader takes. */
  readonly loadMs: number;
  /** One load for all processes together. */
  readonly isShared: boolean;
  readonly tags?: readonly string[];
}

/** What came of a stampede. */
export interface StampedeReport {
  /** How often this process ran the loader. */
  readonly loads: number;
  readonly values: readonly string[];
  /** Until the last call was answered. */
  readonly durationMs: number;
  readonly errors: readonly string[];
}

const [url = '', timeoutMs = ''] = process.argv.slice(2);
const redis = createRedisStore({ url, prefix: 'stampede:', commandTimeoutMs: Number(timeoutMs) });
const cache = createCache({
  stores: [createMemoryStore({ maxSizeBytes: 1e6 }), redis],
  storeTimeoutMs: Number(timeoutMs),
  defaults: { ttlMs: 600_000, lockWaitMs: Number(timeoutMs) },
});

async function stampede({
  key,
  calls,
  loadMs,
  isShared,
  tags = [],
}: Stampede): Promise<StampedeReport> {
  let loads = 0;
  const load = async () => {
    loads += 1;
    await sleep(loadMs);
    return `${process.pid}, load ${loads}`;
  };
  const startedAtMs = performance.now();
  const answers = Array.from({ length: calls }, () =>
    cache.getOrSet(key, load, { isShared, tags }),
  );
  const settled = await Promise.allSettled(answers);
  const values = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const errors = settled.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
  return {
    loads,
    values: [...new Set(values)],
    durationMs: performance.now() - startedAtMs,
    errors: [...new Set(errors)],
  };
}

async function carryOut(order: CacheOrder): Promise<unknown> {
  if (order.kind === 'stampede') return stampede(order);
  if (order.kind === 'purge') return cache.purge(order.purge);
  return cache.peek(order.key) ?? null;
}

process.on('message', (order: CacheOrder) => {
  void carryOut(order).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => void cache.close());

// Until it has read what was purged it keeps nothing, and who starts together would load together.
while (!redis.status().isInStep) await sleep(5);
process.send?.('ready');
