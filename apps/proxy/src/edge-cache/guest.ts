/** A request in the cache's hands, as the cache sees it. */
import type { FieldLines, Fields } from '@headgate/http1';
import type { AnswerWriter, Cancellable, Carrier } from '../carrier.ts';
import type { Failure } from '../errors.ts';
import type { RequestRecord } from '../request.ts';

/** What the cache did for a request; in metrics and the access log. */
export type CacheResult = 'hit' | 'stale' | 'validated' | 'miss' | 'collapsed' | 'pass';

export interface CacheGuest {
  readonly record: RequestRecord;
  readonly carrier: Carrier;
  /** How often it has been asked for in the cache. */
  cacheTurns: number;
  /** It is not answered in this turn; `reader` is what ends it early. */
  waits(reader: Cancellable): void;
  /** Its answer is out, or will never be complete. */
  finishedByCache(problem: Failure | undefined, hasBegun: boolean): void;
  /** It goes on to an upstream, for itself alone. */
  goOn(passage: Passage): void;
  /** What was done for it has failed; throws `error` when the request was over already. */
  broken(error: unknown): void;
}

/** A request that passes the cache by. */
export interface Passage {
  /** What its answer says about that. */
  readonly statusLine: FieldLines;
  /** Told of its answer. */
  observe(status: number, fields: Fields): void;
}

/** Where its answer is written. */
export function writerOf(guest: CacheGuest): AnswerWriter {
  const { writer } = guest.carrier;
  if (!writer) throw new Error('the edge gives no answers of its own on such a connection');
  return writer;
}
