/** What is kept, as bytes: a head in JSON, its length before it, and the body after it. */
import type { FieldLines } from '@headgate/http1';
import type { StoredAnswer } from './entry.ts';
import type { Terms } from './judge-answer.ts';
import { withoutTags } from './tags.ts';

export type Kept =
  | Omit<StoredAnswer, 'primary' | 'mark'>
  | { readonly kind: 'vary'; readonly names: readonly string[] }
  | { readonly kind: 'pass' };

/** Another version has other bytes, and what is older is not found. */
const VERSION = 1;

interface AnswerHead {
  readonly version: number;
  readonly kind: 'answer';
  readonly status: number;
  readonly reason: string;
  /** Without the fields, which are bytes and no text. */
  readonly terms: Omit<Terms, 'lines'>;
  readonly linesLength: number;
  readonly bodyLength: number;
  /** How old the answer was when it was kept, and for how long: its age shows by what is left. */
  readonly ageMs: number;
  readonly lifeMs: number;
}

export function encodeAnswer(answer: StoredAnswer, ageMs: number, lifeMs: number): Uint8Array {
  const { lines, ...terms } = answer.terms;
  const head: AnswerHead = {
    version: VERSION,
    kind: 'answer',
    status: answer.status,
    reason: answer.reason,
    terms,
    linesLength: lines.length,
    bodyLength: answer.bytes.length,
    ageMs,
    lifeMs,
  };
  return encode(head, Buffer.from(lines, 'latin1'), answer.bytes);
}

export function encodeSignpost(names: readonly string[]): Uint8Array {
  return encode({ version: VERSION, kind: 'vary', names });
}

export function encodePass(): Uint8Array {
  return encode({ version: VERSION, kind: 'pass' });
}

/** Undefined for what another version has written; throws for what is no entry at all. */
export function decodeKept(bytes: Uint8Array, leftMs: number, nowMs: number): Kept | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headEnd = 4 + buffer.readUInt32BE(0);
  const head = JSON.parse(buffer.toString('utf8', 4, headEnd));
  if (head.version !== VERSION) return undefined;
  if (head.kind !== 'answer') return head;
  const { status, reason, terms, linesLength, bodyLength, ageMs, lifeMs } = head as AnswerHead;
  const bodyStart = headEnd + linesLength;
  if (buffer.length !== bodyStart + bodyLength) {
    throw new RangeError(
      `an answer in the second tier has ${buffer.length - bodyStart} bytes of ${bodyLength}`,
    );
  }
  const lines = buffer.toString('latin1', headEnd, bodyStart) as FieldLines;
  return {
    kind: 'answer',
    status,
    reason,
    terms: { ...terms, lines, ageMs: ageMs + Math.max(0, lifeMs - leftMs) },
    lines: withoutTags(lines),
    bytes: buffer.subarray(bodyStart),
    sinceMs: nowMs,
    refreshAfterMs: 0,
    repeated: undefined,
  };
}

function encode(head: object, ...rest: readonly Uint8Array[]): Uint8Array {
  const text = Buffer.from(JSON.stringify(head), 'utf8');
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, ...rest]);
}
