/** A stored answer takes over the fields of the answer that confirms it (RFC 9111 §3.2, §4.3.4). */
import type { FieldLines, Fields } from '@headgate/http1';
import { fieldValue } from '../headers.ts';
import { endToEndWhere, fieldsOf } from './text-fields.ts';

/**
 * What says how to read the stored bytes, which stay as they are, and cookies: with a confirmation
 * they are one client's.
 */
const NOT_TAKEN_OVER: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-length',
  'content-range',
  'set-cookie',
]);

/**
 * The lines of a stored answer once `update`, a 304 or an answer to HEAD, has confirmed it: its
 * fields replace those of the same name. Date is always its: without one the answer is as old as
 * its confirmation.
 */
export function freshenLines(stored: FieldLines, update: Fields): FieldLines {
  const updated = endToEndWhere(update, (name) => !NOT_TAKEN_OVER.has(name));
  const updatedFields = fieldsOf(updated);
  const kept = endToEndWhere(
    fieldsOf(stored),
    (name) => name !== 'date' && updatedFields.find(name) < 0,
  );
  return (kept + updated) as FieldLines;
}

/**
 * Whether a 304 is about the stored answer at all: one with a strong validator of its own has to
 * have that of what it confirms (§4.3.4).
 */
export function isConfirmation(storedEtag: string | undefined, update: Fields): boolean {
  const etag = fieldValue(update, 'etag');
  return etag === undefined || etag.startsWith('W/') || etag === storedEtag;
}
