// Owns how an app reads its settings: from the environment only, all problems at once.
import { duration, formatProblems, loadConfig, setting } from '@headgate/config';
import { z } from 'zod';

/** Where an app's settings come from. */
export interface SettingsOptions<T extends z.ZodType> {
  /** Names the app in front of problems. */
  name: string;
  schema: T;
  /** Environment variable of each setting, by path: `{ port: 'PORT' }`. */
  envNames: Record<string, string>;
}

/** The settings of this process. Prints every problem and exits 1 when there are any. */
export async function readSettings<T extends z.ZodType>(
  options: SettingsOptions<T>,
): Promise<z.output<T>> {
  const { name, schema, envNames } = options;
  const loaded = await loadConfig({ schema, env: process.env, envNames });
  if (loaded.ok) return loaded.config;
  console.error(`${name} cannot start:\n${formatProblems(loaded.problems)}`);
  process.exit(1);
}

/** The settings every app has: where it listens and how long it may take to leave. */
export function listenSettings(port: number) {
  return {
    hostname: setting(z.string().min(1), {
      default: '127.0.0.1',
      reason: 'reachable from this machine only, until told otherwise',
    }),
    port: setting(z.number().int().min(0).max(65_535), {
      default: port,
      reason: 'where the proxy of `pnpm dev` looks for it',
    }),
    drainTimeoutMs: setting(duration(), {
      default: '10s',
      reason: 'twice the deadline of a request',
    }),
  };
}

/** Environment variables of {@link listenSettings}. */
export const listenEnvNames = {
  hostname: 'HOST',
  port: 'PORT',
  drainTimeoutMs: 'DRAIN_TIMEOUT',
};
