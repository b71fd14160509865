/** Heads and chunk framing to send. What could be read in two ways is not written: it throws. */
import { TOKEN } from './char-class.ts';
import type { FieldLines } from './fields.ts';

/** How the body that follows is delimited: its size in bytes, chunks, or nothing said. */
export type BodyFraming = number | 'chunked' | 'none';

const FRAMING_NAME = /^(content-length|transfer-encoding)$/i;
/** As VALUE in `char-class.ts`; in a string just put together, twice as fast as the table. */
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const TARGET = /^[\x21-\x7e]+$/;

/**
 * The head of a request; `lines` come from `fieldLine` and `endToEnd` and hold Host. Throws a
 * TypeError for a method or target that would not be read as one.
 */
export function writeRequestHead(
  method: string,
  target: string,
  framing: BodyFraming,
  ...lines: readonly FieldLines[]
): string {
  if (!isToken(method)) throw unwritable('method', method);
  if (!TARGET.test(target)) throw unwritable('request target', target);
  return `${method} ${target} HTTP/1.1\r\n${joined(lines)}${framingLine(framing)}\r\n`;
}

/**
 * The head of a response; `lines` come from `fieldLine` and `endToEnd`. Throws a TypeError for an
 * impossible status or reason, and for a body where the status has none (RFC 9112 §6.3).
 */
export function writeResponseHead(
  status: number,
  reason: string,
  framing: BodyFraming,
  ...lines: readonly FieldLines[]
): string {
  if (!Number.isInteger(status) || status < 100 || status > 599) {
    throw unwritable('status', String(status));
  }
  if (!isValue(reason)) throw unwritable('reason', reason);
  if (framing !== 'none' && (status < 200 || status === 204)) {
    throw new TypeError(`a ${status} response has no body: its framing is 'none', not ${framing}`);
  }
  return `HTTP/1.1 ${status} ${reason}\r\n${joined(lines)}${framingLine(framing)}\r\n`;
}

/**
 * One header or trailer line. Throws a TypeError for a name or value that would not be read as
 * one, characters above U+00FF included, and for the framing fields: heads write those themselves.
 */
export function fieldLine(name: string, value: string): FieldLines {
  if (!isToken(name)) throw unwritable('field name', name);
  if (FRAMING_NAME.test(name)) throw new TypeError(`${name} is written from the framing of a head`);
  if (!isValue(value)) throw unwritable(`value of ${name}`, value);
  return `${name}: ${value}\r\n` as FieldLines;
}

/** What goes before the data of a chunk of `sizeBytes`, 1 or more; CR LF goes after it. */
export function chunkPrefix(sizeBytes: number): string {
  // A size of 0 would end the body.
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 1) {
    throw unwritable('chunk size', String(sizeBytes));
  }
  return `${sizeBytes.toString(16)}\r\n`;
}

/** The end of a chunked body, with its trailer lines. */
export function lastChunk(...trailers: readonly FieldLines[]): string {
  return `0\r\n${joined(trailers)}\r\n`;
}

function joined(lines: readonly FieldLines[]): string {
  let text = '';
  for (const line of lines) text += line;
  return text;
}

function framingLine(framing: BodyFraming): string {
  if (framing === 'none') return '';
  if (framing === 'chunked') return 'transfer-encoding: chunked\r\n';
  if (!Number.isSafeInteger(framing) || framing < 0) {
    throw unwritable('content length', String(framing));
  }
  return `content-length: ${framing}\r\n`;
}

function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (TOKEN[text.charCodeAt(i)] !== 1) return false;
  return text.length > 0;
}

function isValue(text: string): boolean {
  return !NOT_IN_VALUE.test(text);
}

function unwritable(what: string, text: string): TypeError {
  return new TypeError(`refused to write the ${what} ${JSON.stringify(text)}`);
}
