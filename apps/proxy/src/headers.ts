/**
 * Header lists on their way through: what is taken off in each direction and what the edge adds.
 * Lists alternate names and values, in the order and spelling they came in.
 */

/** RFC 9110 §7.6.1, with the non-standard members every proxy must know. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** A peer may not have these removed by naming them in Connection: the edge relies on them. */
const NEVER_CONNECTION_OPTIONS = new Set([
  'authorization',
  'content-length',
  'content-type',
  'cookie',
  'forwarded',
  'host',
  'set-cookie',
  'traceparent',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-request-id',
]);

/** Replaced by the edge on the way up, whatever the client sent. */
const REPLACED_UPSTREAM = new Set([
  'expect',
  'forwarded',
  'host',
  'traceparent',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-request-id',
]);

const NOTHING: ReadonlySet<string> = new Set();

/** The value of the only field named `name` (lower-case), undefined when there is none. */
export function headerValue(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    const candidate = headers[i] as string;
    if (candidate.length === name.length && candidate.toLowerCase() === name) {
      return headers[i + 1];
    }
  }
  return undefined;
}

/** Every value of `name` (lower-case) as one comma-joined list (RFC 9110 §5.3). */
export function joinedHeader(headers: readonly string[], name: string): string | undefined {
  let joined: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if ((headers[i] as string).toLowerCase() !== name) continue;
    joined = joined === undefined ? headers[i + 1] : `${joined}, ${headers[i + 1]}`;
  }
  return joined;
}

/** How often `name` (lower-case) occurs. */
export function headerCount(headers: readonly string[], name: string): number {
  let count = 0;
  for (let i = 0; i < headers.length; i += 2) {
    if ((headers[i] as string).toLowerCase() === name) count++;
  }
  return count;
}

/** The end-to-end fields of a request, without those the edge writes itself. */
export function endToEndRequestHeaders(headers: readonly string[]): string[] {
  return without(headers, REPLACED_UPSTREAM);
}

/** The end-to-end fields of a response, without the request id, which is the edge's. */
export function endToEndResponseHeaders(headers: readonly string[]): string[] {
  return without(headers, RESPONSE_REPLACED);
}
const RESPONSE_REPLACED: ReadonlySet<string> = new Set(['x-request-id']);

function without(headers: readonly string[], replaced: ReadonlySet<string>): string[] {
  const named = connectionOptions(headers);
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase();
    if (HOP_BY_HOP.has(name) || named.has(name)) continue;
    // CGI-like origins read X_Forwarded_For as X-Forwarded-For.
    if (replaced.has(name.includes('_') ? name.replaceAll('_', '-') : name)) continue;
    kept.push(headers[i] as string, headers[i + 1] as string);
  }
  return kept;
}

function connectionOptions(headers: readonly string[]): ReadonlySet<string> {
  const value = joinedHeader(headers, 'connection');
  if (value === undefined) return NOTHING;
  const named = new Set<string>();
  for (const option of value.split(',')) {
    const name = option.trim().toLowerCase();
    if (name && !NEVER_CONNECTION_OPTIONS.has(name)) named.add(name);
  }
  return named;
}
