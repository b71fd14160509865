/** What the header fields say about framing, connection and host, learned in one pass. */
import { CR, HTAB } from './char-class.ts';
import { ConnectionOptions } from './connection-options.ts';
import {
  CONNECTION,
  CONTENT_LENGTH,
  EXPECT,
  fieldKind,
  HOST,
  ORDINARY,
  TRANSFER_ENCODING,
  UPGRADE,
} from './field-kind.ts';
import type { FieldTable } from './fields.ts';
import { equalsLower } from './name-set.ts';
import { refuse } from './refusal.ts';

const ZERO = 0x30;
const MAX_LENGTH_DIGITS = 16;
const CODING = /^[ \t]*[!#$%&'*+\-.^_`|~0-9a-z]+[ \t]*$/;

/** The facts of one head; field numbers are -1 where there is no such field. */
export class HeaderFacts {
  /** -1 when there is no Content-Length. */
  contentLength = -1;
  isChunked = false;
  host = -1;
  upgrade = -1;
  expectsContinue = false;
  readonly connection = new ConnectionOptions();

  /** Learns from a sealed table and gives each field its kind. Throws a Refusal. */
  learn(table: FieldTable, minorVersion: number): void {
    this.contentLength = -1;
    this.isChunked = false;
    this.host = -1;
    this.upgrade = -1;
    this.expectsContinue = false;
    this.connection.reset();
    for (let i = 0; i < table.count; i++) {
      const kind = fieldKind(table.text, table.nameStart(i), table.nameEnd(i));
      if (kind === ORDINARY) continue;
      table.setKind(i, kind);
      this.#take(table, i, kind);
    }
    if (this.isChunked && minorVersion === 0) refuse('transfer-encoding-in-http-1-0');
    if (this.isChunked && this.contentLength >= 0) refuse('length-and-coding');
    this.connection.markNamed(table);
  }

  #take(table: FieldTable, i: number, kind: number): void {
    const { text } = table;
    const start = table.valueStart(i);
    const end = table.valueEnd(i);
    if (kind === CONTENT_LENGTH) {
      if (this.contentLength >= 0) refuse('repeated-content-length');
      if (hasTab(table, i)) refuse('invalid-content-length');
      this.contentLength = parseContentLength(text, start, end);
    } else if (kind === TRANSFER_ENCODING) {
      if (this.isChunked) refuse('repeated-transfer-encoding');
      if (hasTab(table, i)) refuse('invalid-transfer-encoding');
      if (!equalsLower(text, start, end, 'chunked')) refuseCoding(text.slice(start, end));
      this.isChunked = true;
    } else if (kind === HOST) {
      if (this.host >= 0) refuse('repeated-host');
      this.host = i;
    } else if (kind === CONNECTION) {
      this.connection.take(text, start, end);
    } else if (kind === UPGRADE) {
      if (this.upgrade < 0) this.upgrade = i;
    } else if (kind === EXPECT) {
      this.expectsContinue ||= equalsLower(text, start, end, '100-continue');
    }
  }
}

/**
 * Whether a tab stands in or around the value. RFC 9110 §5.5 takes it for a space; parsers that do
 * not, llhttp among them, read `chunked` and a tab as another coding, and so another framing.
 */
function hasTab(table: FieldTable, i: number): boolean {
  const { text } = table;
  for (let at = table.nameEnd(i) + 1; at < table.valueStart(i); at++) {
    if (text.charCodeAt(at) === HTAB) return true;
  }
  for (let at = table.valueEnd(i); text.charCodeAt(at) !== CR; at++) {
    if (text.charCodeAt(at) === HTAB) return true;
  }
  return false;
}

/** Digits only; a list, even of equal numbers, is refused (RFC 9112 §6.3 leaves the choice). */
function parseContentLength(text: string, start: number, end: number): number {
  if (end === start || end - start > MAX_LENGTH_DIGITS) refuse('invalid-content-length');
  let length = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) refuse('invalid-content-length');
    length = length * 10 + digit;
  }
  if (length > Number.MAX_SAFE_INTEGER) refuse('invalid-content-length');
  return length;
}

/** A well-formed list that ends in its only `chunked` is merely unknown here (RFC 9112 §6.1). */
function refuseCoding(value: string): never {
  const codings = value.toLowerCase().split(',');
  const isUnknown =
    !value.includes('\t') &&
    codings.every((coding) => CODING.test(coding)) &&
    codings.findIndex((coding) => coding.trim() === 'chunked') === codings.length - 1;
  return refuse(isUnknown ? 'unsupported-transfer-coding' : 'invalid-transfer-encoding');
}
