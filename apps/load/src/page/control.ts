/** Reads what the page asks a run to do. */
import { z } from 'zod';
import type { Control } from '../live-run.ts';

const controlSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('level'), level: z.number().nonnegative() }),
  z.strictObject({ kind: z.literal('scale'), scale: z.number().nonnegative() }),
  z.strictObject({ kind: z.literal('pause') }),
  z.strictObject({ kind: z.literal('resume') }),
  z.strictObject({ kind: z.literal('stop') }),
]);

/** Throws a TypeError, which says what is wrong, for anything but the JSON of a `Control`. */
export function parseControl(text: string): Control {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new TypeError('the body is no JSON', { cause: error });
  }
  const parsed = controlSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new TypeError(`not a control: ${z.prettifyError(parsed.error)}`);
}
