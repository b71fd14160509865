/** Conditional requests: those of clients that are answered here, and those made to origins. */
import { type FieldLines, fieldLine } from '@headgate/http1';
import { parseHttpDate } from './http-date.ts';
import { endToEndWhere, fieldsOf } from './text-fields.ts';
import type { Wish } from './wish.ts';

/** What validators a stored answer has. */
export interface Validators {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

export interface StoredValidators extends Validators {
  /** When the origin made it, wall clock. */
  readonly dateMs: number;
  readonly status: number;
}

/** An entity tag as it should be, or what else somebody takes for one. */
const ENTITY_TAG = /(?:W\/)?"[^"]*"|[^\s,]+/g;

/** About the bytes that a 304 does not have (RFC 9110 §8); Content-Location is sent. */
const ABOUT_CONTENT: ReadonlySet<string> = new Set([
  'accept-ranges',
  'content-digest',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-md5',
  'content-range',
  'content-type',
  'digest',
  'repr-digest',
]);

/**
 * Whether the client has the stored answer already: 304 (RFC 9111 §4.3.2). If-None-Match comes
 * before If-Modified-Since, and neither matters to answers other than 2xx (RFC 9110 §13.2.1).
 */
export function isNotModified(stored: StoredValidators, wish: Wish): boolean {
  if (stored.status < 200 || stored.status > 299) return false;
  if (wish.ifNoneMatch !== undefined) return hasTag(wish.ifNoneMatch, stored.etag);
  if (wish.ifModifiedSince === undefined) return false;
  if (wish.ifModifiedSince === stored.lastModified) return true;
  const sinceMs = parseHttpDate(wish.ifModifiedSince, stored.dateMs);
  const modifiedMs =
    stored.lastModified === undefined
      ? stored.dateMs
      : parseHttpDate(stored.lastModified, stored.dateMs);
  return sinceMs !== undefined && modifiedMs !== undefined && modifiedMs <= sinceMs;
}

/** The conditions under which an origin need not send a stored answer again (RFC 9111 §4.3.1). */
export function validationLines({ etag, lastModified }: Validators): FieldLines {
  const byTag = etag === undefined ? '' : fieldLine('if-none-match', etag);
  const byDate = lastModified === undefined ? '' : fieldLine('if-modified-since', lastModified);
  return (byTag + byDate) as FieldLines;
}

/**
 * Of the fields of a stored answer those that a 304 carries (RFC 9110 §15.4.5): not what is about
 * its content, nor when that was modified where a tag says more.
 */
export function notModifiedLines(lines: FieldLines): FieldLines {
  const fields = fieldsOf(lines);
  const hasEtag = fields.find('etag') >= 0;
  return endToEndWhere(
    fields,
    (name) => !ABOUT_CONTENT.has(name) && !(hasEtag && name === 'last-modified'),
  );
}

/** By the weak comparison (RFC 9110 §8.8.3.2). */
function hasTag(list: string, etag: string | undefined): boolean {
  if (list.trim() === '*') return true;
  if (etag === undefined) return false;
  const opaque = opaqueTag(etag);
  return (list.match(ENTITY_TAG) ?? []).some((tag) => opaqueTag(tag) === opaque);
}

function opaqueTag(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag;
}
