// Text with a unit ("2s", "16KiB"): the one grammar behind durations and sizes.

import { z } from 'zod';

/** Unit suffix → how many base units it stands for, smallest first. */
export type Units = Readonly<Record<string, number>>;

/** What one kind of quantity accepts and how it explains itself. */
export interface Quantity {
  /** Suffixes, smallest first; the first is the base unit. */
  readonly units: Units;
  /** The base unit's name as metadata: what the parsed number counts. */
  readonly unit: string;
  /** Completes "expected …": `a duration such as 250ms, 2s or 1m`. */
  readonly expects: string;
  /** The largest value accepted, in base units, and why. */
  readonly max: { readonly value: number; readonly reason: string };
  /** A remark for text that is nearly right, such as `write 16KiB`. */
  hint?(text: string): string | undefined;
}

/** Reads `text` as a whole number and a unit; undefined when it is anything else. */
export function parseQuantity(text: string, units: Units): number | undefined {
  const match = /^(\d+)([a-z]+)$/i.exec(text);
  const suffix = match?.[2] ?? '';
  const factor = Object.hasOwn(units, suffix) ? units[suffix] : undefined;
  return factor === undefined ? undefined : Number(match?.[1]) * factor;
}

/** Writes `value` (whole base units) with the largest unit that divides it: 2000 → `2s`. */
export function formatQuantity(value: number, units: Units): string {
  const entries = Object.entries(units);
  const fitting = entries.findLast(([, factor]) => value !== 0 && value % factor === 0);
  const [suffix, factor] = fitting ?? entries[0] ?? ['', 1];
  return `${value / factor}${suffix}`;
}

/** A schema from text with a unit to a number of base units. */
export function quantity(kind: Quantity): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  const refuse = (got: string, hint?: string) =>
    `expected ${kind.expects}, got ${got}${hint === undefined ? '' : ` (${hint})`}`;
  return z
    .string({
      error: ({ input }) =>
        typeof input === 'number' ? refuse(String(input), 'add a unit') : undefined,
    })
    .meta({ expects: kind.expects, unit: kind.unit })
    .transform((text, context) => {
      const value = parseQuantity(text, kind.units);
      const got = JSON.stringify(text);
      if (value === undefined) {
        const hint = /^\d+$/.test(text) ? 'add a unit' : kind.hint?.(text);
        context.addIssue({ code: 'custom', message: refuse(got, hint) });
        return z.NEVER;
      }
      if (value > kind.max.value) {
        const most = formatQuantity(kind.max.value, kind.units);
        const message = `expected at most ${most} (${kind.max.reason}), got ${got}`;
        context.addIssue({ code: 'custom', message });
        return z.NEVER;
      }
      return value;
    });
}
