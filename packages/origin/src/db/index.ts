/**
 * PostgreSQL for origins: a pool, statements with deadlines, transactions, batches, replicas, shards,
 * migrations and advice.
 */
export { createDatabaseAdvice, type DatabaseAdvice, type DatabaseAdviceOptions } from './advice.ts';
export { createDatabase, type Database, type DatabaseOptions } from './database.ts';
export {
  type ConstraintViolation,
  DatabaseError,
  type DatabaseErrorInit,
  type DatabaseErrorKind,
} from './errors.ts';
export { quoteIdentifier, quoteTable } from './identifier.ts';
export { type InsertManyOptions, insertMany, type NewRow } from './insert-many.ts';
export { createLoader, type Loader, type LoaderOptions, type LoadOptions } from './loader.ts';
export { createRequestLoader, type LoaderScope, type RequestLoader } from './loader-request.ts';
export { type RowKey, type RowLoaderOptions, rowLoader, rowsLoader } from './loader-rows.ts';
export { type MigrateOptions, type MigrateResult, migrate } from './migrate.ts';
export { MigrationError, type MigrationErrorKind } from './migration-files.ts';
export type { PoolLimits, PoolStatus } from './pool.ts';
export type { Queryable, QueryOptions, Row, SqlValue } from './queryable.ts';
export {
  type PositionSource,
  type ReadYourWritesEnv,
  type ReadYourWritesOptions,
  readAfterName,
  readYourWrites,
} from './read-your-writes.ts';
export {
  createReplicatedDatabase,
  type ReplicatedDatabase,
  type ReplicatedDatabaseOptions,
} from './replica-database.ts';
export type { WalPosition } from './replica-position.ts';
export type { ReadsOptions } from './replica-reads.ts';
export type { ReplicaFault, ReplicaState } from './replica-watch.ts';
export type { Session } from './session.ts';
export {
  createShardedDatabase,
  type Shard,
  type ShardedDatabase,
  type ShardedDatabaseOptions,
  type ShardResults,
} from './shard-database.ts';
export { ShardError, type ShardErrorKind } from './shard-error.ts';
export { type ShardedTable, shardFenceSql } from './shard-fence.ts';
export { type ShardKey, virtualShardOf, virtualShardSql } from './shard-hash.ts';
export {
  createShardMap,
  type ShardMap,
  type ShardMapOptions,
  type VirtualShardRange,
} from './shard-map.ts';
export {
  beginMove,
  cancelMove,
  clearMoved,
  finishMove,
  openFirstVirtualShards,
  type ShardTransfer,
} from './shard-move.ts';
export { evenShards, planResharding, type ShardMove } from './shard-plan.ts';
export type { QueryEvent } from './statement-watch.ts';
export type { Transaction, TransactionOptions } from './transaction.ts';
