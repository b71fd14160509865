// Owns the settings of the partner and their environment variables.
import { setting } from '@headgate/config';
import { listenEnvNames, listenSettings } from '@headgate/origin';
import { z } from 'zod';
import { latencySchema, rateSchema } from './dial.ts';

/** Settings of the partner. */
export const settingsSchema = z.strictObject({
  ...listenSettings(4100),
  latency: setting(latencySchema, { default: '0ms', reason: 'as fast as it can, until dialled' }),
  errorRate: setting(rateSchema, { default: 0, reason: 'a partner that works, until dialled' }),
  stallRate: setting(rateSchema, { default: 0, reason: 'a partner that answers, until dialled' }),
  seed: setting(z.number().int().min(0), {
    default: 1,
    reason: 'the same sequence of chances in every run',
  }),
});

/** Environment variables of the settings. */
export const envNames = {
  ...listenEnvNames,
  latency: 'PARTNER_LATENCY',
  errorRate: 'PARTNER_ERROR_RATE',
  stallRate: 'PARTNER_STALL_RATE',
  seed: 'PARTNER_SEED',
};
