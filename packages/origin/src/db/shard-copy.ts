// Owns the rows of one virtual shard: copied, compared, removed.
import { quoteIdentifier, quoteTable } from './identifier.ts';
import type { Queryable } from './queryable.ts';
import { movingSetting, type ShardedTable, virtualShardOfRow } from './shard-fence.ts';

/** Which rows. */
export interface ShardRows {
  readonly virtualShard: number;
  readonly virtualShards: number;
  /** Every sharded table; those that others refer to come first. */
  readonly tables: readonly ShardedTable[];
}

const BATCH_ROWS = 1_000;

/**
 * Makes the rows in `target` those in `source`, both being transactions; resolves with how many
 * there are. Rejects with an Error when a table does not come out the same.
 */
export async function copyRows(
  rows: ShardRows,
  source: Queryable,
  target: Queryable,
): Promise<number> {
  // Rows travel and are compared as text, which depends on the session in this one respect.
  for (const tx of [source, target]) await tx.query(`select set_config('TimeZone', 'UTC', true)`);
  await removeRows(rows, target);
  let copied = 0;
  for (const sharded of rows.tables) {
    await copyTable(rows, sharded, source, target);
    const [here, there] = [
      await digest(rows, sharded, source),
      await digest(rows, sharded, target),
    ];
    if (here.count !== there.count || here.sum !== there.sum) {
      throw new Error(
        `${sharded.table} of virtual shard ${rows.virtualShard} has ${here.count} rows and came out ` +
          `as ${there.count} or with other values; the tables of both databases must be the same`,
      );
    }
    copied += here.count;
  }
  return copied;
}

/** Removes the rows in a transaction, passing the fence. */
export async function removeRows(rows: ShardRows, tx: Queryable): Promise<void> {
  await passFence(rows, tx);
  for (const sharded of rows.tables.toReversed()) {
    await tx.execute(`delete from ${quoteTable(sharded.table)} where ${isRow(rows, sharded)}`);
  }
}

async function copyTable(
  rows: ShardRows,
  sharded: ShardedTable,
  source: Queryable,
  target: Queryable,
): Promise<void> {
  const table = quoteTable(sharded.table);
  const stored = await target.query<{ attname: string }>(
    `select attname from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
    [table],
  );
  const columns = stored.map(({ attname }) => quoteIdentifier(attname)).join(', ');
  await source.execute(
    `declare headgate_copy no scroll cursor for
      select to_json(r)::text as json from ${table} r where ${isRow(rows, sharded)}`,
  );
  for (;;) {
    const batch = await source.query<{ json: string }>(`fetch ${BATCH_ROWS} from headgate_copy`);
    if (batch.length === 0) break;
    await target.execute(
      `insert into ${table} (${columns}) overriding system value
        select ${columns} from json_populate_recordset(null::${table}, $1)`,
      [`[${batch.map(({ json }) => json).join(',')}]`],
    );
  }
  await source.execute('close headgate_copy');
}

/** Number of rows, and a sum over their contents in any order. */
async function digest(
  rows: ShardRows,
  sharded: ShardedTable,
  tx: Queryable,
): Promise<{ readonly count: number; readonly sum: string }> {
  const found = await tx.first<{ count: number; sum: string }>(
    `select count(*)::int as count,
      coalesce(sum(('x' || left(md5(to_jsonb(r)::text), 15))::bit(60)::bigint), 0)::text as sum
      from ${quoteTable(sharded.table)} r where ${isRow(rows, sharded)}`,
  );
  return found ?? { count: 0, sum: '0' };
}

async function passFence({ virtualShard }: ShardRows, tx: Queryable): Promise<void> {
  await tx.query('select set_config($1, $2, true)', [movingSetting, String(virtualShard)]);
}

function isRow({ virtualShard, virtualShards }: ShardRows, sharded: ShardedTable): string {
  return `${virtualShardOfRow(virtualShards, sharded)} = ${Number(virtualShard)}`;
}
