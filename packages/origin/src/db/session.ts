// Owns statements that belong together on one connection, and its return when they are over.
import type { Connection } from './connection.ts';
import { closedError } from './errors.ts';
import { type Limit, startLimit } from './limit.ts';
import type { Queryable, QueryOptions, SqlValue } from './queryable.ts';
import type { StatementResult } from './statement-run.ts';
import type { StatementWatch } from './statement-watch.ts';
import { Statements, statementLimit, timeoutError } from './statements.ts';

/** Statements on one connection, one after the other. */
export interface Session extends Queryable {
  /** Runs several statements in one text, without values: for migrations. Returns no rows. */
  runScript(text: string, options?: QueryOptions): Promise<void>;
}

/** What a database lends to its sessions and transactions. */
export interface PinHost {
  acquire(limit: Limit): Promise<Connection>;
  giveBack(connection: Connection): void;
  readonly watch: StatementWatch;
  readonly statementTimeoutMs: number;
  readonly transactionTimeoutMs: number;
  /** Chance from 0 to 1. */
  readonly random: () => number;
}

/** Runs `run` on one connection, which is closed afterwards with all that was set on it. */
export async function runSession<T>(
  host: PinHost,
  run: (session: Session) => Promise<T>,
  { signal, timeoutMs = host.transactionTimeoutMs }: QueryOptions,
): Promise<T> {
  const limit = startLimit({ signal, timeoutMs, timeoutReason: () => timeoutError() });
  try {
    const connection = await host.acquire(limit);
    const session = new PinnedStatements(host, connection, limit);
    try {
      return await unlessEnded(limit, run(session));
    } finally {
      await session.end();
      connection.retire();
      host.giveBack(connection);
      await connection.close();
    }
  } finally {
    limit.release();
  }
}

/** The result of `work`; rejects with the reason of `limit` as soon as that ends. */
export function unlessEnded<T>(limit: Limit, work: Promise<T>): Promise<T> {
  if (limit.reason !== undefined) return Promise.reject(limit.reason);
  return new Promise((resolve, reject) => {
    const unwatch = limit.watch(reject);
    work.then(resolve, reject).finally(unwatch);
  });
}

/** Statements on one connection: those asked for at once wait for each other. */
export class PinnedStatements extends Statements implements Session {
  /** Why the first of them failed. */
  failure: unknown;
  readonly #host: PinHost;
  readonly #connection: Connection;
  readonly #around: Limit;
  #last: Promise<unknown> = Promise.resolve();
  #isOver = false;

  constructor(host: PinHost, connection: Connection, around: Limit) {
    super();
    this.#host = host;
    this.#connection = connection;
    this.#around = around;
  }

  async runScript(text: string, options: QueryOptions = {}): Promise<void> {
    await this.#inTurn(text, [], options, async (limit) => {
      await this.#connection.runScript(text, limit);
      return { rows: [], count: 0, command: '' };
    });
  }

  /** Takes no more statements; resolves when those under way have ended. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#last;
    await this.#connection.settling;
  }

  protected override run(
    text: string,
    values: readonly SqlValue[],
    options: QueryOptions,
  ): Promise<StatementResult> {
    return this.#inTurn(text, values, options, (limit) =>
      this.#connection.run(text, values, limit),
    );
  }

  async #inTurn(
    text: string,
    values: readonly SqlValue[],
    options: QueryOptions,
    send: (limit: Limit) => Promise<StatementResult>,
  ): Promise<StatementResult> {
    if (this.#isOver) throw closedError(OVER);
    const { watch, statementTimeoutMs } = this.#host;
    const limit = statementLimit(text, options, statementTimeoutMs, this.#around);
    const before = this.#last;
    const turn = watch(text, values, options.signal, async () => {
      await before;
      await this.#connection.settling;
      return send(limit);
    });
    this.#last = turn.catch((error: unknown) => {
      this.failure ??= error;
    });
    try {
      return await turn;
    } finally {
      limit.release();
    }
  }
}

const OVER = 'the transaction is over; the origin used it after that';
