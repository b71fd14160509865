// Owns the words every part of the database kit shares: what a statement is, and who runs one.

/** A value of a statement's parameter; arrays become PostgreSQL arrays, objects become JSON. */
export type SqlValue =
  | string
  | number
  | bigint
  | boolean
  | Date
  | Uint8Array
  | null
  | readonly SqlValue[]
  | { readonly [key: string]: unknown };

/** What limits one statement. */
export interface QueryOptions {
  /** Cancels the statement on the server, or gives up its place in the queue; rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from the call until it is cancelled, waiting for a connection included. */
  readonly timeoutMs?: number | undefined;
}

/** A row as the driver gives it: column name to value. */
export type Row = Record<string, unknown>;

/**
 * Runs statements: a database, one of its replicas, or a transaction. Statements are prepared once
 * on each connection and known by their text, so values belong into `values`, never into the text.
 * Everything rejects with a `DatabaseError`, or with the signal's reason.
 */
export interface Queryable {
  /** All rows, in order. */
  query<T extends Row = Row>(
    text: string,
    values?: readonly SqlValue[],
    options?: QueryOptions,
  ): Promise<T[]>;
  /** The first row, or undefined when there is none. */
  first<T extends Row = Row>(
    text: string,
    values?: readonly SqlValue[],
    options?: QueryOptions,
  ): Promise<T | undefined>;
  /** Runs a statement for what it does; resolves with the number of rows it changed. */
  execute(text: string, values?: readonly SqlValue[], options?: QueryOptions): Promise<number>;
}
