/** How many workers there are, and when the supervisor replaces one without being asked to. */
import { duration, setting, size } from '@headgate/config';
import { z } from 'zod';
import { positiveDuration } from './config-duration.ts';

export const workers = setting(z.union([z.literal('auto'), z.int().min(1).max(256)]), {
  default: 1,
  unit: 'processes',
  reason: 'one process serves tens of thousands of requests a second; auto is one per core',
});

/** Workers say how they are once a second. */
const stuckAfter = duration().refine(
  (ms) => ms === 0 || ms >= 2_000,
  'expected at least 2s, or 0ms to turn it off',
);

/** When a worker is replaced without anybody asking for it. */
const recycling = z.strictObject({
  requests: z.int().min(1_000).optional(),
  age: positiveDuration.optional(),
  memory: size()
    .refine((bytes) => bytes >= 128 * 1_024 * 1_024, 'expected at least 128MiB')
    .optional(),
});

export const supervision = z.strictObject({
  readyTimeout: setting(positiveDuration, {
    default: '30s',
    unit: 'ms',
    reason: 'a start takes less than a second; a machine under load is forgiven much more',
  }),
  stuckAfter: setting(stuckAfter, {
    default: '10s',
    unit: 'ms',
    reason: 'nothing an edge does keeps its event loop for a second; 0ms turns it off',
  }),
  recycle: setting(recycling, {
    default: {},
    reason: 'workers do not wear out; this is for a leak nobody has found yet',
  }),
});
