// Owns bringing a database to what its migrations say: each once, however many processes start.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from './database.ts';
import { DatabaseError } from './errors.ts';
import {
  type AppliedMigration,
  MigrationError,
  type MigrationFile,
  pendingMigrations,
  readMigrations,
} from './migration-files.ts';
import type { Row } from './queryable.ts';
import type { Session } from './session.ts';

/** What is migrated, and how. */
export interface MigrateOptions {
  /** The primary itself: a pooler that shares connections loses the lock. */
  readonly database: Database;
  /** Folder with the SQL files. */
  readonly folder: string;
  /** Tells what would be applied, and applies nothing. */
  readonly isDryRun?: boolean;
  /**
   * Milliseconds a statement waits for a lock before the migration fails: while one waits for a
   * table, all that come after it wait as well. Default 5,000.
   */
  readonly lockTimeoutMs?: number;
  /** Ends it, in the midst of a file too, which is then not applied. */
  readonly signal?: AbortSignal;
  /** Told of each file once it is applied. */
  readonly onApplied?: (name: string, durationMs: number) => void;
}

/** What `migrate` did. */
export interface MigrateResult {
  /** Names of the files applied by this call, in order; of a dry run, those it would apply. */
  readonly applied: readonly string[];
  /** How many the database has had that the folder does not have yet. */
  readonly ahead: number;
}

// Advisory locks are numbers everybody shares; this is the text "headgate" as one.
const LOCK = '7522525836451345509';
const LOCK_PAUSE_MS = 100;

const CREATE_HISTORY = `create table if not exists headgate_migrations (
  number integer primary key,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now(),
  duration_ms integer not null
)`;

/**
 * Applies the files of the folder that the database has not had yet, in order, each in a transaction
 * of its own together with its line in `headgate_migrations`. A file whose first line is
 * `-- no transaction` holds one statement that cannot run in one, such as `create index
 * concurrently`. Processes that start at once wait for one another. There is no limit of time but
 * the signal's. Rejects with a `MigrationError`, the signal's reason, or a `DatabaseError`.
 */
export async function migrate(options: MigrateOptions): Promise<MigrateResult> {
  const { database, folder, lockTimeoutMs = 5_000, signal } = options;
  const files = await readMigrations(folder);
  const settings = `set statement_timeout = 0; set lock_timeout = ${Math.ceil(lockTimeoutMs)}`;
  // The session's connection is closed afterwards: a lock or a transaction left on it ends there.
  return database.session(
    async (session) => {
      await session.runScript(settings);
      if (options.isDryRun) return report(files, await readHistory(session));
      await lock(session, signal);
      await session.execute(CREATE_HISTORY);
      const history = await readHistory(session);
      for (const file of pendingMigrations(files, history)) {
        const durationMs = await apply(session, file, settings);
        options.onApplied?.(file.name, durationMs);
      }
      return report(files, history);
    },
    { signal, timeoutMs: Number.POSITIVE_INFINITY },
  );
}

function report(
  files: readonly MigrationFile[],
  history: readonly AppliedMigration[],
): MigrateResult {
  return {
    applied: pendingMigrations(files, history).map(({ name }) => name),
    ahead: history.filter(({ number }) => number > files.length).length,
  };
}

// One that waited inside the server would be waited for by CREATE INDEX CONCURRENTLY: a deadlock.
async function lock(session: Session, signal: AbortSignal | undefined): Promise<void> {
  for (;;) {
    const row = await session.first<{ is_mine: boolean }>(
      'select pg_try_advisory_lock($1) as is_mine',
      [LOCK],
    );
    if (row?.is_mine) return;
    await sleep(LOCK_PAUSE_MS, undefined, { signal });
  }
}

async function readHistory(session: Session): Promise<readonly AppliedMigration[]> {
  const table = await session.first<{ oid: string | null }>(
    `select to_regclass('headgate_migrations')::text as oid`,
  );
  if (table?.oid == null) return [];
  return session.query<AppliedMigration & Row>(
    'select number, name, checksum from headgate_migrations order by number',
  );
}

async function apply(session: Session, file: MigrationFile, settings: string): Promise<number> {
  const startedMs = performance.now();
  const note = async () => {
    const durationMs = performance.now() - startedMs;
    // What a file sets, such as another search_path, ends with it.
    await session.runScript(`reset all; ${settings}`);
    await session.execute(
      'insert into headgate_migrations (number, name, checksum, duration_ms) values ($1, $2, $3, $4)',
      [file.number, file.name, file.checksum, Math.round(durationMs)],
    );
    return durationMs;
  };
  if (file.isOutsideTransaction) {
    await run(session, file);
    return note();
  }
  await session.runScript('begin; savepoint headgate_migration');
  await run(session, file);
  await session.execute('release savepoint headgate_migration').catch((error) => {
    const advice = 'take COMMIT and ROLLBACK out of it';
    throw new MigrationError(
      'failed',
      `${file.name} ends its transaction itself; ${advice}`,
      error,
    );
  });
  const durationMs = await note();
  // Deferred constraints are checked here.
  await session.execute('commit').catch((error) => Promise.reject(explained(file, error)));
  return durationMs;
}

async function run(session: Session, file: MigrationFile): Promise<void> {
  try {
    await session.runScript(file.text, { timeoutMs: Number.POSITIVE_INFINITY });
  } catch (error) {
    throw explained(file, error);
  }
}

/** What the server said about a file; other errors as they are. */
function explained(file: MigrationFile, error: unknown): unknown {
  if (!(error instanceof DatabaseError) || !(error.cause instanceof Error)) return error;
  const said: Error & { readonly position?: string } = error.cause;
  const line = said.position ? ` line ${lineAt(file.text, Number(said.position))}` : '';
  const isLocked = error.sqlstate === '55P03';
  const advice = isLocked ? '; something else uses the table: migrate when it is done' : '';
  return new MigrationError(
    isLocked ? 'locked' : 'failed',
    `${file.name}${line}: ${said.message}${advice}`,
    error,
  );
}

/** The line of a position, both from 1; PostgreSQL counts characters, not code units. */
function lineAt(text: string, position: number): number {
  let line = 1;
  let at = 1;
  for (const character of text) {
    if (at++ >= position) break;
    if (character === '\n') line++;
  }
  return line;
}
