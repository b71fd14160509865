/** One PostgreSQL for the tests of a file, and databases on it that end with their test. */
import { after, type TestContext } from 'node:test';
import { type PostgresServer, startPostgres } from '@headgate/postgres-server';
import { createDatabase, type Database, type DatabaseOptions } from './database.ts';
import { DatabaseError, type DatabaseErrorKind } from './errors.ts';

/** Starts a server that stops after the file's tests. */
export async function startServer(
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const server = await startPostgres({ settings });
  after(() => server.stop());
  return server;
}

/** A database that is closed after the test. */
export function openDatabase(
  t: TestContext,
  server: PostgresServer,
  options: Partial<DatabaseOptions> = {},
): Database {
  const database = createDatabase({ url: server.url, ...options });
  t.after(() => database.close());
  return database;
}

/** For `assert.rejects`: a `DatabaseError` of this kind, whose other members are `terms`. */
export function failsAs(kind: DatabaseErrorKind, terms: object = {}): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof DatabaseError)) throw error;
    const told = { kind: error.kind, ...pickLike(error, terms) };
    const wanted = { kind, ...terms };
    if (JSON.stringify(told) === JSON.stringify(wanted)) return true;
    throw new Error(`${JSON.stringify(told)} instead of ${JSON.stringify(wanted)}`, {
      cause: error,
    });
  };
}

function pickLike(source: object, like: object): object {
  const keys = Object.keys(like);
  return Object.fromEntries(keys.map((key) => [key, Reflect.get(source, key) as unknown]));
}
