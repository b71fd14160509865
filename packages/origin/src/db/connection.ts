// Owns one connection: its statements one at a time, their cancelling, and its end.
import pg from 'pg';
import { requestCancel } from './cancel-request.ts';
import { driverConnection } from './driver-connection.ts';
import { DatabaseError, detailOf } from './errors.ts';
import type { Limit } from './limit.ts';
import type { PoolMember } from './pool.ts';
import { PreparedStatements } from './prepared-statements.ts';
import type { SqlValue } from './queryable.ts';
import { brokenConnection, fromServerError, isServerError } from './server-errors.ts';
import {
  ScriptRun,
  type StatementResult,
  StatementRun,
  type StatementSink,
} from './statement-run.ts';
import { toWire } from './values.ts';

/** What connections are made with. */
export interface ConnectionOptions {
  readonly url: string;
  readonly applicationName: string;
  /** Milliseconds to be connected and accepted; also for a sign of life. */
  readonly connectTimeoutMs: number;
  /** Milliseconds for a cancelled statement to end; then its connection is given up. */
  readonly cancelTimeoutMs: number;
  /** The server's own limit in milliseconds for every statement; undefined for none of ours. */
  readonly serverTimeoutMs: number | undefined;
  /** Statements kept prepared. */
  readonly maxPrepared: number;
}

/** The first repetition of a cancel request that came too early to hit; doubles each time. */
const FIRST_CANCEL_PAUSE_MS = 50;
const CHECK = 'SELECT 1';

/** Opens a connection; `onEnd` is called when it ends by itself. Rejects as `unreachable`. */
export async function openConnection(
  options: ConnectionOptions,
  onEnd: (connection: Connection) => void,
): Promise<Connection> {
  const client = new pg.Client({
    connectionString: options.url,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectTimeoutMs,
    statement_timeout: options.serverTimeoutMs ?? false,
    keepAlive: true,
  });
  // A client without a listener would end the process. The server may close right after its
  // welcome, before anybody knows of the connection.
  let failure: unknown;
  client.on('error', (error) => {
    failure ??= error;
  });
  try {
    await client.connect();
    if (failure !== undefined) throw failure;
  } catch (error) {
    // The driver leaves the socket of a refused login open.
    driverConnection(client).stream.destroy();
    throw unreachable(error);
  }
  return new Connection(client, options, onEnd);
}

/** One connection to a server. Runs one statement at a time. */
export class Connection implements PoolMember {
  readonly #client: pg.Client;
  readonly #options: ConnectionOptions;
  readonly #prepared: PreparedStatements;
  #hasEnded = false;
  #isRetired = false;
  #closing: Promise<void> | undefined;
  /** Resolves when a cancelled statement has ended and its cancel request can hit no other. */
  #settling: Promise<void> | undefined;

  constructor(
    client: pg.Client,
    options: ConnectionOptions,
    onEnd: (connection: Connection) => void,
  ) {
    this.#client = client;
    this.#options = options;
    this.#prepared = new PreparedStatements(options.maxPrepared);
    // Its last words may come while no statement is under way, and before the socket closes.
    client.on('error', () => this.retire());
    client.once('end', () => {
      this.#hasEnded = true;
      onEnd(this);
    });
  }

  get isUsable(): boolean {
    return !this.#hasEnded && !this.#isRetired && driverConnection(this.#client).stream.writable;
  }

  /** Undefined when the next statement may be sent. */
  get settling(): Promise<void> | undefined {
    return this.#settling;
  }

