// Turns text from the environment into the number or boolean a setting wants.

import { alternatives, definition, type Schema } from './schema.ts';

/**
 * `text` as the kind of value `schemas` (those that may apply at one place) accept. Text that they
 * take as it is, or that reads as nothing they accept, comes back unchanged: then validation says
 * what is wrong with it.
 */
export function coerceText(text: string, schemas: readonly Schema[]): unknown {
  const options = schemas.flatMap(alternatives);
  const accepts = (type: string) => options.some((option) => definition(option).type === type);
  if (accepts('string') || options.some((option) => option._zod.values?.has(text))) return text;
  if (accepts('number') && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (accepts('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  const literal = options.flatMap((option) => [...(option._zod.values ?? [])]);
  return literal.find((value) => typeof value !== 'symbol' && String(value) === text) ?? text;
}
