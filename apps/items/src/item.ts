// Owns an item: a post and its comments, or as much of it as can be had.
import { notFound, type RequestScope } from '@headgate/origin';
import { PartnerError } from '@headgate/origin/client';
import { type Missing, missing } from './failure-answer.ts';
import type { Comments, PartSource, Post } from './parts.ts';

/** An item as it is answered. */
export interface Item {
  id: number;
  post: Post | null;
  comments: Comments | null;
  /** True when a part is missing. */
  partial: boolean;
  missing: Missing[];
}

/**
 * Composes the item from two parallel calls. One part may be missing. Throws a problem when both
 * are: the post's failure, being the part an item is named after; and 404 when there is no post.
 */
export async function readItem(id: number, parts: PartSource, scope: RequestScope): Promise<Item> {
  const [post, comments] = await Promise.all([parts.post(id, scope), parts.comments(id, scope)]);
  if (!post.ok && post.failure.status === 404) throw notFound(`there is no item ${id}`);
  if (!post.ok && !comments.ok) throw new PartnerError(post.failure);

  const gone: Missing[] = [];
  if (!post.ok) gone.push(missing('post', post.failure));
  if (!comments.ok) gone.push(missing('comments', comments.failure));
  return {
    id,
    post: post.ok ? post.body : null,
    comments: comments.ok ? comments.body : null,
    partial: gone.length > 0,
    missing: gone,
  };
}
