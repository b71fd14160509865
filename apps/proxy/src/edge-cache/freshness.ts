/** How long an answer is fresh, and how old it was when it came (RFC 9111 §4.2). */
import type { Fields } from '@headgate/http1';
import { fieldValue } from '../headers.ts';
import type { Directives } from './cache-control.ts';
import { parseHttpDate } from './http-date.ts';
import type { HeuristicFreshness } from './policy.ts';

/** When an answer came. */
export interface Arrival {
  /** Wall clock, in milliseconds. */
  readonly epochMs: number;
  /** Since the request was sent. */
  readonly delayMs: number;
}

/** RFC 9111 §1.2.2: a greater age is read as this. */
const MAX_SECONDS = 2 ** 31;
/** The first of a list; Age should have one member, and of more the first counts (RFC 9111 §5.1). */
const FIRST_SECONDS = /^(\d+)[ \t]*(?:,|$)/;

/** When the origin made the answer; where it does not say, when it came. */
export function dateOf(fields: Fields, at: Arrival): number {
  const date = fieldValue(fields, 'date');
  return (date === undefined ? undefined : parseHttpDate(date, at.epochMs)) ?? at.epochMs;
}

/** The corrected initial age, in milliseconds (RFC 9111 §4.2.3). */
export function initialAgeMs(fields: Fields, dateMs: number, at: Arrival): number {
  const said = FIRST_SECONDS.exec(fieldValue(fields, 'age') ?? '')?.[1] ?? '0';
  const ageValueMs = Math.min(Number(said), MAX_SECONDS) * 1_000;
  return Math.max(0, at.epochMs - dateMs, ageValueMs + at.delayMs);
}

/**
 * What the directives, and Expires where it counts, say about how long the answer is fresh, in
 * milliseconds; undefined when they do not say.
 */
export function explicitLifetimeMs(
  said: Directives,
  fields: Fields | undefined,
  dateMs: number,
  at: Arrival,
): number | undefined {
  return said.sharedMaxAgeMs ?? said.maxAgeMs ?? (fields && expiryMs(fields, dateMs, at));
}

/** A guess, for answers that do not say (RFC 9111 §4.2.2); 0 where there is nothing to go by. */
export function heuristicLifetimeMs(
  fields: Fields,
  dateMs: number,
  at: Arrival,
  { fraction, maxMs }: HeuristicFreshness,
): number {
  const lastModified = fieldValue(fields, 'last-modified');
  if (lastModified === undefined) return 0;
  const modifiedMs = parseHttpDate(lastModified, at.epochMs) ?? dateMs;
  return Math.min(maxMs, Math.max(0, (dateMs - modifiedMs) * fraction));
}

/** From several Expires the first to come; what is no date is over (RFC 9111 §5.3). */
function expiryMs(fields: Fields, dateMs: number, at: Arrival): number | undefined {
  let lifetimeMs: number | undefined;
  for (let i = fields.find('expires'); i >= 0; i = fields.find('expires', i + 1)) {
    const expiresMs = parseHttpDate(fields.value(i), at.epochMs) ?? dateMs;
    const leftMs = Math.max(0, expiresMs - dateMs);
    lifetimeMs = Math.min(lifetimeMs ?? leftMs, leftMs);
  }
  return lifetimeMs;
}
