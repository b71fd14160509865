/** The header fields that mean something to the connection or to whoever routes. */
import { NameSet } from './name-set.ts';

export const ORDINARY = 0;
export const HOST = 1;
export const EXPECT = 2;
/** The first kind that is not passed on; all greater ones are hop-by-hop. */
export const CONTENT_LENGTH = 3;
export const TRANSFER_ENCODING = 4;
export const CONNECTION = 5;
export const UPGRADE = 6;
export const OTHER_HOP_BY_HOP = 7;

/** RFC 9110 §7.6.1, with the non-standard members every proxy must know; in order of kind. */
const KNOWN = new NameSet([
  'host',
  'expect',
  'content-length',
  'transfer-encoding',
  'connection',
  'upgrade',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
]);

/** The kind of the field whose name is `text` from `start` to `end`. */
export function fieldKind(text: string, start: number, end: number): number {
  return Math.min(KNOWN.indexOf(text, start, end) + 1, OTHER_HOP_BY_HOP);
}

/** A peer may not have these removed by naming them in Connection: what follows relies on them. */
export const NOT_CONNECTION_OPTIONS = new NameSet([
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'set-cookie',
  'traceparent',
  'tracestate',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
  'x-request-id',
]);

/**
 * What may not come after the body (RFC 9110 §6.5.1): framing, routing, request modifiers,
 * authentication, and what says how to read the content.
 */
export const FORBIDDEN_TRAILERS = new NameSet([
  'age',
  'authorization',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'expect',
  'expires',
  'forwarded',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'keep-alive',
  'location',
  'max-forwards',
  'pragma',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'range',
  'retry-after',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'vary',
  'via',
  'www-authenticate',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
]);
