// Owns what an answer says to caches: declared next to its handler, decided when it is there.
import type { Context, MiddlewareHandler } from 'hono';
import { createComplaints } from './http-cache-complaints.ts';
import { replace, validate } from './http-cache-etag.ts';
import { tagList } from './http-cache-tags.ts';
import {
  type CacheTerms,
  type CacheTermsOptions,
  type ControlFields,
  noStore,
  termsOf,
} from './http-cache-terms.ts';
import type { OriginEnv } from './request-scope.ts';

/** What a route declares with {@link cacheable}. */
export interface CacheableOptions<C = Context<OriginEnv>> extends CacheTermsOptions {
  /**
   * By which the answer is purged together with others: at most 100, of visible ASCII without spaces
   * and commas. A function is called when the answer is there. Shared caches alone see them.
   */
  readonly tags?: readonly string[] | ((c: C) => readonly string[]);
  /**
   * Answers have an ETag and 304 is answered to who has them already: `true` for one of the very
   * bytes, `weak` where something on the way changes them, to compress, say. An answer that is
   * streamed or above 1 MiB has none but its handler's own. Default false.
   */
  readonly etag?: boolean | 'weak';
}

/** What the declared lifetimes are for; other answers are of the moment. */
const successes: ReadonlySet<number> = new Set([200, 203, 204, 206, 301, 304, 308]);
const negatives: ReadonlySet<number> = new Set([404, 410]);

const refused = new WeakSet<Context>();

/**
 * Middleware that tells caches what may be kept: `app.get(path, cacheable({ maxAge: '30s' }), handler)`.
 * Successful answers to GET and HEAD get Cache-Control, and CDN-Cache-Control, Vary, Surrogate-Key
 * and ETag as declared. Errors, temporary redirects and answers with Set-Cookie get `no-store`; 404
 * and 410 too, unless `negative` is given. A handler that sets Cache-Control or CDN-Cache-Control
 * itself, or calls {@link uncacheable}, has the last word. When tags cannot be told, because their
 * function throws or returns none, nobody keeps the answer, and the log says why.
 * @throws TypeError or RangeError, naming the option, for what cannot be meant
 */
export function cacheable<P extends string = string>(
  options: CacheableOptions<Context<OriginEnv, P>>,
): MiddlewareHandler<OriginEnv, P> {
  const terms = termsOf(options);
  const { tags = [], etag = false, audience } = options;
  const listTags =
    typeof tags === 'function' ? (c: Context<OriginEnv, P>) => tagList(tags(c)) : tagList(tags);
  if (audience === 'browser' && listTags !== '') {
    throw new TypeError(
      'tags are for shared caches, and audience "browser" keeps the answer from them',
    );
  }
  const complain = createComplaints('an answer is not cached, because its tags cannot be told');

  const tagsOf = (c: Context<OriginEnv, P>): string | undefined => {
    try {
      return typeof listTags === 'function' ? listTags(c) : listTags;
    } catch (error) {
      complain(c, error);
      return undefined;
    }
  };

  return async (c, next) => {
    await next();
    const { method } = c.req;
    if (method !== 'GET' && method !== 'HEAD') return;
    const control = controlOf(c, terms);
    const tagged = control === noStore ? undefined : tagsOf(c);
    if (tagged === undefined) {
      editHeaders(c, refuse);
      return;
    }
    editHeaders(c, (headers) => {
      if (control !== 'its own') setControl(headers, control);
      addToList(headers, 'vary', terms.vary);
      if (tagged !== '') headers.append('surrogate-key', tagged);
    });
    if (etag !== false && c.res.status === 200) await validate(c, etag === true ? 'strong' : etag);
  };
}

/** The answer to this request is for nobody else, and not for later, whatever its route declares. */
export function uncacheable(c: Context): void {
  refused.add(c);
  c.header('cache-control', noStore.cacheControl);
}

function controlOf(c: Context, { success, negative }: CacheTerms): ControlFields | 'its own' {
  const { status, headers } = c.res;
  if (refused.has(c)) return noStore;
  if (headers.has('cache-control') || headers.has('cdn-cache-control')) return 'its own';
  if (headers.has('set-cookie')) return noStore;
  if (successes.has(status)) return success;
  return negatives.has(status) ? negative : noStore;
}

function setControl(headers: Headers, { cacheControl, cdnCacheControl }: ControlFields): void {
  headers.set('cache-control', cacheControl);
  if (cdnCacheControl !== undefined) headers.set('cdn-cache-control', cdnCacheControl);
}

function refuse(headers: Headers): void {
  headers.set('cache-control', noStore.cacheControl);
  headers.delete('cdn-cache-control');
  headers.delete('surrogate-key');
}

/** Adds those of `members` that are not in the list yet. */
function addToList(headers: Headers, name: string, members: readonly string[]): void {
  const list = headers.get(name) ?? '';
  const there = new Set(list.split(',').map((member) => member.trim().toLowerCase()));
  if (there.has('*')) return;
  const missing = members.filter((member) => !there.has(member.toLowerCase()));
  if (missing.length > 0) headers.append(name, missing.join(', '));
}

/** An answer that was fetched from elsewhere and handed on has fields that cannot be changed. */
function editHeaders(c: Context, edit: (headers: Headers) => void): void {
  try {
    edit(c.res.headers);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const { status, headers, body } = c.res;
    replace(c, new Response(body, { status, headers: new Headers(headers) }));
    edit(c.res.headers);
  }
}
