/**
 * A process of an application with a cache in memory and Redis. Run as `REDIS_URL TIMEOUT_MS`, where
 * nothing waits longer for Redis; it says `ready`, and answers each order with its report.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createCache, createMemoryStore, createRedisStore } from '@headgate/cache';

/** Many calls for one key, all made before the first is answered. */
export interface Stampede {
  readonly key: string;
  readonly calls: number;
  /** How long the loader takes. */
  readonly loadMs: number;
  /** One load for all processes together. */
  readonly isShared: boolean;
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
  defaults: { ttlMs: 600_000 },
});

async function stampede({ key, calls, loadMs, isShared }: Stampede): Promise<StampedeReport> {
  let loads = 0;
  const load = async () => {
    loads += 1;
    await sleep(loadMs);
    return `${process.pid}, load ${loads}`;
  };
  const startedAtMs = performance.now();
  const answers = Array.from({ length: calls }, () => cache.getOrSet(key, load, { isShared }));
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

process.on('message', (order: Stampede) => {
  void stampede(order).then((report) => process.send?.(report));
});
process.on('disconnect', () => void cache.close());

// Until it has read what was purged it keeps nothing, and who starts together would load together.
while (!redis.status().isInStep) await sleep(5);
process.send?.('ready');
