// Owns the fence of virtual shards: what keeps rows out of a database they do not belong into, or
// not any more, whatever map the writer goes by.
import { quoteIdentifier, quoteTable } from './identifier.ts';
import { virtualShardSql } from './shard-hash.ts';

/** A table whose rows are spread over shards. */
export interface ShardedTable {
  /** `table` or `schema.table`. */
  readonly table: string;
  /** Column with the key that decides where a row lies; never null. */
  readonly key: string;
}

/** The error code (SQLSTATE) of a write that was fenced off. */
export const fencedSqlstate = 'HG001';

/** The setting by which the one who moves a virtual shard passes its fence. */
export const movingSetting = 'headgate.moving_virtual_shard';

/**
 * The SQL that puts up the fence in one shard, for a migration of every shard. A table
 * `headgate_virtual_shards` holds which virtual shards take writes there, and a trigger on each
 * table refuses other rows with SQLSTATE HG001. A write holds the line of its virtual shard until
 * its transaction ends, so once the state has changed no writer is left that has not seen it.
 */
export function shardFenceSql(virtualShards: number, tables: readonly ShardedTable[]): string {
  return [STATES, ...tables.map((one) => tableFence(virtualShards, one))].join('\n\n');
}

/** The virtual shard of a row, as SQL. */
export function virtualShardOfRow(virtualShards: number, { key }: ShardedTable, row = ''): string {
  return virtualShardSql(row + quoteIdentifier(key), virtualShards);
}

const STATES = `create table if not exists headgate_virtual_shards (
  virtual_shard integer primary key,
  state text not null check (state in ('open', 'moving', 'arriving'))
);`;

/** The class of the advisory locks of virtual shards: "head" as a number. */
export const fenceLockClass = 1_751_474_532;

// FOR SHARE rather than a plain read: under REPEATABLE READ that would see the state as it was. The
// advisory lock is fair, so that a stream of writers does not keep the mover waiting for ever. All
// is in one function because calling another would cost as much as what it does.
function tableFence(virtualShards: number, sharded: ShardedTable): string {
  const { table } = sharded;
  const suffix = table.replaceAll('.', '_');
  const name = quoteIdentifier(`headgate_fence_${suffix}`);
  const shardOf = (row: string) => virtualShardOfRow(virtualShards, sharded, row);
  return `create or replace function ${name}() returns trigger language plpgsql as $fence$
declare
  wanted integer;
begin
  foreach wanted in array case tg_op
    when 'INSERT' then array[${shardOf('new.')}]
    when 'DELETE' then array[${shardOf('old.')}]
    else array[${shardOf('old.')}, ${shardOf('new.')}]
  end loop
    continue when current_setting('${movingSetting}', true) = wanted::text;
    perform pg_advisory_xact_lock_shared(${fenceLockClass}, wanted);
    perform from headgate_virtual_shards where virtual_shard = wanted and state = 'open' for share;
    if not found then
      raise exception 'virtual shard % takes no writes in this database', wanted
        using errcode = '${fencedSqlstate}',
          hint = 'It is being moved, or belongs elsewhere; try again with the latest shard map.';
    end if;
  end loop;
  return case tg_op when 'DELETE' then old else new end;
end
$fence$;
create or replace trigger headgate_fence before insert or update or delete on ${quoteTable(table)}
  for each row execute function ${name}();
create index if not exists ${quoteIdentifier(`headgate_shard_of_${suffix}`)}
  on ${quoteTable(table)} (${shardOf('')});`;
}
