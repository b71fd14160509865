// Owns the settings of the profiles origin and their environment variables.
import { duration, setting, size } from '@headgate/config';
import { listenEnvNames, listenSettings } from '@headgate/origin';
import { z } from 'zod';

const databaseUrl = z
  .string()
  .regex(
    /^postgres(ql)?:\/\//,
    'expected an address such as postgres://user:password@host:5432/name',
  );

/** Settings of the profiles origin. */
export const settingsSchema = z.strictObject({
  ...listenSettings(4004),
  deadlineMs: setting(duration(), {
    default: '5s',
    reason: 'what people wait for before they give up',
  }),
  databaseUrl,
  databaseReplicaUrls: z
    .string()
    .transform((text) => text.split(',').map((url) => url.trim()))
    .pipe(z.array(databaseUrl))
    .optional(),
  poolSize: setting(z.number().int().min(1).max(1000), {
    default: 5,
    reason: 'kept open by each process; a connection answers thousands of lookups a second',
  }),
  maxOverflow: setting(z.number().int().min(0).max(1000), {
    default: 10,
    reason: 'opened for a burst, closed after it',
  }),
  poolTimeoutMs: setting(duration(), {
    default: '2s',
    reason: 'whoever waits longer for a connection has no time left for the query',
  }),
  poolRecycleMs: setting(duration(), {
    default: '30m',
    reason: 'connections follow a database that has moved',
  }),
  maxLagMs: setting(duration(), {
    default: '1s',
    reason: 'lists may be a second old; a replica further behind is not asked',
  }),
  cacheTtlMs: setting(duration(), {
    default: '1m',
    reason: 'writes purge; this bounds what a purge that got lost can do',
  }),
  cacheSizeBytes: setting(size(), {
    default: '64MiB',
    reason: 'a hundred thousand profiles, small beside the process itself',
  }),
  redisUrl: z
    .string()
    .regex(/^(rediss?:\/\/|\/)/, 'expected redis://…, rediss://… or the path of a socket')
    .optional(),
  edgeAdminUrl: z
    .url({ protocol: /^https?$/, error: 'expected an address such as http://127.0.0.1:9090' })
    .optional(),
  adminToken: z.string().min(1).optional(),
});

/** Environment variables of the settings. */
export const envNames = {
  ...listenEnvNames,
  deadlineMs: 'DEADLINE',
  databaseUrl: 'DATABASE_URL',
  databaseReplicaUrls: 'DATABASE_REPLICA_URLS',
  poolSize: 'POOL_SIZE',
  maxOverflow: 'MAX_OVERFLOW',
  poolTimeoutMs: 'POOL_TIMEOUT',
  poolRecycleMs: 'POOL_RECYCLE',
  maxLagMs: 'MAX_LAG',
  cacheTtlMs: 'CACHE_TTL',
  cacheSizeBytes: 'CACHE_SIZE',
  redisUrl: 'REDIS_URL',
  edgeAdminUrl: 'EDGE_ADMIN_URL',
  adminToken: 'HEADGATE_ADMIN_TOKEN',
};
