// Owns loaders of rows: many keys, one statement, one array as its parameter.
import { quoteIdentifier, quoteTable } from './identifier.ts';
import { createLoader, type Loader, type LoaderOptions } from './loader.ts';
import type { Queryable, Row } from './queryable.ts';

/** A value rows are looked up by. */
export type RowKey = string | number | bigint;

/** What rows are looked up with: `table`, or a `text` of your own. */
export interface RowLoaderOptions
  extends Pick<LoaderOptions<RowKey, Row>, 'maxBatch' | 'maxLoads' | 'windowMs'> {
  /** Where the rows are: a database, or its replicas. */
  readonly database: Queryable;
  /** Column the keys are values of; it must be among the columns of the rows. */
  readonly key: string;
  /** `table` or `schema.table`, read with all its columns. */
  readonly table?: string;
  /** Reads the rows of `$1`, an array of keys: `select ... where id = any($1)`. */
  readonly text?: string;
}

/**
 * Rows by a unique key; a key without a row gives undefined. Callers of one key share one object.
 * Throws a TypeError without `table` and `text`.
 */
export function rowLoader<T extends Row = Row>(options: RowLoaderOptions): Loader<RowKey, T> {
  const text = textOf(options);
  return createLoader<RowKey, T>({
    ...batching(options),
    load: async (keys, { signal }) => {
      const rows = await read<T>(options, text, keys, signal);
      return new Map(rows.map((row) => [String(row[options.key]), row]));
    },
  });
}

/**
 * All rows of a key, in the order the statement gives them, such as the comments of a post; a key
 * without rows gives an empty array. Throws a TypeError without `table` and `text`.
 */
export function rowsLoader<T extends Row = Row>(options: RowLoaderOptions): Loader<RowKey, T[]> {
  const text = textOf(options);
  return createLoader<RowKey, T[]>({
    ...batching(options),
    load: async (keys, { signal }) => {
      const byKey = new Map<string, T[]>(keys.map((key) => [String(key), []]));
      const rows = await read<T>(options, text, keys, signal);
      for (const row of rows) byKey.get(String(row[options.key]))?.push(row);
      return byKey;
    },
  });
}

// A key of type bigint comes back as a string or a number; as text they are all the same.
function batching({ maxBatch, maxLoads, windowMs }: RowLoaderOptions) {
  return {
    keyOf: String,
    ...(maxBatch !== undefined && { maxBatch }),
    ...(maxLoads !== undefined && { maxLoads }),
    ...(windowMs !== undefined && { windowMs }),
  };
}

async function read<T extends Row>(
  { database, key }: RowLoaderOptions,
  text: string,
  keys: readonly RowKey[],
  signal: AbortSignal,
): Promise<T[]> {
  const rows = await database.query<T>(text, [keys], { signal });
  const [first] = rows;
  if (first !== undefined && !(key in first)) {
    throw new TypeError(`rows have no column "${key}" to tell them apart by; select it as well`);
  }
  return rows;
}

function textOf({ table, text, key }: RowLoaderOptions): string {
  if (text !== undefined) return text;
  if (table === undefined) throw new TypeError('a row loader needs a table, or a text with $1');
  return `select * from ${quoteTable(table)} where ${quoteIdentifier(key)} = any($1)`;
}
