// Owns how values cross between TypeScript and PostgreSQL, in both directions.
import pg from 'pg';
import type { SqlValue } from './queryable.ts';

/** A parameter as it goes onto the wire: text, bytes, or NULL. */
export type WireValue = string | Buffer | null;

/** Reads a column's text. */
export type ReadValue = (text: string) => unknown;

/** What `value` is on the wire. Dates become instants in UTC, objects JSON. */
export function toWire(value: SqlValue | undefined): WireValue {
  switch (typeof value) {
    case 'string':
      return value;
    case 'object':
      return value === null ? null : objectToWire(value);
    case 'undefined':
      return null;
    default:
      return String(value);
  }
}

function objectToWire(value: object): WireValue {
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return toArrayText(value);
  return JSON.stringify(value);
}

function toArrayText(values: readonly SqlValue[]): string {
  let text = '{';
  for (let i = 0; i < values.length; i++) {
    if (i > 0) text += ',';
    text += toElementText(values[i]);
  }
  return `${text}}`;
}

function toElementText(value: SqlValue | undefined): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return toArrayText(value);
  const wire = toWire(value);
  if (wire === null) return 'NULL';
  const text = typeof wire === 'string' ? wire : `\\x${wire.toString('hex')}`;
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

const keep: ReadValue = (text) => text;

/** Loses no digit: what a number cannot hold is a bigint. */
function readInteger(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/** A time without a zone is taken as UTC, as `toWire` writes it. */
function readTimestamp(text: string): unknown {
  return readInstantInZone(/^[\d-]+ [\d:.]+$/.test(text) ? `${text}+00` : text);
}

/** The driver's own readers; its types list fewer numbers than it has. */
const driverReader = pg.types.getTypeParser as (oid: number) => ReadValue;
const readInstant = driverReader(1184);
const readTexts = driverReader(1009) as (text: string) => unknown[];

const DIGIT_0 = 48;

/** The number that `length` digits from `at` on are; NaN when there is anything else. */
function digits(text: string, at: number, length: number): number {
  let number = 0;
  for (let i = at; i < at + length; i++) {
    const digit = text.charCodeAt(i) - DIGIT_0;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    number = number * 10 + digit;
  }
  return number;
}

/**
 * An instant as the server writes it in UTC, `2026-11-22 03:09:43.148+00`, without the regular
 * expressions of the driver, which took a tenth of the time of a page of rows. Anything else, such as
 * another zone or a year before Christ, is the driver's.
 */
function readInstantInZone(text: string): unknown {
  const end = text.length - 3;
  if (end < 19 || text.charCodeAt(4) !== 45 || !text.endsWith('+00')) return readInstant(text);
  const fractionLength = end > 19 ? end - 20 : 0;
  const fraction = fractionLength > 0 ? digits(text, 20, fractionLength) : 0;
  const instantMs =
    Date.UTC(
      digits(text, 0, 4),
      digits(text, 5, 2) - 1,
      digits(text, 8, 2),
      digits(text, 11, 2),
      digits(text, 14, 2),
      digits(text, 17, 2),
    ) + Math.floor((fraction * 1_000) / 10 ** fractionLength);
  return Number.isNaN(instantMs) || text.startsWith('00') ? readInstant(text) : new Date(instantMs);
}

/** An array of any depth whose elements are read by `read`. */
function readArrayOf(read: ReadValue): ReadValue {
  const each = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(each);
    return value === null ? null : read(String(value));
  };
  return (text) => readTexts(text).map(each);
}

/** By the number of the type; the others are read as the driver does. */
const READERS: ReadonlyMap<number, ReadValue> = new Map([
  [20, readInteger],
  [1016, readArrayOf(readInteger)],
  [1114, readTimestamp],
  [1115, readArrayOf(readTimestamp)],
  [1184, readInstantInZone],
  // A day is no instant: as one it would move with the time zone of this machine.
  [1082, keep],
  [1182, readArrayOf(keep)],
]);

/** How the text of type `oid` is read. */
export function readerOf(oid: number): ReadValue {
  return READERS.get(oid) ?? driverReader(oid);
}
