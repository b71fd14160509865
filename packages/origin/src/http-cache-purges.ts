// Owns purges after a write: what a request has changed is forgotten before it is answered.
import type { Context, MiddlewareHandler } from 'hono';
import { createComplaints } from './http-cache-complaints.ts';
import { PurgeError } from './http-cache-purge-error.ts';
import type { Purger } from './http-cache-purger.ts';
import { assertTags, isTag, notTag } from './http-cache-tags.ts';
import type { OriginEnv } from './request-scope.ts';

/** RFC 9110 §9.2.1; these change nothing. */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * Middleware that purges by tag after a write: `app.put(path, purges(purger, (c) => [...]), handler)`.
 * After a request that may have changed something and was answered with 2xx or 3xx, all that carries
 * one of the tags is purged before the answer is sent: who has it and asks again through an edge
 * gets what was written. That is waited for as long as the purger waits, at most until the deadline;
 * then the answer is sent, and the purge goes on in the background. A write never fails by it.
 * @param tags a function is called when the answer is there
 * @throws RangeError when one of the tags given as a list is none
 */
export function purges<P extends string = string>(
  purger: Purger,
  tags: readonly string[] | ((c: Context<OriginEnv, P>) => readonly string[]),
): MiddlewareHandler<OriginEnv, P> {
  if (typeof tags !== 'function') assertTags(tags);
  const complain = createComplaints('what was written is not purged; it stays cached for its time');

  const tagsOf = (c: Context<OriginEnv, P>): readonly string[] => {
    if (typeof tags !== 'function') return tags;
    try {
      const listed = tags(c);
      const wrong = listed.find((tag) => !isTag(tag));
      if (wrong === undefined) return listed;
      complain(c, notTag(wrong));
      return listed.filter(isTag);
    } catch (error) {
      complain(c, error);
      return [];
    }
  };

  return async (c, next) => {
    await next();
    const { status } = c.res;
    if (safeMethods.has(c.req.method) || status < 200 || status >= 400) return;
    try {
      await purger.purgeTags(tagsOf(c), { waitMs: c.env.scope.deadline.remainingMs() });
    } catch (error) {
      // The purger tells its log, once for all that waits for an edge.
      if (!(error instanceof PurgeError)) complain(c, error);
    }
  };
}
