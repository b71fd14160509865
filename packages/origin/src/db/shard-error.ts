// Owns what sharding refuses.
import { HttpProblem } from '../problem.ts';
import { DatabaseError } from './errors.ts';
import { fencedSqlstate } from './shard-fence.ts';

/**
 * Why a shard did not do it. `shard-moving`: the rows are on their way to another shard; the same
 * works shortly. `cross-shard`: the rows of one transaction lie in several databases, and nothing
 * could commit in all of them or none.
 */
export type ShardErrorKind = 'shard-moving' | 'cross-shard';

/** A statement or transaction that no shard can do, or not now. */
export class ShardError extends HttpProblem {
  declare readonly kind: ShardErrorKind;

  constructor(kind: ShardErrorKind, detail: string, cause?: unknown) {
    const isMoving = kind === 'shard-moving';
    super({
      status: isMoving ? 503 : 500,
      kind,
      side: 'origin',
      retryable: isMoving,
      detail,
      headers: isMoving ? { 'retry-after': '1' } : {},
      cause,
    });
    this.name = 'ShardError';
  }
}

/** What `work` gives; a write that the fence of its virtual shard refused is a `ShardError`. */
export async function fenced<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.sqlstate !== fencedSqlstate) throw error;
    throw new ShardError(
      'shard-moving',
      'this data is being moved to another database; try again',
      error,
    );
  }
}
