// Owns the settings of the hello origin and their environment variables.
import { duration, setting } from '@headgate/config';
import { listenEnvNames, listenSettings } from '@headgate/origin';
import { z } from 'zod';

/** Settings of the hello origin. */
export const settingsSchema = z.strictObject({
  ...listenSettings(4005),
  greeting: setting(z.string().min(1).max(40), {
    default: 'good day',
    reason: 'what people say to each other',
  }),
  deadlineMs: setting(duration(), {
    default: '5s',
    reason: 'what people wait for before they give up',
  }),
});

/** Environment variables of the settings. */
export const envNames = {
  ...listenEnvNames,
  greeting: 'GREETING',
  deadlineMs: 'DEADLINE',
};
