// Starts the hello origin: environment → settings → app → listener.
import { readSettings, runOrigin } from '@headgate/origin';
import { createHelloApp } from './app.ts';
import { envNames, settingsSchema } from './settings.ts';

const settings = await readSettings({ name: 'hello', schema: settingsSchema, envNames });

await runOrigin({
  name: 'hello',
  ...settings,
  start: async () => ({ origin: createHelloApp(settings) }),
});