  /**
   * Runs a statement. When `limit` ends, rejects with its reason at once and cancels the statement
   * on the server; `settling` tells when that is done. Otherwise rejects with a `DatabaseError`.
   */
  async run(
    text: string,
    values: readonly SqlValue[],
    limit: Limit | undefined,
    { mayPrepareAgain = false } = {},
  ): Promise<StatementResult> {
    const wireValues = values.map(toWire);
    const prepared = this.#prepared.take(text);
    try {
      return await this.#send(limit, (sink) => {
        return new StatementRun(prepared, wireValues, this.#prepared.takeForgotten(), sink);
      });
    } catch (error) {
      if (!prepared.isReady || isStale(error)) this.#prepared.forget(prepared);
      if (mayPrepareAgain && prepared.isReady && isStale(error)) {
        return this.run(text, values, limit);
      }
      throw this.#explain(error, text, limit);
    }
  }

  /** Runs several statements without values in one text. Rejects like `run`. */
  async runScript(text: string, limit: Limit | undefined): Promise<void> {
    try {
      await this.#send(limit, (sink) => new ScriptRun(text, sink));
    } catch (error) {
      throw this.#explain(error, text, limit);
    }
  }

  async check(): Promise<void> {
    const { connectTimeoutMs } = this.#options;
    const isAlive = await within(connectTimeoutMs, this.run(CHECK, [], undefined));
    if (!isAlive) throw unreachable(undefined);
  }

  /** Something was left on it that others must not meet: it is closed instead of being reused. */
  retire(): void {
    this.#isRetired = true;
  }

  close(): Promise<void> {
    this.#closing ??= this.#sayGoodbye();
    return this.#closing;
  }

  async #sayGoodbye(): Promise<void> {
    if (this.#hasEnded) return;
    const timer = setTimeout(() => this.destroy(), this.#options.connectTimeoutMs);
    await this.#client.end().catch(() => {});
    clearTimeout(timer);
  }

  destroy(): void {
    driverConnection(this.#client).stream.destroy();
  }

  #send(
    limit: Limit | undefined,
    createRun: (sink: StatementSink) => StatementRun | ScriptRun,
  ): Promise<StatementResult> {
    return new Promise((resolve, reject) => {
      if (limit?.reason !== undefined) {
        reject(limit.reason);
        return;
      }
      let onAnswered: (() => void) | undefined;
      const unwatch = limit?.watch((reason) => {
        const answered = new Promise<void>((resolveAnswered) => {
          onAnswered = resolveAnswered;
        });
        this.#settling = this.#cancel(answered).finally(() => {
          this.#settling = undefined;
        });
        reject(reason);
      });
      const over = () => {
        unwatch?.();
        onAnswered?.();
      };
      this.#client.query(
        createRun({
          onResult(result) {
            over();
            resolve(result);
          },
          onError(error) {
            over();
            reject(error);
          },
        }),
      );
    });
  }

  /**
   * Cancels the statement under way. A request that arrives before the server has begun with the
   * statement does nothing, so it is repeated; the connection is free only after the last request
   * was carried out, or it might hit the next statement.
   */
  async #cancel(answered: Promise<void>): Promise<void> {
    const timer = setTimeout(() => this.destroy(), this.#options.cancelTimeoutMs);
    let isAnswered = false;
    for (let pauseMs = FIRST_CANCEL_PAUSE_MS; !isAnswered && this.isUsable; pauseMs *= 2) {
      const { connectTimeoutMs } = this.#options;
      // Not knowing whether a request may still arrive, the connection cannot be used again.
      await requestCancel(this.#client, connectTimeoutMs).catch(() => this.destroy());
      isAnswered = await within(pauseMs, answered);
    }
    await answered;
    clearTimeout(timer);
  }

  #explain(error: unknown, statement: string, limit: Limit | undefined): unknown {
    if (limit?.reason !== undefined && error === limit.reason) return error;
    if (isServerError(error)) {
      const explained = fromServerError(error, statement);
      if (explained.kind === 'broken') this.retire();
      return explained;
    }
    return this.isUsable ? error : brokenConnection(error, statement);
  }
}

function unreachable(cause: unknown): DatabaseError {
  const explained = isServerError(cause) ? fromServerError(cause) : undefined;
  // One that leaves while it lets us in has broken nothing off.
  if (explained && explained.kind !== 'broken') return explained;
  const sqlstate = explained?.sqlstate;
  return new DatabaseError({
    kind: 'unreachable',
    detail: detailOf('unreachable'),
    sqlstate,
    cause,
  });
}

/** A prepared statement the server has lost, or whose columns a change of the table altered. */
function isStale(error: unknown): boolean {
  if (!isServerError(error)) return false;
  return error.code === '26000' || (error.code === '0A000' && /cached plan/.test(error.message));
}

/** Whether `promise` was fulfilled within so many milliseconds; rejects when it does. */
async function within(durationMs: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, durationMs, false);
  });
  return Promise.race([promise.then(() => true), late]).finally(() => clearTimeout(timer));
}
