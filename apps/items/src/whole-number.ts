// Owns how numbers in paths and queries are written: decimal digits, and nothing else.
import { z } from '@headgate/origin';

/** A whole number from 1 to `max`, in at most ten digits. */
export function wholeNumber(max: number) {
  return z
    .string()
    .regex(/^\d{1,10}$/, `must be a whole number from 1 to ${max}`)
    .transform(Number)
    .pipe(z.int().min(1).max(max));
}
