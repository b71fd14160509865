// Starts the stand-in partner: environment → settings → app → listener.
import { readSettings, runOrigin } from '@headgate/origin';
import { createPartnerApp } from './app.ts';
import { createDial } from './dial.ts';
import { createRandom } from './random.ts';
import { envNames, settingsSchema } from './settings.ts';

const settings = await readSettings({ name: 'partner', schema: settingsSchema, envNames });

await runOrigin({
  name: 'partner',
  ...settings,
  async start() {
    const { latency, errorRate, stallRate, seed } = settings;
    const dial = createDial({ latency, errorRate, stallRate, paths: {} });
    return { origin: createPartnerApp({ dial, random: createRandom(seed) }) };
  },
});
