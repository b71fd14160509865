// Starts the items origin: environment → settings → partner client and cache → app → listener.
import {
  createCache,
  createMemoryStore,
  createRedisStore,
  registerCacheMetrics,
} from '@headgate/cache';
import { readSettings, runOrigin, type StartedOrigin } from '@headgate/origin';
import { createPartnerClient } from '@headgate/origin/client';
import { createItemsApp } from './app.ts';
import { createPartSource } from './parts.ts';
import { envNames, settingsSchema } from './settings.ts';

const settings = await readSettings({ name: 'items', schema: settingsSchema, envNames });

await runOrigin({ name: 'items', ...settings, start });

async function start(): Promise<StartedOrigin> {
  const memory = createMemoryStore({ maxSizeBytes: settings.cacheSizeBytes });
  const stores =
    settings.redisUrl === undefined
      ? [memory]
      : [memory, createRedisStore({ url: settings.redisUrl, prefix: 'items:' })];
  const cache = createCache({ stores });
  const partner = createPartnerClient({
    name: 'partner',
    upstreams: settings.partnerUrl,
    timeoutMs: settings.partnerTimeoutMs,
    maxConnections: settings.partnerConnections,
    maxQueue: settings.partnerQueue,
    ...(settings.cacheTtlMs > 0 && { cache: { cache, ttlMs: settings.cacheTtlMs } }),
  });

  const origin = createItemsApp({
    parts: createPartSource(partner),
    instance: settings.instance ?? `items:${settings.port}`,
    feedConcurrency: settings.feedConcurrency,
    extraLatencyMs: settings.extraLatencyMs,
    deadlineMs: settings.deadlineMs,
  });
  registerCacheMetrics(origin.registry, cache);
  return {
    origin,
    async onClosed() {
      await Promise.all([partner.close(), cache.close()]);
    },
  };
}
