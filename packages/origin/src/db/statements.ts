// Owns the three ways to run a statement, and how long it may go on.
import { DatabaseError, detailOf } from './errors.ts';
import { type Limit, startLimit } from './limit.ts';
import type { Queryable, QueryOptions, Row, SqlValue } from './queryable.ts';
import type { StatementResult } from './statement-run.ts';

/** Everything that runs statements has these; how one is run differs. */
export abstract class Statements implements Queryable {
  async query<T extends Row = Row>(
    text: string,
    values: readonly SqlValue[] = [],
    options: QueryOptions = {},
  ): Promise<T[]> {
    return (await this.run(text, values, options)).rows as T[];
  }

  async first<T extends Row = Row>(
    text: string,
    values: readonly SqlValue[] = [],
    options: QueryOptions = {},
  ): Promise<T | undefined> {
    return (await this.run(text, values, options)).rows[0] as T | undefined;
  }

  async execute(
    text: string,
    values: readonly SqlValue[] = [],
    options: QueryOptions = {},
  ): Promise<number> {
    return (await this.run(text, values, options)).count;
  }

  protected abstract run(
    text: string,
    values: readonly SqlValue[],
    options: QueryOptions,
  ): Promise<StatementResult>;
}

/** Starts the limit of the statement `text`. */
export function statementLimit(
  text: string,
  { signal, timeoutMs }: QueryOptions,
  defaultTimeoutMs: number,
  around?: Limit,
): Limit {
  return startLimit({
    signal,
    timeoutMs: timeoutMs ?? defaultTimeoutMs,
    timeoutReason: () => timeoutError(text),
    around,
  });
}

/** The time of a statement, or of a transaction, is up. */
export function timeoutError(statement?: string): DatabaseError {
  return new DatabaseError({ kind: 'timeout', detail: detailOf('timeout'), statement });
}
