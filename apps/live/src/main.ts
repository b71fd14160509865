// Starts the live origin: environment → settings → app → listener.
import { readSettings, runOrigin } from '@headgate/origin';
import { createLiveApp } from './app.ts';
import { envNames, settingsSchema } from './settings.ts';

const settings = await readSettings({ name: 'live', schema: settingsSchema, envNames });

await runOrigin({
  name: 'live',
  ...settings,
  start: async () => ({ origin: createLiveApp(settings) }),
});
