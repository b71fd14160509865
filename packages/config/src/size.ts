// Sizes in settings: text with a binary unit in, bytes out.

import type { z } from 'zod';
import { formatQuantity, parseQuantity, quantity } from './quantity.ts';

const units = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/**
 * A setting that is an amount of memory or data: `512B`, `16KiB`, `10MiB` or `1GiB` in, bytes out.
 * `KB` and `MB` are refused, because people disagree by 2.4 to 7 % about what they mean.
 */
export function size(): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  return quantity({
    units,
    unit: 'bytes',
    expects: 'a size such as 512B, 16KiB or 10MiB',
    max: { value: 2 ** 20 * units.GiB, reason: 'more than any machine has' },
    hint: binaryUnit,
  });
}

/** `16KiB` → 16384; undefined when the text is not a size. */
export function parseSize(text: string): number | undefined {
  return parseQuantity(text, units);
}

/** 16384 → `16KiB`: whole bytes with the largest unit that divides them. */
export function formatSize(sizeBytes: number): string {
  return formatQuantity(sizeBytes, units);
}

function binaryUnit(text: string): string | undefined {
  const match = /^(\d+) ?([kmg])(i?b)?$/i.exec(text);
  return match ? `write ${match[1]}${match[2]?.toUpperCase()}iB` : undefined;
}
