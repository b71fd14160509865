// Owns the life of a transaction: begin, the caller's statements, commit or rollback, and again.
import type { Connection } from './connection.ts';
import { DatabaseError, detailOf } from './errors.ts';
import { type Limit, startLimit } from './limit.ts';
import type { QueryOptions } from './queryable.ts';
import { type PinHost, PinnedStatements, type Session, unlessEnded } from './session.ts';
import { timeoutError } from './statements.ts';

/** Statements that are all stored or none. Used after its end, it rejects as `closed`. */
export type Transaction = Session;

/** What a transaction is like. */
export interface TransactionOptions extends QueryOptions {
  /** Default: the server's, which is `read committed` unless changed. */
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable' | undefined;
  /** The server refuses to change anything in it. */
  readonly isReadOnly?: boolean | undefined;
  /**
   * How often it is run again after a deadlock or a conflict of serializable transactions
   * (40P01, 40001). Default 0: `run` must do nothing else that cannot be done twice.
   */
  readonly retries?: number | undefined;
}

/** How long the server may take to answer COMMIT, whose outcome is unknown after that. */
const COMMIT_TIMEOUT_MS = 10_000;
const ROLLBACK_TIMEOUT_MS = 2_000;
const FIRST_RETRY_PAUSE_MS = 10;

/** Runs `run` in a transaction; see `Database.transaction`. */
export async function runTransaction<T>(
  host: PinHost,
  run: (transaction: Transaction) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  const { signal, timeoutMs = host.transactionTimeoutMs, retries = 0 } = options;
  const limit = startLimit({ signal, timeoutMs, timeoutReason: () => timeoutError() });
  try {
    for (let retry = 0; ; retry++) {
      try {
        return await attempt(host, run, options, limit);
      } catch (error) {
        if (retry >= retries || !isConflict(error) || limit.reason !== undefined) throw error;
      }
      // Those who were in each other's way come back at different times.
      await pause(limit, FIRST_RETRY_PAUSE_MS * 2 ** retry * (0.5 + host.random()));
    }
  } finally {
    limit.release();
  }
}

async function attempt<T>(
  host: PinHost,
  run: (transaction: Transaction) => Promise<T>,
  options: TransactionOptions,
  limit: Limit,
): Promise<T> {
  const connection = await begin(host, beginText(options), limit);
  const statements = new PinnedStatements(host, connection, limit);
  try {
    const result = await unlessEnded(limit, run(statements));
    await statements.end();
    await commit(connection, statements, options);
    host.giveBack(connection);
    return result;
  } catch (error) {
    const undone = undo(connection, statements).then(() => host.giveBack(connection));
    // Whoever is out of time does not wait for the server.
    if (limit.reason === undefined) await undone;
    throw isBroken(error) ? brokenBeforeCommit(error) : error;
  }
}

function beginText({ isolation, isReadOnly }: TransactionOptions): string {
  const words = ['BEGIN'];
  if (isolation) words.push(`ISOLATION LEVEL ${isolation.toUpperCase()}`);
  if (isReadOnly) words.push('READ ONLY');
  return words.join(' ');
}

/** A connection with a transaction begun; one that turns out to be dead is exchanged once. */
async function begin(host: PinHost, text: string, limit: Limit): Promise<Connection> {
  for (let isFirst = true; ; isFirst = false) {
    const connection = await host.acquire(limit);
    try {
      await connection.run(text, [], limit);
      return connection;
    } catch (error) {
      if (!connection.settling) host.giveBack(connection);
      else void undo(connection).then(() => host.giveBack(connection));
      if (!isFirst || !isBroken(error)) throw error;
    }
  }
}

async function commit(
  connection: Connection,
  statements: PinnedStatements,
  { isReadOnly = false }: TransactionOptions,
): Promise<void> {
  // The caller's limit is not heeded any more: cancelling now would leave the outcome open.
  const limit = startLimit({
    signal: undefined,
    timeoutMs: COMMIT_TIMEOUT_MS,
    timeoutReason: () => timeoutError('COMMIT'),
  });
  try {
    const { command } = await connection.run('COMMIT', [], limit);
    if (command === 'COMMIT') return;
  } catch (error) {
    const isUnknown = isBroken(error) || limit.reason !== undefined;
    if (!isUnknown || isReadOnly) throw error;
    connection.destroy();
    const detail = detailOf('commit-unknown');
    throw new DatabaseError({ kind: 'commit-unknown', detail, cause: error });
  } finally {
    limit.release();
  }
  // A statement had failed, the caller went on, and the server rolled back instead.
  throw (
    statements.failure ??
    new DatabaseError({ kind: 'other', detail: detailOf('other'), statement: 'COMMIT' })
  );
}

/** Rolls back; a connection that cannot is closed, which does the same. */
async function undo(connection: Connection, statements?: PinnedStatements): Promise<void> {
  await statements?.end();
  await connection.settling;
  if (!connection.isUsable) return;
  const limit = startLimit({
    signal: undefined,
    timeoutMs: ROLLBACK_TIMEOUT_MS,
    timeoutReason: () => timeoutError('ROLLBACK'),
  });
  try {
    await connection.run('ROLLBACK', [], limit);
  } catch {
    connection.destroy();
  } finally {
    limit.release();
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof DatabaseError && /^(40001|40P01)$/.test(error.sqlstate ?? '');
}

function isBroken(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && error.kind === 'broken';
}

/** Nothing was stored: what is not committed is lost with its connection. */
function brokenBeforeCommit(cause: DatabaseError): DatabaseError {
  const { kind, message, statement, sqlstate } = cause;
  return new DatabaseError({ kind, detail: message, retryable: true, statement, sqlstate, cause });
}

function pause(limit: Limit, durationMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const unwatch = limit.watch((reason) => {
      clearTimeout(timer);
      reject(reason);
    });
    const timer = setTimeout(() => {
      unwatch();
      resolve();
    }, durationMs);
  });
}
