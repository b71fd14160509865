// Owns how query parameters are read: every one within stated bounds.
import { parseDuration } from '@headgate/config';
import { z } from '@headgate/origin';

/** Bounds of one query parameter, and its value when it is absent. */
export interface Bounds {
  min: number;
  max: number;
  default: number;
}

/** A whole number of at most 15 digits. */
export function wholeNumber(bounds: Bounds) {
  const { min, max } = bounds;
  return bounded(bounds, parseWholeNumber, `a whole number from ${min} to ${max}`);
}

/** A time in milliseconds: `20ms`, `2s`, or a bare number of milliseconds. */
export function milliseconds(bounds: Bounds) {
  const parse = (text: string) => parseDuration(text) ?? parseWholeNumber(text);
  return bounded(bounds, parse, `a time from ${bounds.min}ms to ${bounds.max}ms`);
}

function bounded(bounds: Bounds, parse: (text: string) => number | undefined, expected: string) {
  const { min, max } = bounds;
  return z
    .string()
    .transform((text, context) => {
      const value = parse(text);
      if (value !== undefined && value >= min && value <= max) return value;
      const message = `must be ${expected}, not ${JSON.stringify(text)}`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .default(bounds.default)
    .openapi({ type: 'string', description: `${expected}; ${bounds.default} if left out` });
}

function parseWholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
