// Owns an item: a post and its comments, or as much of it as can be had.
import { json, notFound, problem, type RequestScope, route, z } from '@headgate/origin';
import { partial } from '@headgate/origin/client';
import { missingSchema } from './missing.ts';
import { commentsSchema, type PartSource, postSchema } from './parts.ts';
import { wholeNumber } from './whole-number.ts';

/** An item as it is answered. */
const itemSchema = z
  .object({
    id: z.int(),
    post: postSchema.nullable(),
    comments: commentsSchema.nullable(),
    partial: z.boolean().openapi({ description: 'True when a part is missing.' }),
    missing: z.array(missingSchema),
    servedBy: z.string(),
  })
  .openapi('Item');

/** Edges and the partner know no higher id. */
export const maxItemId = 2 ** 31 - 1;

/** `GET /items/{id}`. */
export const itemRoute = route({
  method: 'get',
  path: '/items/{id}',
  summary: 'A post with its comments, from two partner calls at once',
  tags: ['items'],
  request: { params: z.object({ id: wholeNumber(maxItemId).openapi({ example: '5' }) }) },
  responses: {
    200: json(itemSchema, 'The item, or what could be had of it'),
    404: problem('There is no such item'),
    502: problem('The partner answered badly'),
  },
});

/**
 * Composes the item from two parallel calls. One part may be missing. Throws a problem when both
 * are: the post's failure, being the part an item is named after; and 404 when there is no post.
 */
export async function readItem(id: number, source: PartSource, scope: RequestScope) {
  const { parts, missing, ...rest } = await partial({
    post: async () => {
      const answer = await source.post(id, scope);
      if (!answer.ok && answer.failure.status === 404) throw noItem(id);
      return answer;
    },
    comments: () => source.comments(id, scope),
  });
  if (missing.some(({ reason }) => reason === 'not-found')) throw noItem(id);
  const { post = null, comments = null } = parts;
  return { id, post, comments, ...rest, missing: [...missing] };
}

const noItem = (id: number) => notFound(`there is no item ${id}`);
