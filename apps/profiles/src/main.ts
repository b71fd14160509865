// Starts the profiles origin: environment → settings → migrations → database and cache → app → listener.
import { fileURLToPath } from 'node:url';
import {
  createCache,
  createMemoryStore,
  createRedisStore,
  registerCacheMetrics,
} from '@headgate/cache';
import { createPurger, readSettings, runOrigin, type StartedOrigin } from '@headgate/origin';
import { createReplicatedDatabase, migrate } from '@headgate/origin/db';
import { createRegistry } from '@headgate/telemetry';
import { createProfilesApp } from './app.ts';
import { envNames, settingsSchema } from './settings.ts';

const settings = await readSettings({ name: 'profiles', schema: settingsSchema, envNames });
const migrations = fileURLToPath(new URL('../migrations', import.meta.url));

await runOrigin({ name: 'profiles', ...settings, start });

async function start(): Promise<StartedOrigin> {
  const { databaseUrl, databaseReplicaUrls, redisUrl, edgeAdminUrl, adminToken } = settings;
  const { poolSize, maxOverflow, poolTimeoutMs, poolRecycleMs, maxLagMs } = settings;
  const registry = createRegistry();
  const database = createReplicatedDatabase({
    primary: databaseUrl,
    replicas: databaseReplicaUrls ?? [],
    pool: { poolSize, maxOverflow, poolTimeoutMs, poolRecycleMs },
    maxLagMs,
    name: 'profiles',
    registry,
  });
  await migrate({ database, folder: migrations });
  const memory = createMemoryStore({ maxSizeBytes: settings.cacheSizeBytes });
  const stores =
    redisUrl === undefined
      ? [memory]
      : [memory, createRedisStore({ url: redisUrl, prefix: 'profiles:' })];
  const cache = createCache({ stores });
  const purger = edgeAdminUrl
    ? createPurger({ edges: [{ url: edgeAdminUrl, token: adminToken }], registry })
    : undefined;

  const { cacheTtlMs, deadlineMs } = settings;
  const origin = createProfilesApp({ database, cache, purger, registry, cacheTtlMs, deadlineMs });
  registerCacheMetrics(registry, cache);
  return {
    origin,
    async onClosed() {
      await Promise.all([purger?.close(), cache.close(), database.close()]);
    },
  };
}
