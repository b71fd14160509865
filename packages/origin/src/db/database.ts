// Owns a database as origins see it: statements, transactions and sessions over one pool.
import { createRegistry, type Registry } from '@headgate/telemetry';
import { type Connection, openConnection } from './connection.ts';
import { type DatabaseMeter, meterDatabase } from './database-metrics.ts';
import { closedError, DatabaseError } from './errors.ts';
import type { Limit } from './limit.ts';
import { Pool, type PoolFailure, type PoolLimits, type PoolStatus } from './pool.ts';
import type { Queryable, QueryOptions, SqlValue } from './queryable.ts';
import { type PinHost, runSession, type Session } from './session.ts';
import type { StatementResult } from './statement-run.ts';
import { type QueryEvent, type StatementWatch, watchStatements } from './statement-watch.ts';
import { Statements, statementLimit } from './statements.ts';
import { runTransaction, type Transaction, type TransactionOptions } from './transaction.ts';

/** What a database is made of. */
export interface DatabaseOptions {
  /** Connection string: `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** Names it in metrics, errors and on the server. Default `main`. */
  readonly name?: string | undefined;
  /**
   * Size of the pool. Defaults: poolSize 5, maxOverflow 10, poolTimeoutMs 2000, poolRecycleMs 30
   * minutes, checkAfterIdleMs 30 seconds.
   */
  readonly pool?: Partial<PoolLimits> | undefined;
  /** Milliseconds for a statement, waiting for a connection included. Default 5000. */
  readonly statementTimeoutMs?: number | undefined;
  /** Milliseconds for a transaction or session in all. Default 30000. */
  readonly transactionTimeoutMs?: number | undefined;
  /** Milliseconds to be connected and accepted. Default 2000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Milliseconds for a cancelled statement to end; then its connection is given up. Default 5000. */
  readonly cancelTimeoutMs?: number | undefined;
  /** The server's own `statement_timeout` in milliseconds, as a second belt. Default: the server's. */
  readonly serverTimeoutMs?: number | undefined;
  /** Statements kept prepared on each connection. Default 256. */
  readonly maxPrepared?: number | undefined;
  /** What the server shows in pg_stat_activity. Default: the name. */
  readonly applicationName?: string | undefined;
  readonly registry?: Registry | undefined;
  /** Called after every statement. */
  readonly onQuery?: ((event: QueryEvent) => void) | undefined;
  /** Monotonic clock in milliseconds. */
  readonly now?: (() => number) | undefined;
  /** Chance from 0 to 1, for pauses between attempts. */
  readonly random?: (() => number) | undefined;
}

