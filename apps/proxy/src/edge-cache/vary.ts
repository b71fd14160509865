/** Vary: which request fields chose an answer (RFC 9110 §12.5.5). */
import type { Fields } from '@headgate/http1';
import { joinedField } from '../headers.ts';

const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/**
 * What the edge itself tells upstreams, for each request anew: what a client sent in these is not
 * what chose the answer.
 */
const TOLD_BY_THE_EDGE: ReadonlySet<string> = new Set([
  'forwarded',
  'headgate-deadline-ms',
  'headgate-priority',
  'traceparent',
  'via',
  'x-forwarded-for',
  'x-request-id',
]);

/** Told by the edge as well, and part of every key. */
const IN_EVERY_KEY: ReadonlySet<string> = new Set([
  'host',
  'x-forwarded-host',
  'x-forwarded-proto',
]);

const NONE: readonly string[] = [];

/** The names, lower-case and sorted; undefined when no other request can be known to match. */
export function varyNames(fields: Fields): readonly string[] | undefined {
  const value = joinedField(fields, 'vary');
  if (value === undefined) return NONE;
  const names = new Set<string>();
  for (const part of value.toLowerCase().split(',')) {
    const name = part.trim();
    if (name === '' || IN_EVERY_KEY.has(name)) continue;
    if (name === '*' || !FIELD_NAME.test(name) || TOLD_BY_THE_EDGE.has(name)) return undefined;
    names.add(name);
  }
  return [...names].sort();
}
