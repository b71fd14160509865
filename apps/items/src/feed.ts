// Owns the feed: many posts gathered at once, or as many of them as can be had.
import type { RequestScope } from '@headgate/origin';
import {
  abortFailure,
  type Failure,
  gather,
  PartnerError,
  type PartnerResult,
} from '@headgate/origin/client';
import { type Missing, missing } from './failure-answer.ts';
import type { PartSource, Post } from './parts.ts';

/** A feed as it is answered. */
export interface Feed {
  /** Posts that were asked for. */
  count: number;
  /** Those that could be had, in order. */
  items: { id: number; post: Post }[];
  /** True when a post is missing. */
  partial: boolean;
  missing: Missing[];
}

/**
 * Gathers `count` posts, the first being `from`, with at most `concurrency` calls at once. Throws a
 * problem when none could be had: the first one's failure.
 */
export async function readFeed(
  { from, count }: { readonly from: number; readonly count: number },
  concurrency: number,
  parts: PartSource,
  scope: RequestScope,
): Promise<Feed> {
  const { signal } = scope.deadline;
  const tasks = Array.from({ length: count }, (_, index) => () => parts.post(from + index, scope));
  const outcomes = await gather(tasks, { concurrency, signal });

  const items: Feed['items'] = [];
  const failures: { part: string; failure: Failure }[] = [];
  for (const [index, outcome] of outcomes.entries()) {
    const id = from + index;
    const part = `posts/${id}`;
    const result = settled(outcome, signal, part);
    if (result.ok) items.push({ id, post: result.body });
    else failures.push({ part, failure: result.failure });
  }
  const [first] = failures;
  if (first !== undefined && items.length === 0) throw new PartnerError(first.failure);
  return {
    count,
    items,
    partial: failures.length > 0,
    missing: failures.map(({ part, failure }) => missing(part, failure)),
  };
}

// A task rejects only when the signal aborted before its turn; anything else is a defect.
function settled(
  outcome: PromiseSettledResult<PartnerResult<Post>>,
  signal: AbortSignal,
  part: string,
): PartnerResult<Post> {
  if (outcome.status === 'fulfilled') return outcome.value;
  if (!signal.aborted) throw outcome.reason;
  return { ok: false, failure: abortFailure(signal, part) };
}
