// Owns moving one virtual shard from one database to another, while both go on serving.
import type { Database } from './database.ts';
import { copyRows, removeRows, type ShardRows } from './shard-copy.ts';
import { fenceLockClass } from './shard-fence.ts';
import type { TransactionOptions } from './transaction.ts';

/** One move, between databases that both have the fence and the same tables. */
export interface ShardTransfer extends ShardRows {
  readonly from: Database;
  readonly to: Database;
  /** Limits each step; writers of the virtual shard are waited for in the first. */
  readonly limits?: Pick<TransactionOptions, 'signal' | 'timeoutMs'>;
}

/**
 * Opens virtual shards in a database that has none: once, when a shard is set up and empty. Later
 * ones come by moves. Rejects with an Error when there are some already.
 */
export async function openFirstVirtualShards(
  database: Database,
  virtualShards: readonly number[],
): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.execute('lock table headgate_virtual_shards');
    const known = await tx.first('select from headgate_virtual_shards limit 1');
    if (known !== undefined)
      throw new Error('this database has virtual shards already; move others to it');
    await tx.execute(`insert into headgate_virtual_shards select unnest($1::int[]), 'open'`, [
      virtualShards,
    ]);
  });
}

/**
 * First half of a move: fences the virtual shard off at `from` and copies its rows to `to`, where
 * it is fenced as well. From here on it is read at `from` and written nowhere; resolves with the
 * number of rows. Next, give every process the new map, so that it is read at `to`. May be repeated
 * after a failure. Rejects with an Error when the virtual shard is not at `from`, or is open at `to`.
 */
export async function beginMove(transfer: ShardTransfer): Promise<number> {
  const { virtualShard, from, to, limits } = transfer;
  await from.transaction(async (tx) => {
    await tx.execute('select pg_advisory_xact_lock($1, $2)', [fenceLockClass, virtualShard]);
    const fencedOff = await tx.execute(
      `update headgate_virtual_shards set state = 'moving'
        where virtual_shard = $1 and state in ('open', 'moving')`,
      [virtualShard],
    );
    if (fencedOff === 0) throw new Error(`virtual shard ${virtualShard} is not in ${from.name}`);
  }, limits);
  return from.transaction(
    (source) =>
      to.transaction(async (target) => {
        const isArriving = await target.execute(
          `insert into headgate_virtual_shards values ($1, 'arriving')
            on conflict (virtual_shard) do update set state = 'arriving'
            where headgate_virtual_shards.state = 'arriving'`,
          [virtualShard],
        );
        if (!isArriving) throw new Error(`virtual shard ${virtualShard} is in ${to.name} already`);
        return copyRows(transfer, source, target);
      }, limits),
    { ...limits, isolation: 'repeatable read', isReadOnly: true },
  );
}

/**
 * Second half of a move, once every process goes by the new map: opens the virtual shard at `to`.
 * Rejects with an Error unless `beginMove` was done.
 */
export async function finishMove({ virtualShard, from, to, limits }: ShardTransfer): Promise<void> {
  const source = await from.first<{ state: string }>(
    'select state from headgate_virtual_shards where virtual_shard = $1',
    [virtualShard],
    limits,
  );
  const opened =
    source?.state === 'moving' &&
    (await to.execute(
      `update headgate_virtual_shards set state = 'open'
        where virtual_shard = $1 and state = 'arriving'`,
      [virtualShard],
      limits,
    ));
  if (!opened) {
    throw new Error(
      `virtual shard ${virtualShard} is not on its way from ${from.name} to ${to.name}`,
    );
  }
}

/**
 * Takes a move back that has begun and was not finished: removes the copy, then opens the virtual
 * shard where it was. Every process must go by a map that says so. Rejects with an Error when it is
 * open at `to`.
 */
export async function cancelMove(transfer: ShardTransfer): Promise<void> {
  const { virtualShard, from, to, limits } = transfer;
  await to.transaction(async (tx) => {
    await removeRows(transfer, tx);
    await tx.execute(
      `delete from headgate_virtual_shards where virtual_shard = $1 and state = 'arriving'`,
      [virtualShard],
    );
    const known = await tx.first('select from headgate_virtual_shards where virtual_shard = $1', [
      virtualShard,
    ]);
    if (known !== undefined) throw new Error(`virtual shard ${virtualShard} is open in ${to.name}`);
  }, limits);
  await from.execute(
    `update headgate_virtual_shards set state = 'open' where virtual_shard = $1 and state = 'moving'`,
    [virtualShard],
    limits,
  );
}

/**
 * Removes at `from` what has moved, whenever there is time for it. Rejects with an Error unless the
 * virtual shard is open at `to`.
 */
export async function clearMoved(transfer: ShardTransfer): Promise<void> {
  const { virtualShard, from, to, limits } = transfer;
  const there = await to.first(
    `select from headgate_virtual_shards where virtual_shard = $1 and state = 'open'`,
    [virtualShard],
    limits,
  );
  if (there === undefined)
    throw new Error(`virtual shard ${virtualShard} is not open in ${to.name}`);
  await from.transaction(async (tx) => {
    await removeRows(transfer, tx);
    await tx.execute(
      `delete from headgate_virtual_shards where virtual_shard = $1 and state = 'moving'`,
      [virtualShard],
    );
  }, limits);
}
