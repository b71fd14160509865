// Owns the feed: many posts gathered at once, or as many of them as can be had.
import { json, problem, type RequestScope, route, z } from '@headgate/origin';
import { partialList } from '@headgate/origin/client';
import { maxItemId } from './item.ts';
import { missingSchema } from './missing.ts';
import { type PartSource, postSchema } from './parts.ts';
import { wholeNumber } from './whole-number.ts';

/** A feed as it is answered. */
const feedSchema = z
  .object({
    count: z.int().openapi({ description: 'Posts that were asked for.' }),
    items: z
      .array(z.object({ id: z.int(), post: postSchema }))
      .openapi({ description: 'Those that could be had, in order.' }),
    partial: z.boolean().openapi({ description: 'True when a post is missing.' }),
    missing: z.array(missingSchema),
    servedBy: z.string(),
  })
  .openapi('Feed');

const maxFeedCount = 100;

/** `GET /feed?count=&from=`. */
export const feedRoute = route({
  method: 'get',
  path: '/feed',
  summary: 'Many posts, from as many partner calls',
  tags: ['items'],
  request: {
    query: z.object({
      count: wholeNumber(maxFeedCount).default(maxFeedCount),
      from: wholeNumber(maxItemId - maxFeedCount).default(1),
    }),
  },
  responses: {
    200: json(feedSchema, 'The posts that could be had'),
    502: problem('The partner answered badly'),
  },
});

/**
 * Gathers `count` posts, the first being `from`, with at most `concurrency` calls at once. Throws a
 * problem when none could be had: the first one's failure.
 */
export async function readFeed(
  { from, count }: { readonly from: number; readonly count: number },
  concurrency: number,
  source: PartSource,
  scope: RequestScope,
) {
  const calls = Array.from({ length: count }, (_, i) => () => source.post(from + i, scope));
  const { values, missing, partial } = await partialList(calls, {
    concurrency,
    signal: scope.signal,
    nameOf: (i) => `posts/${from + i}`,
  });
  const items = values.flatMap((post, i) => (post === undefined ? [] : [{ id: from + i, post }]));
  return { count, items, partial, missing: [...missing] };
}
