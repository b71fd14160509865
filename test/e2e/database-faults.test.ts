/** The database kit when PostgreSQL or the way to it fails: nothing half done, nothing lost. */
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createDatabase,
  type Database,
  DatabaseError,
  type DatabaseOptions,
} from '@headgate/origin/db';
import { startPostgres } from '@headgate/postgres-server';
import { eventually, soon } from '../support/eventually.ts';
import { openTcpLine, type TcpLine } from '../support/tcp-line.ts';

const server = await startPostgres();
after(() => server.stop());

function open(t: TestContext, options: Partial<DatabaseOptions> = {}): Database {
  const database = createDatabase({ url: server.url, ...options });
  t.after(() => database.close());
  return database;
}

/** A database behind a line that can be cut. */
async function openBehindLine(
  t: TestContext,
  options: Partial<DatabaseOptions> = {},
): Promise<{ readonly database: Database; readonly line: TcpLine }> {
  const url = new URL(server.url);
  const line = await openTcpLine(Number(url.port));
  url.port = String(line.port);
  const database = open(t, { ...options, url: url.href });
  t.after(() => line[Symbol.asyncDispose]());
  return { database, line };
}

async function count(database: Database, table: string): Promise<number> {
  const row = await database.first<{ n: number }>(`SELECT count(*) AS n FROM ${table}`);
  return row?.n ?? Number.NaN;
}

/** The error it is rejected with, which has to be one of the database's. */
async function failureOf(work: Promise<unknown>): Promise<DatabaseError> {
  const error = await soon(
    work.then(
      () => assert.fail('it was fulfilled'),
      (reason: unknown) => reason,
    ),
    'the failure',
  );
  if (error instanceof DatabaseError) return error;
  throw error;
}

for (const mode of ['kill', 'immediate', 'fast'] as const) {
  test(`the server ends (${mode}) in a transaction: nothing of it stays, and all works again`, async (t) => {
    const database = open(t, { pool: { poolSize: 3 } });
    await database.execute(`CREATE TABLE half_${mode} (n int)`);
    await Promise.all([1, 2, 3].map(() => database.query('SELECT pg_sleep(0.01)')));
    assert.equal(database.status().size, 3);
    const failed = await failureOf(
      database.transaction(async (tx) => {
        await tx.execute(`INSERT INTO half_${mode} VALUES (1)`);
        await server.primary.stop(mode);
        await tx.execute(`INSERT INTO half_${mode} VALUES (2)`);
      }),
    );
    assert.equal(failed.kind, 'broken');
    assert.equal(failed.retryable, true);

    const down = await failureOf(database.query('SELECT 1'));
    assert.equal(down.kind, 'unreachable');
    assert.equal(down.status, 503);
    await server.primary.start();
    // Not one statement meets a connection of the time before.
    const answers = Array.from({ length: 10 }, () => count(database, `half_${mode}`));
    assert.deepEqual(await Promise.all(answers), Array(10).fill(0));
    assert.equal(database.status().inUse, 0);
  });
}

test('1,000 requests at once on 20 connections: each is answered and stored once', async (t) => {
  const application = 'crowd';
  const database = open(t, {
    name: application,
    pool: { poolSize: 12, maxOverflow: 8, poolTimeoutMs: 60_000 },
    statementTimeoutMs: 60_000,
  });
  const watcher = open(t);
  await database.execute('CREATE TABLE crowd (n int)');
  let most = 0;
  let isOver = false;
  const watching = (async () => {
    const text = `SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = $1`;
    while (!isOver) {
      const row = await watcher.first<{ n: number }>(text, [application]);
      most = Math.max(most, row?.n ?? 0);
      await sleep(2);
    }
  })();
  const write = async (n: number) => {
    if (n % 3 > 0) return database.execute('INSERT INTO crowd VALUES ($1)', [n]);
    return database.transaction((tx) => tx.execute('INSERT INTO crowd VALUES ($1)', [n]));
  };
  const answers = await Promise.all(Array.from({ length: 1_000 }, (_, n) => write(n)));
  isOver = true;
  await watching;
  assert.ok(answers.every((changed) => changed === 1));
  assert.deepEqual(
    await database.first('SELECT count(*) AS rows, count(DISTINCT n) AS numbers FROM crowd'),
    { rows: 1_000, numbers: 1_000 },
  );
  assert.equal(most, 20);
  assert.deepEqual(database.status(), { size: 12, maxSize: 20, inUse: 0, overflow: 0, waiting: 0 });
});

