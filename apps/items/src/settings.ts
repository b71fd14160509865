// Owns the settings of the items origin and their environment variables.
import { duration, setting, size } from '@headgate/config';
import { listenEnvNames, listenSettings } from '@headgate/origin';
import { z } from 'zod';

const count = () => z.number().int().min(1).max(10_000);

/** Settings of the items origin. */
export const settingsSchema = z.strictObject({
  ...listenSettings(4001),
  instance: z.string().min(1).optional(),
  deadlineMs: setting(duration(), {
    default: '5s',
    reason: 'what people wait for before they give up',
  }),
  extraLatencyMs: setting(duration(), { default: '0ms', reason: 'an instance like the others' }),
  partnerUrl: setting(
    z.url({ protocol: /^https?$/, error: 'expected an address such as http://127.0.0.1:4100' }),
    {
      default: 'http://127.0.0.1:4100',
      reason: 'the stand-in partner of `pnpm dev`',
    },
  ),
  partnerTimeoutMs: setting(duration(), {
    default: '4500ms',
    reason: 'leaves time to answer with the other parts before a caller with our deadline gives up',
  }),
  partnerConnections: setting(count(), {
    default: 64,
    reason: 'enough for 3,000 calls a second at 20 ms each',
  }),
  partnerQueue: setting(count(), {
    default: 512,
    reason: 'five full feeds may wait; beyond that, waiting only makes answers late',
  }),
  feedConcurrency: setting(count(), {
    default: 16,
    reason: 'a quarter of the connections, so that one feed cannot take them all',
  }),
  cacheTtlMs: setting(duration(), {
    default: '30s',
    reason: 'posts change rarely, and half a minute late is not noticed; 0ms: nothing is kept',
  }),
  cacheSizeBytes: setting(size(), {
    default: '64MiB',
    reason: 'tens of thousands of items, small beside the process itself',
  }),
  redisUrl: z
    .string()
    .regex(/^(rediss?:\/\/|\/)/, 'expected redis://…, rediss://… or the path of a socket')
    .optional(),
});

/** Environment variables of the settings. */
export const envNames = {
  ...listenEnvNames,
  instance: 'INSTANCE',
  deadlineMs: 'DEADLINE',
  extraLatencyMs: 'ITEMS_EXTRA_LATENCY',
  partnerUrl: 'PARTNER_URL',
  partnerTimeoutMs: 'PARTNER_TIMEOUT',
  partnerConnections: 'PARTNER_CONNECTIONS',
  partnerQueue: 'PARTNER_QUEUE',
  feedConcurrency: 'FEED_CONCURRENCY',
  cacheTtlMs: 'CACHE_TTL',
  cacheSizeBytes: 'CACHE_SIZE',
  redisUrl: 'REDIS_URL',
};
