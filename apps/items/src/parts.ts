// Owns where an item's parts come from: the partner, whose answers its client keeps.
import { type RequestScope, z } from '@headgate/origin';
import type { PartnerClient, PartnerResult } from '@headgate/origin/client';

/** A post as the partner has it. */
export const postSchema = z
  .object({
    id: z.number(),
    userId: z.number(),
    title: z.string(),
    body: z.string(),
  })
  .openapi('Post');
/** The comments under a post. */
export const commentsSchema = z.array(
  z.object({
    id: z.number(),
    postId: z.number(),
    name: z.string(),
    email: z.string(),
    body: z.string(),
  }),
);

type Post = z.output<typeof postSchema>;
type Comments = z.output<typeof commentsSchema>;

/** Reads parts on behalf of a request; never rejects for a partner's failure. */
export interface PartSource {
  post(id: number, scope: RequestScope): Promise<PartnerResult<Post>>;
  comments(id: number, scope: RequestScope): Promise<PartnerResult<Comments>>;
}

/** Reads parts from `partner`, whose client may keep the good answers. */
export function createPartSource(partner: PartnerClient): PartSource {
  return {
    post: (id, scope) => partner.get(['posts', id], { schema: postSchema, scope }),
    comments: (id, scope) =>
      partner.get(['posts', id, 'comments'], { schema: commentsSchema, scope }),
  };
}