test('1,000 requests while their server restarts: what was answered is stored, once', async (t) => {
  const database = open(t, {
    pool: { poolSize: 12, maxOverflow: 8, poolTimeoutMs: 30_000 },
    statementTimeoutMs: 30_000,
  });
  await database.execute('CREATE TABLE restarted (n int)');
  const stored = new Set<number>();
  const unknown = new Set<number>();
  const write = async (n: number) => {
    await sleep((n % 50) * 10);
    try {
      await database.execute('INSERT INTO restarted VALUES ($1)', [n]);
      stored.add(n);
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      // Only what was under way on a connection that ended may have been stored all the same.
      if (error.kind === 'broken') unknown.add(n);
      else assert.equal(error.kind, 'unreachable');
    }
  };
  const writes = Promise.all(Array.from({ length: 1_000 }, (_, n) => write(n)));
  await sleep(150);
  await server.primary.stop('kill');
  await sleep(50);
  await server.primary.start();
  await writes;
  const rows = await database.query<{ n: number }>('SELECT n FROM restarted');
  const found = rows.map(({ n }) => n);
  assert.equal(new Set(found).size, found.length, 'one was stored twice');
  const isFound = new Set(found);
  for (const n of stored) assert.ok(isFound.has(n), `${n} was answered and is not stored`);
  for (const n of found) assert.ok(stored.has(n) || unknown.has(n), `${n} failed and is stored`);
  assert.ok(stored.size > 500 && stored.size < 1_000, `${stored.size} of 1,000 were stored`);
});

test('a line that is cut under a statement fails it, and the next one works', async (t) => {
  const { database, line } = await openBehindLine(t);
  const slow = database.query('SELECT pg_sleep(30)');
  await eventually(() => assert.equal(database.status().inUse, 1));
  await sleep(50);
  line.cut();
  const failed = await failureOf(slow);
  assert.equal(failed.kind, 'broken');
  assert.equal(failed.retryable, true, 'it only read');
  assert.equal((await failureOf(database.query('SELECT 1'))).kind, 'unreachable');
  line.mend();
  assert.deepEqual(await database.query('SELECT 1 AS n'), [{ n: 1 }]);
});

test('a cut between COMMIT and its answer is told as unknown, and is not worth repeating', async (t) => {
  const { database, line } = await openBehindLine(t);
  const direct = open(t);
  // The commit takes long enough to be cut: a deferred trigger sleeps in it.
  await direct.session((session) =>
    session.runScript(`
      CREATE TABLE unknown (n int);
      CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER lingers AFTER INSERT ON unknown
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION linger();`),
  );
  const transaction = database.transaction((tx) => tx.execute('INSERT INTO unknown VALUES (1)'));
  transaction.catch(() => {});
  const text = "SELECT 1 FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active'";
  await eventually(async () => assert.equal((await direct.query(text)).length, 1));
  line.cut();
  const failed = await failureOf(transaction);
  assert.equal(failed.kind, 'commit-unknown');
  assert.equal(failed.retryable, false);
  // The server had it all, and stores it although nobody hears of it.
  await eventually(async () => assert.equal(await count(direct, 'unknown'), 1));
});

test('a cut before COMMIT leaves nothing', async (t) => {
  const { database, line } = await openBehindLine(t);
  const direct = open(t);
  await direct.execute('CREATE TABLE cut (n int)');
  const failed = await failureOf(
    database.transaction(async (tx) => {
      await tx.execute('INSERT INTO cut VALUES (1)');
      line.cut();
      await tx.execute('INSERT INTO cut VALUES (2)');
    }),
  );
  assert.equal(failed.kind, 'broken');
  assert.equal(failed.retryable, true);
  assert.equal(await count(direct, 'cut'), 0);
});

test('a server that falls silent is given up: the caller in time, the connection soon after', async (t) => {
  const { database, line } = await openBehindLine(t, {
    statementTimeoutMs: 1_000,
    connectTimeoutMs: 1_000,
    cancelTimeoutMs: 300,
    pool: { poolSize: 1, maxOverflow: 0 },
  });
  await database.query('SELECT 1');
  line.swallow();
  assert.equal((await failureOf(database.query('SELECT 1'))).kind, 'timeout');
  await eventually(() => assert.equal(database.status().size, 0));
  line.mend();
  assert.deepEqual(await database.query('SELECT 1 AS n'), [{ n: 1 }]);
});

test('a connection that died silently while it was idle is found before it is used', async (t) => {
  const { database, line } = await openBehindLine(t, {
    connectTimeoutMs: 2_000,
    pool: { poolSize: 1, maxOverflow: 0, checkAfterIdleMs: 20 },
  });
  const backend = 'SELECT pg_backend_pid() AS pid';
  const before = await database.first(backend);
  line.swallow();
  await sleep(30);
  // It is being checked, in vain; when the line is whole again, a new one is made.
  const answer = database.first(backend);
  setTimeout(() => line.mend(), 50);
  assert.notDeepEqual(await answer, before);
});
