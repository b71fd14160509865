// Owns writing many rows by one statement.
import { quoteIdentifier, quoteTable } from './identifier.ts';
import type { Queryable, QueryOptions } from './queryable.ts';

/** Values of one row by column; what is undefined or null becomes NULL. */
export type NewRow = Readonly<Record<string, unknown>>;

/** How rows are written. */
export interface InsertManyOptions extends QueryOptions {
  /** What a row does whose unique key is taken: the whole statement fails, or the row is left out. Default `fail`. */
  readonly onConflict?: 'fail' | 'skip';
}

/**
 * Inserts `rows` into `table` (`table` or `schema.table`) and resolves with how many were inserted.
 * They travel as one JSON parameter that PostgreSQL reads by the column types of the table: one
 * plan for any number of rows, arrays and JSON columns included, and no limit of 65,535 parameters.
 * Throws a TypeError when rows do not all have the columns of the first.
 */
export async function insertMany(
  queryable: Queryable,
  table: string,
  rows: readonly NewRow[],
  options: InsertManyOptions = {},
): Promise<number> {
  const [first] = rows;
  if (first === undefined) return 0;
  const names = Object.keys(first);
  for (const [i, row] of rows.entries()) assertColumns(table, i, names, row);
  const columns = names.map(quoteIdentifier).join(', ');
  const into = quoteTable(table);
  const conflict = options.onConflict === 'skip' ? ' on conflict do nothing' : '';
  return queryable.execute(
    `insert into ${into} (${columns})` +
      ` select ${columns} from json_populate_recordset(null::${into}, $1)${conflict}`,
    [JSON.stringify(rows, jsonValue)],
    options,
  );
}

function assertColumns(table: string, i: number, names: readonly string[], row: NewRow): void {
  const own = Object.keys(row);
  if (own.length === names.length && names.every((name) => Object.hasOwn(row, name))) return;
  throw new TypeError(
    `row ${i} for ${table} has the columns ${own.join(', ')}; all need those of the first: ${names.join(', ')}`,
  );
}

// A replacer sees what toJSON has made of a value, so the value itself is taken from its holder.
function jsonValue(this: Record<string, unknown>, key: string, json: unknown): unknown {
  const value = this[key];
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  return json;
}
