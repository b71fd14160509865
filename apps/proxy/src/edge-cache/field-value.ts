/**
 * Values of request fields that mean the same, made the same (RFC 9111 §4.1). What an answer is kept
 * for must also be what its origin was asked: `isNegotiated` fields are sent on as they are keyed.
 */
import type { Fields } from '@headgate/http1';
import { joinedField } from '../headers.ts';

/** Codings an origin may choose between; with what else a client takes nothing is done. */
const CODINGS: readonly string[] = ['gzip', 'br', 'zstd', 'deflate'];

/** Commas and the spaces around them belong to the value, and several lines are no list. */
const NOT_LISTS: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'date',
  'from',
  'origin',
  'referer',
  'user-agent',
]);

/** A part of a list; a quoted string in it may have commas, and one not closed goes on to the end. */
const MEMBER = /(?:"(?:[^"\\]|\\.)*(?:"|\\?$)|[^,"])+/g;
const Q_VALUE = /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/** Whether more of this field (lower-case name) is made the same than the spaces in it. */
export function isNegotiated(name: string): boolean {
  return name === 'accept-encoding' || name === 'accept-language';
}

/**
 * What a request has in the fields of this name (lower-case), the same for all that mean the same;
 * undefined when it has none. Has no line feed.
 */
export function normalField(name: string, fields: Fields): string | undefined {
  if (NOT_LISTS.has(name)) return linesOf(name, fields);
  const value = joinedField(fields, name);
  if (value === undefined) return undefined;
  if (name === 'accept-encoding') return normalCodings(value);
  if (name === 'accept-language') return normalLanguages(value);
  return value.includes(',') ? members(value).join(',') : value;
}

/** No value has the character that is put between them. */
function linesOf(name: string, fields: Fields): string | undefined {
  let lines: string | undefined;
  for (let at = fields.find(name); at >= 0; at = fields.find(name, at + 1)) {
    lines = lines === undefined ? fields.value(at) : `${lines}\r${fields.value(at)}`;
  }
  return lines;
}

interface Weighted {
  readonly item: string;
  /** From 0, not acceptable, to 1. */
  readonly weight: number;
}

/** What the client can read; its preferences among that are not told apart. */
function normalCodings(value: string): string {
  const said = new Map<string, number>();
  for (const { item, weight } of weighted(value)) said.set(item, weight);
  const ofOthers = said.get('*');
  const codings = CODINGS.filter((coding) => (said.get(coding) ?? ofOthers ?? 0) > 0);
  // RFC 9110 §12.5.3: what has no coding is acceptable unless it is ruled out.
  if ((said.get('identity') ?? ofOthers) === 0) return [...codings, 'identity;q=0'].join(',');
  return codings.length === 0 ? 'identity' : codings.join(',');
}

/** By preference; those that are preferred equally, by name. */
function normalLanguages(value: string): string {
  // No language has a quote, and in another order one might be closed where it was not.
  if (value.includes('"')) return members(value).join(',');
  return weighted(value)
    .sort((a, b) => b.weight - a.weight || compared(a.item, b.item))
    .map(({ item, weight }) => (weight === 1 ? item : `${item};q=${weight}`))
    .join(',');
}

function weighted(value: string): Weighted[] {
  return members(value.toLowerCase()).map((member) => {
    const [item = '', weight, ...more] = member.split(';').map((part) => part.trim());
    if (weight === undefined) return { item, weight: 1 };
    // What is not understood is told apart from everything else.
    if (more.length > 0 || !Q_VALUE.test(weight)) return { item: member, weight: 1 };
    return { item, weight: Number(weight.slice(2)) };
  });
}

function members(value: string): string[] {
  return (value.match(MEMBER) ?? [])
    .map((member) => member.trim())
    .filter((member) => member !== '');
}

function compared(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
