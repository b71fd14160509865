/** The Date field, for answers that have none (RFC 9110 §6.6.1). */
import { type FieldLines, fieldLine } from '@headgate/http1';

let line = '' as FieldLines;
let secondOfLine = -1;

/** The line for now, made once a second. */
export function dateLine(nowMs = Date.now()): FieldLines {
  const second = Math.floor(nowMs / 1_000);
  if (second !== secondOfLine) {
    secondOfLine = second;
    line = fieldLine('date', new Date(second * 1_000).toUTCString());
  }
  return line;
}
