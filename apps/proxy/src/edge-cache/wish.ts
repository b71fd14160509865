/** What a client asks of the cache. */
import { type Fields, NameSet } from '@headgate/http1';
import { joinedField } from '../headers.ts';
import { parseDirectives } from './cache-control.ts';
import type { CachePolicy } from './policy.ts';

export interface Wish {
  /** Whether it leaves open which answer it gets: nothing is asked for below. */
  readonly isPlain: boolean;
  readonly noStore: boolean;
  readonly noCache: boolean;
  readonly maxAgeMs: number | undefined;
  readonly minFreshMs: number | undefined;
  /** Infinity: however stale. */
  readonly maxStaleMs: number | undefined;
  readonly onlyIfCached: boolean;
  readonly hasAuthorization: boolean;
  /** If-Match or If-Unmodified-Since: only the origin can tell. */
  readonly hasPrecondition: boolean;
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}

/** Of a client that has no wishes. */
export const PLAIN: Wish = {
  isPlain: true,
  noStore: false,
  noCache: false,
  maxAgeMs: undefined,
  minFreshMs: undefined,
  maxStaleMs: undefined,
  onlyIfCached: false,
  hasAuthorization: false,
  hasPrecondition: false,
  ifNoneMatch: undefined,
  ifModifiedSince: undefined,
  range: undefined,
  ifRange: undefined,
};

/** As PLAIN, of a client that says who it is. */
const PLAIN_AUTHORIZED: Wish = { ...PLAIN, hasAuthorization: true };

const SPECIAL = new NameSet([
  'authorization',
  'cache-control',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'pragma',
  'range',
]);

/**
 * Reads what a request asks of the cache (RFC 9111 §5.2.1, RFC 9110 §13 and §14.2). Where the
 * policy does not honour clients, only what says which answer they can use counts. A range counts
 * for GET alone.
 */
export function readWish(method: string, fields: Fields, policy: CachePolicy): Wish {
  for (let i = 0; i < fields.count; i++) {
    const name = fields.name(i);
    if (SPECIAL.indexOf(name, 0, name.length) >= 0) return wishIn(method, fields, policy);
  }
  return PLAIN;
}

function wishIn(method: string, fields: Fields, policy: CachePolicy): Wish {
  const cacheControl = policy.honoursClients ? joinedField(fields, 'cache-control') : undefined;
  const said = parseDirectives(cacheControl ?? '');
  const range = method === 'GET' ? single(fields, 'range') : undefined;
  const hasAuthorization = fields.find('authorization') >= 0;
  const asked = {
    noStore: said.noStore,
    noCache: said.noCache || (cacheControl === undefined && saysPragma(fields, policy)),
    maxAgeMs: said.maxAgeMs,
    minFreshMs: said.minFreshMs,
    maxStaleMs: said.maxStaleMs,
    onlyIfCached: said.onlyIfCached,
    hasPrecondition: fields.find('if-match') >= 0 || fields.find('if-unmodified-since') >= 0,
    ifNoneMatch: joinedField(fields, 'if-none-match'),
    ifModifiedSince: single(fields, 'if-modified-since'),
    range,
    ifRange: range === undefined ? undefined : single(fields, 'if-range'),
  };
  const isPlain = Object.values(asked).every((value) => value === false || value === undefined);
  if (isPlain) return hasAuthorization ? PLAIN_AUTHORIZED : PLAIN;
  return { isPlain, hasAuthorization, ...asked };
}

/** RFC 9111 §5.4: for clients from before Cache-Control. */
function saysPragma(fields: Fields, policy: CachePolicy): boolean {
  if (!policy.honoursClients) return false;
  const pragma = joinedField(fields, 'pragma');
  return pragma !== undefined && parseDirectives(pragma).noCache;
}

/** The value of a field that is no list; undefined too when it is there twice, and means nothing. */
function single(fields: Fields, name: string): string | undefined {
  const at = fields.find(name);
  return at < 0 || fields.find(name, at + 1) >= 0 ? undefined : fields.value(at);
}