/** A PostgreSQL database behind a pool of connections. */
export interface Database extends Queryable {
  readonly name: string;
  /**
   * Runs `run` between BEGIN and COMMIT, on one connection; rolls back when it throws, and rejects
   * with what it threw. The time is limited in all, so that a forgotten transaction holds no locks.
   */
  transaction<T>(
    run: (transaction: Transaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>;
  /**
   * Runs `run` on one connection without a transaction, for what belongs to a connection: advisory
   * locks, settings, temporary tables. The connection is closed afterwards, and all that with it.
   */
  session<T>(run: (session: Session) => Promise<T>, options?: QueryOptions): Promise<T>;
  status(): PoolStatus;
  /** Lets no statement in any more, waits for those under way for so long, and disconnects. */
  close(options?: { readonly timeoutMs?: number }): Promise<void>;
}

const POOL_DEFAULTS: PoolLimits = {
  poolSize: 5,
  maxOverflow: 10,
  // SQLAlchemy waits for 30 s, which is longer than any client of an API does.
  poolTimeoutMs: 2_000,
  poolRecycleMs: 30 * 60_000,
  checkAfterIdleMs: 30_000,
};

/** Makes a database; the first statement opens the first connection. */
export function createDatabase(options: DatabaseOptions): Database {
  return new PooledDatabase(options);
}

class PooledDatabase extends Statements implements Database {
  readonly name: string;
  readonly #pool: Pool<Connection>;
  readonly #poolTimeoutMs: number;
  readonly #statementTimeoutMs: number;
  readonly #meter: DatabaseMeter;
  readonly #watch: StatementWatch;
  readonly #now: () => number;
  readonly #host: PinHost;

  constructor(options: DatabaseOptions) {
    super();
    const { name = 'main', registry = createRegistry(), now = monotonicNow } = options;
    const limits = { ...POOL_DEFAULTS, ...options.pool };
    const connectionOptions = {
      url: options.url,
      applicationName: options.applicationName ?? name,
      connectTimeoutMs: options.connectTimeoutMs ?? 2_000,
      cancelTimeoutMs: options.cancelTimeoutMs ?? 5_000,
      serverTimeoutMs: options.serverTimeoutMs,
      maxPrepared: options.maxPrepared ?? 256,
    };
    this.name = name;
    this.#now = now;
    this.#poolTimeoutMs = limits.poolTimeoutMs;
    this.#statementTimeoutMs = options.statementTimeoutMs ?? 5_000;
    this.#pool = new Pool({
      ...limits,
      open: (onEnd) => openConnection(connectionOptions, onEnd),
      now,
      after(delayMs, act) {
        const timer = setTimeout(act, delayMs);
        return () => clearTimeout(timer);
      },
    });
    this.#meter = meterDatabase(registry, name, () => this.#pool.status);
    this.#watch = watchStatements({ meter: this.#meter, onQuery: options.onQuery, now });
    this.#host = {
      acquire: (limit) => this.#acquire(limit),
      giveBack: (connection) => this.#giveBack(connection),
      watch: this.#watch,
      statementTimeoutMs: this.#statementTimeoutMs,
      transactionTimeoutMs: options.transactionTimeoutMs ?? 30_000,
      random: options.random ?? Math.random,
    };
  }

  protected override run(
    text: string,
    values: readonly SqlValue[],
    options: QueryOptions,
  ): Promise<StatementResult> {
    return this.#watch(text, values, options.signal, async () => {
      const limit = statementLimit(text, options, this.#statementTimeoutMs);
      try {
        const connection = await this.#acquire(limit);
        try {
          return await connection.run(text, values, limit, { mayPrepareAgain: true });
        } finally {
          this.#giveBack(connection);
        }
      } finally {
        limit.release();
      }
    });
  }

  transaction<T>(
    run: (transaction: Transaction) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    return runTransaction(this.#host, run, options);
  }

  session<T>(run: (session: Session) => Promise<T>, options: QueryOptions = {}): Promise<T> {
    return runSession(this.#host, run, options);
  }

  status(): PoolStatus {
    return this.#pool.status;
  }

  close({ timeoutMs = 5_000 }: { readonly timeoutMs?: number } = {}): Promise<void> {
    return this.#pool.close(timeoutMs);
  }

  async #acquire(limit: Limit): Promise<Connection> {
    const startedMs = this.#now();
    const connection = this.#pool.take() ?? (await this.#wait(limit));
    this.#meter.waited(this.#now() - startedMs);
    return connection;
  }

  #wait(limit: Limit): Promise<Connection> {
    return new Promise((resolve, reject) => {
      if (limit.reason !== undefined) {
        reject(limit.reason);
        return;
      }
      const leave = this.#pool.enqueue({
        take(connection) {
          unwatch();
          resolve(connection);
        },
        fail: (failure) => {
          unwatch();
          reject(this.#failed(failure));
        },
      });
      const unwatch = limit.watch((reason) => {
        // Told before it leaves: the count of those who wait has it in.
        reject(limit.isTimeout ? this.#failed({ kind: 'exhausted', cause: undefined }) : reason);
        leave();
      });
    });
  }

  #failed(failure: PoolFailure): unknown {
    if (failure.kind === 'unreachable') return failure.cause;
    if (failure.kind === 'closed') return closedError();
    const { inUse, maxSize, waiting } = this.#pool.status;
    return new DatabaseError({
      kind: 'pool-timeout',
      detail:
        `no connection to database ${this.name} became free within ${this.#poolTimeoutMs} ms: ` +
        `${inUse} of ${maxSize} in use, ${waiting} waiting; try again`,
      cause: failure.cause,
    });
  }

  #giveBack(connection: Connection): void {
    const { settling } = connection;
    if (settling) void settling.then(() => this.#pool.release(connection));
    else this.#pool.release(connection);
  }
}

function monotonicNow(): number {
  return performance.now();
}
