/** What a request that changes something makes invalid (RFC 9111 §4.4). */
import type { Fields } from '@headgate/http1';
import { fieldValue } from '../headers.ts';
import { parseTarget } from '../target.ts';

/** A path and a query as in a request; the query with its leading `?`, or empty. */
export interface InvalidTarget {
  readonly path: string;
  readonly query: string;
}

/** Those registered as safe; of all others nobody knows what they change. */
const SAFE_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'PROPFIND',
  'QUERY',
  'REPORT',
  'SEARCH',
  'TRACE',
]);

/** Whether a request changes nothing, as far as is known (RFC 9110 §9.2.1). */
export function isSafe(method: string): boolean {
  return SAFE_METHODS.has(method);
}

/** Whether what is stored for the URL of such a request is void, now that it has this answer. */
export function invalidates(method: string, status: number): boolean {
  return !isSafe(method) && status >= 200 && status <= 399;
}

/**
 * What else is void after such an answer: where Location and Content-Location point, on the same
 * origin only, lest one host empties the cache of another. `host` and `path` are those of the request.
 */
export function invalidatedTargets(
  fields: Fields,
  { proto, host }: { readonly proto: 'http' | 'https'; readonly host: string },
  path: string,
): readonly InvalidTarget[] {
  const base = URL.parse(`${proto}://${host}${path}`);
  const targets: InvalidTarget[] = [];
  for (const name of ['location', 'content-location']) {
    const reference = fieldValue(fields, name);
    const url = reference === undefined || !base ? null : URL.parse(reference, base.href);
    if (!url || url.origin !== base?.origin) continue;
    const target = parseTarget(url.pathname + url.search, 'GET');
    if (target.ok) targets.push({ path: target.path, query: target.query });
  }
  return targets;
}
