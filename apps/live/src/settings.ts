// Owns the settings of the live origin and their environment variables.
import { setting, size } from '@headgate/config';
import { listenEnvNames, listenSettings } from '@headgate/origin';
import { z } from 'zod';

/** Settings of the live origin. */
export const settingsSchema = z.strictObject({
  ...listenSettings(4003),
  maxMessageBytes: setting(size(), {
    default: '1MiB',
    reason: 'a message is held in memory whole',
  }),
  maxBacklogBytes: setting(size(), {
    default: '1MiB',
    reason: 'one largest message may wait; a thousand slow readers then hold 1 GiB at most',
  }),
});

/** Environment variables of the settings. */
export const envNames = {
  ...listenEnvNames,
  maxMessageBytes: 'WEBSOCKET_MAX_MESSAGE',
  maxBacklogBytes: 'WEBSOCKET_MAX_BACKLOG',
};
