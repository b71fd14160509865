// Owns who is told of every statement: the metrics, and whoever asked.
import type { DatabaseMeter } from './database-metrics.ts';
import { DatabaseError } from './errors.ts';
import type { SqlValue } from './queryable.ts';
import type { StatementResult } from './statement-run.ts';

/** What a statement was and what came of it; for whoever watches them. */
export interface QueryEvent {
  readonly text: string;
  readonly values: readonly SqlValue[];
  /** Milliseconds, waiting for a connection included. */
  readonly durationMs: number;
  /** Rows returned or changed; 0 when it failed. */
  readonly rows: number;
  /** `ok`, the kind of the `DatabaseError`, or `aborted` by its signal. */
  readonly outcome: string;
  /** The signal it was given, which tells requests apart. */
  readonly signal: AbortSignal | undefined;
}

/** Runs `work`, which is the statement `text`, and tells of it. */
export type StatementWatch = (
  text: string,
  values: readonly SqlValue[],
  signal: AbortSignal | undefined,
  work: () => Promise<StatementResult>,
) => Promise<StatementResult>;

/** Who is told. */
export interface StatementWatchOptions {
  readonly meter: DatabaseMeter;
  readonly onQuery: ((event: QueryEvent) => void) | undefined;
  /** Monotonic clock in milliseconds. */
  readonly now: () => number;
}

/** Makes the watch of one database. */
export function watchStatements({ meter, onQuery, now }: StatementWatchOptions): StatementWatch {
  return async (text, values, signal, work) => {
    const startedMs = now();
    let rows = 0;
    let outcome = 'ok';
    try {
      const result = await work();
      rows = result.count;
      return result;
    } catch (error) {
      outcome = error instanceof DatabaseError ? error.kind : 'aborted';
      throw error;
    } finally {
      const durationMs = now() - startedMs;
      meter.ran(outcome, durationMs);
      onQuery?.({ text, values, durationMs, rows, outcome, signal });
    }
  };
}
