// Owns where an item's parts come from: the partner, through the cache.
import type { Cache } from '@headgate/cache';
import type { RequestScope } from '@headgate/origin';
import {
  abortFailure,
  type Failure,
  type PartnerClient,
  PartnerError,
  type Segment,
} from '@headgate/origin/client';
import { z } from 'zod';

const postSchema = z.object({
  id: z.number(),
  userId: z.number(),
  title: z.string(),
  body: z.string(),
});
const commentsSchema = z.array(
  z.object({
    id: z.number(),
    postId: z.number(),
    name: z.string(),
    email: z.string(),
    body: z.string(),
  }),
);

/** A post as the partner has it. */
export type Post = z.output<typeof postSchema>;
/** The comments under a post. */
export type Comments = z.output<typeof commentsSchema>;

/** One part of an answer, or why it is missing. */
export type Part<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

/** Reads parts on behalf of a request; never rejects for a partner's failure. */
export interface PartSource {
  post(id: number, scope: RequestScope): Promise<Part<Post>>;
  comments(id: number, scope: RequestScope): Promise<Part<Comments>>;
}

/** What parts are read with. */
export interface PartSourceOptions {
  partner: PartnerClient;
  cache: Cache;
  /** How long a part is kept, in milliseconds. */
  ttlMs: number;
}

/** Reads parts from the cache, else from the partner; only good answers are kept. */
export function createPartSource({ partner, cache, ttlMs }: PartSourceOptions): PartSource {
  async function read<T>(
    segments: readonly Segment[],
    schema: z.ZodType<T>,
    scope: RequestScope,
  ): Promise<Part<T>> {
    const { requestId, trace } = scope;
    const { signal } = scope.deadline;
    const key = segments.join('/');
    // Several requests may wait for this call. Each leaves at its own deadline, so the deadline of
    // the one that happened to come first must not end it for the others: it does not go along.
    const load = async (loadSignal: AbortSignal) => {
      const result = await partner.get(segments, {
        signal: loadSignal,
        parse: (body) => schema.parse(body),
        scope: { requestId, trace },
      });
      if (!result.ok) throw new PartnerError(result.failure);
      return result.body;
    };
    try {
      return { ok: true, value: await cache.getOrSet(key, load, { ttlMs, signal }) };
    } catch (error) {
      if (error instanceof PartnerError) return { ok: false, failure: error.failure };
      if (!signal.aborted) throw error;
      return { ok: false, failure: abortFailure(signal, `${partner.name} /${key}`) };
    }
  }

  return {
    post: (id, scope) => read(['posts', id], postSchema, scope),
    comments: (id, scope) => read(['posts', id, 'comments'], commentsSchema, scope),
  };
}
