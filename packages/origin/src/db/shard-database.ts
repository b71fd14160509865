// Owns databases that share one set of tables: which of them a key's statements go to.
import type { Database } from './database.ts';
import type { Queryable, QueryOptions, Row, SqlValue } from './queryable.ts';
import { fenced, ShardError } from './shard-error.ts';
import type { ShardKey } from './shard-hash.ts';
import type { ShardMap } from './shard-map.ts';
import type { Transaction, TransactionOptions } from './transaction.ts';

/** What shards are made of. */
export interface ShardedDatabaseOptions {
  readonly map: ShardMap;
  /** The database of a shard of this name; called once for each, when a map first names it. */
  connect(shard: string): Database;
}

/** The shard that holds the rows of one key. */
export interface Shard extends Queryable {
  readonly name: string;
  /** As `Database.transaction`; all it touches must be rows of keys in this shard. */
  transaction<T>(
    run: (transaction: Transaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>;
}

/** What came back from all shards. */
export interface ShardResults<T> {
  readonly values: readonly { readonly shard: string; readonly value: T }[];
  readonly failures: readonly { readonly shard: string; readonly error: unknown }[];
  /** Some shards failed and some did not. */
  readonly isPartial: boolean;
}

/**
 * Databases that share one set of tables by the key of each row. A write to a virtual shard that is
 * on the move rejects with a `ShardError` of kind `shard-moving`, which may be tried again.
 */
export interface ShardedDatabase {
  readonly map: ShardMap;
  /** Where the rows of `key` are. */
  shard(key: ShardKey): Shard;
  /** The database of this name, for work on a shard as such. Throws an Error when the map has none. */
  database(shard: string): Database;
  /**
   * Runs `run` on the one shard that holds the rows of all `keys`. Rejects with a `ShardError` of
   * kind `cross-shard` when they lie in several: no commit could be all or nothing.
   */
  transaction<T>(
    keys: readonly [ShardKey, ...ShardKey[]],
    run: (transaction: Transaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>;
  /** Runs `run` on every shard at once; never rejects. */
  all<T>(run: (database: Database, shard: string) => Promise<T>): Promise<ShardResults<T>>;
  /**
   * Goes by another map from now on. Databases that it does not name any more stay open for what is
   * under way, until `close`. Throws an Error unless its version is higher.
   */
  use(map: ShardMap): void;
  /** Closes all databases. */
  close(): Promise<void>;
}

/** Shards behind one map. */
export function createShardedDatabase(options: ShardedDatabaseOptions): ShardedDatabase {
  return new Shards(options);
}

class Shards implements ShardedDatabase {
  readonly #connect: (shard: string) => Database;
  readonly #shards = new Map<string, { readonly database: Database; readonly shard: Shard }>();
  #map: ShardMap;

  constructor({ map, connect }: ShardedDatabaseOptions) {
    this.#connect = connect;
    this.#map = map;
    this.#open();
  }

  get map(): ShardMap {
    return this.#map;
  }

  shard(key: ShardKey): Shard {
    return this.#named(this.#map.shardOf(key)).shard;
  }

  database(shard: string): Database {
    return this.#named(shard).database;
  }

  async transaction<T>(
    keys: readonly [ShardKey, ...ShardKey[]],
    run: (transaction: Transaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T> {
    const shards = new Set(keys.map((key) => this.#map.shardOf(key)));
    if (shards.size > 1) {
      throw new ShardError(
        'cross-shard',
        `the keys of this transaction lie in the shards ${[...shards].join(', ')}: ` +
          'write to each on its own, or give what belongs together one key',
      );
    }
    return this.shard(keys[0]).transaction(run, options);
  }

  async all<T>(run: (database: Database, shard: string) => Promise<T>): Promise<ShardResults<T>> {
    const names = this.#map.shards;
    const ends = await Promise.allSettled(
      names.map(async (name) => run(this.#named(name).database, name)),
    );
    const values: { shard: string; value: T }[] = [];
    const failures: { shard: string; error: unknown }[] = [];
    for (const [i, shard] of names.entries()) {
      const end = ends[i];
      if (end?.status === 'fulfilled') values.push({ shard, value: end.value });
      else failures.push({ shard, error: end?.reason });
    }
    return { values, failures, isPartial: values.length > 0 && failures.length > 0 };
  }

  use(map: ShardMap): void {
    if (map.version <= this.#map.version || map.virtualShards !== this.#map.virtualShards) {
      throw new Error(
        `shard map version ${map.version} with ${map.virtualShards} virtual shards cannot follow ` +
          `version ${this.#map.version} with ${this.#map.virtualShards}`,
      );
    }
    this.#map = map;
    this.#open();
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#shards.values(), ({ database }) => database.close()));
  }

  #open(): void {
    for (const name of this.#map.shards) {
      if (this.#shards.has(name)) continue;
      const database = this.#connect(name);
      this.#shards.set(name, { database, shard: fencedShard(name, database) });
    }
  }

  #named(name: string): { readonly database: Database; readonly shard: Shard } {
    const entry = this.#shards.get(name);
    if (entry !== undefined) return entry;
    throw new Error(`there is no shard "${name}"; the map has ${[...this.#map.shards].join(', ')}`);
  }
}

function fencedShard(name: string, database: Database): Shard {
  return {
    name,
    query<T extends Row>(text: string, values?: readonly SqlValue[], options?: QueryOptions) {
      return fenced(database.query<T>(text, values, options));
    },
    first<T extends Row>(text: string, values?: readonly SqlValue[], options?: QueryOptions) {
      return fenced(database.first<T>(text, values, options));
    },
    execute: (text, values, options) => fenced(database.execute(text, values, options)),
    transaction: (run, options) => fenced(database.transaction(run, options)),
  };
}
