// What a setting knows about itself beyond its type: its default, why, its unit, who may see it.

import { z } from 'zod';

/** Facts a schema carries in zod's metadata (`schema.meta({ … })`) that this package reads. */
export interface SettingMeta {
  /** Completes "expected …" in problems, in place of words made from the type. */
  readonly expects?: string;
  /** Why the default is what it is. */
  readonly reason?: string;
  /** True when the value must not be printed; a function gives what may be printed of it. */
  readonly secret?: boolean | ((value: unknown) => unknown);
  /** What the resolved number counts: `ms`, `bytes`, `requests`. */
  readonly unit?: string;
}

/**
 * Gives `schema` its default, in the form a file would have it (`'2s'`, not 2000), and the reason
 * for it. This is the one place a default is written. Durations and sizes know their unit.
 */
export function setting<S extends z.ZodType>(
  schema: S,
  about: { default: NonNullable<z.input<S>>; unit?: string; reason: string },
): z.ZodPrefault<S> {
  const { default: value, ...meta } = about;
  return z.prefault(schema, value).meta(meta);
}

/** What was said about `schema` itself with `meta()`; wrappers and inner schemas are not asked. */
export function settingMeta(schema: z.core.$ZodType): SettingMeta {
  const { expects, reason, secret, unit } = z.globalRegistry.get(schema) ?? {};
  return {
    ...(typeof expects === 'string' && { expects }),
    ...(typeof reason === 'string' && { reason }),
    ...(isSecrecy(secret) && { secret }),
    ...(typeof unit === 'string' && { unit }),
  };
}

function isSecrecy(secret: unknown): secret is NonNullable<SettingMeta['secret']> {
  return typeof secret === 'boolean' || typeof secret === 'function';
}
