// Owns how an app reads its settings: from the environment only, all problems at once.
import { duration, formatProblems, loadConfig, setting, size } from '@headgate/config';
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

/** The settings every app has: where it listens, with how many processes, and how those end. */
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
    workers: setting(
      z.union([z.literal('auto'), z.number().int().min(0).max(1024)], {
        error: 'expected auto, or a whole number from 0 to 1024',
      }),
      { default: 0, reason: 'one process, as containers want it' },
    ),
    maxRequests: z.number().int().min(1).optional(),
    maxAgeMs: duration().optional(),
    maxMemoryBytes: size().optional(),
  };
}

/** Environment variables of {@link listenSettings}. */
export const listenEnvNames = {
  hostname: 'HOST',
  port: 'PORT',
  drainTimeoutMs: 'DRAIN_TIMEOUT',
  workers: 'WORKERS',
  maxRequests: 'MAX_REQUESTS',
  maxAgeMs: 'MAX_AGE',
  maxMemoryBytes: 'MAX_MEMORY',
};
