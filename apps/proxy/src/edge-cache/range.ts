/** Ranges of stored answers (RFC 9110 §14). */
import { type FieldLines, fieldLine } from '@headgate/http1';
import type { Validators } from './conditional.ts';
import { parseHttpDate } from './http-date.ts';
import type { Wish } from './wish.ts';

/** Which bytes of an answer are asked for; `to` is exclusive. */
export type Selected = 'whole' | 'unsatisfiable' | { readonly from: number; readonly to: number };

/** One range; what asks for several is answered with the whole. */
const ONE_RANGE = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i;
/** RFC 9110 §8.8.2.2: a change within the same second is not seen. */
const DATE_RESOLUTION_MS = 1_000;

/** What a request wants of a stored answer of `sizeBytes`; what is no range is none. */
export function selectRange(
  wish: Wish,
  stored: Validators & { readonly dateMs: number },
  sizeBytes: number,
): Selected {
  const [, first, last] = ONE_RANGE.exec(wish.range ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return 'whole';
  if (wish.ifRange !== undefined && !isSame(wish.ifRange, stored)) return 'whole';
  if (first === '') return suffix(Number(last), sizeBytes);
  const from = Number(first);
  if (last !== '' && Number(last) < from) return 'whole';
  if (from >= sizeBytes) return 'unsatisfiable';
  return { from, to: last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes) };
}

/** For a 206 with the bytes from `from` up to, not including, `to`. */
export function contentRange(from: number, to: number, sizeBytes: number): FieldLines {
  return fieldLine('content-range', `bytes ${from}-${to - 1}/${sizeBytes}`);
}

/** For a 416: how much there would be. */
export function unsatisfiableRange(sizeBytes: number): FieldLines {
  return fieldLine('content-range', `bytes */${sizeBytes}`);
}

function suffix(lengthBytes: number, sizeBytes: number): Selected {
  if (lengthBytes === 0) return 'unsatisfiable';
  // Of nothing, no range can be told.
  if (sizeBytes === 0) return 'whole';
  return { from: Math.max(0, sizeBytes - lengthBytes), to: sizeBytes };
}

/** If-Range: only what is the same byte for byte is continued (RFC 9110 §13.1.5). */
function isSame(
  ifRange: string,
  { etag, lastModified, dateMs }: Validators & { readonly dateMs: number },
): boolean {
  if (ifRange.startsWith('"')) return ifRange === etag;
  if (ifRange !== lastModified) return false;
  const modifiedMs = parseHttpDate(lastModified, dateMs);
  return modifiedMs !== undefined && dateMs - modifiedMs >= DATE_RESOLUTION_MS;
}
