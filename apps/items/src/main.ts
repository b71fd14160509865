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
  const partner = createPartnerClient({
    name: 'partner',
    baseUrl: settings.partnerUrl,
    timeoutMs: settings.partnerTimeoutMs,
    maxConnections: settings.partnerConnections,
    maxInFlight: settings.partnerConnections,
    maxQueue: settings.partnerQueue,
  });
  const memory = createMemoryStore({ maxSizeBytes: settings.cacheSizeBytes });
  const stores =
    settings.redisUrl === undefined
      ? [memory]
      : [memory, createRedisStore({ url: settings.redisUrl, prefix: 'items:' })];
  const cache = createCache({ stores });

  const origin = createItemsApp({
    parts: createPartSource({ partner, cache, ttlMs: settings.cacheTtlMs }),
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
