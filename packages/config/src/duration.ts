// Durations in settings: text with a unit in, milliseconds out.

import type { z } from 'zod';
import { formatQuantity, parseQuantity, quantity } from './quantity.ts';

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * A setting that is a length of time: `250ms`, `2s`, `1m` or `1h` in, milliseconds out. A plain
 * number is refused, for its unit would be a guess; so is anything a Node timer cannot wait for
 * (a delay over 2^31-1 ms fires at once).
 */
export function duration(): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  return quantity({
    units,
    unit: 'ms',
    expects: 'a duration such as 250ms, 2s or 1m',
    max: { value: 596 * units.h, reason: 'the longest wait of a timer' },
  });
}

/** `2s` → 2000; undefined when the text is not a duration. */
export function parseDuration(text: string): number | undefined {
  return parseQuantity(text, units);
}

/** 2000 → `2s`: whole milliseconds with the largest unit that divides them. */
export function formatDuration(durationMs: number): string {
  return formatQuantity(durationMs, units);
}
