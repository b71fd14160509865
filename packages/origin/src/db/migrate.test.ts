import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from '@headgate/postgres-server';
import { Client } from 'pg';
import { createDatabase, type Database } from './database.ts';
import { type MigrateOptions, migrate } from './migrate.ts';
import type { MigrationErrorKind } from './migration-files.ts';

let server: PostgresServer;
let database: Database;
let client: Client;
let folder: string;

before(async () => {
  server = await startPostgres();
  database = createDatabase({ url: server.url });
  client = new Client({ connectionString: server.url });
  await client.connect();
});
after(async () => {
  await client.end();
  await database.close();
  await server.stop();
});
beforeEach(async () => {
  await client.query('drop schema public cascade; create schema public');
  folder = await mkdtemp(join(tmpdir(), 'migrations-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

function run(options: Partial<MigrateOptions> = {}) {
  return migrate({ database, folder, ...options });
}

async function value(text: string): Promise<unknown> {
  const { rows } = await client.query({ text, rowMode: 'array' });
  return rows[0]?.[0];
}

function refusal(kind: MigrationErrorKind, message: RegExp) {
  return (error: Error & { kind?: unknown }) => {
    assert.equal(error.kind, kind);
    assert.match(error.message, message);
    return true;
  };
}

const orders = {
  '0001-orders.sql': 'create table orders (id int); insert into orders values (1), (2);',
  '0002-total.sql': 'alter table orders add total int not null default 7;',
};

test('files are applied once, in order', async () => {
  await write({ ...orders, 'notes.md': 'no migration' });
  const names: string[] = [];
  assert.deepEqual(await run({ onApplied: (name) => names.push(name) }), {
    applied: Object.keys(orders),
    ahead: 0,
  });
  assert.deepEqual(names, Object.keys(orders));
  assert.equal(await value('select sum(total)::int from orders'), 14);
  assert.deepEqual((await run()).applied, []);
  await write({ '0003-more.sql': 'insert into orders values (3)' });
  assert.deepEqual((await run()).applied, ['0003-more.sql']);
  assert.equal(await value('select sum(total)::int from orders'), 21);
});

test('processes that start at once apply each file once', async () => {
  await write({
    ...orders,
    '0003-slow.sql': 'select pg_sleep(0.2); insert into orders values (3)',
    '0004-index.sql': '-- no transaction\ncreate index concurrently by_total on orders (total)',
  });
  const results = await Promise.all([run(), run(), run(), run()]);
  assert.equal(results.flatMap(({ applied }) => applied).length, 4);
  assert.equal(await value('select count(*)::int from orders'), 3);
  assert.equal(await value('select count(*)::int from headgate_migrations'), 4);
  assert.equal(
    await value(`select indisvalid from pg_index where indexrelid = 'by_total'::regclass`),
    true,
  );
});

test('a dry run tells what would be applied and leaves everything as it is', async () => {
  await write(orders);
  assert.deepEqual((await run({ isDryRun: true })).applied, Object.keys(orders));
  assert.equal(await value(`select to_regclass('headgate_migrations')`), null);
});

test('a file that fails leaves nothing behind, names its line and stops what follows', async () => {
  await write({
    ...orders,
    '0003-wrong.sql': 'insert into orders values (3);\n-- Zoë 💡\nselect nothing_of_the_kind();',
    '0004-never.sql': 'create table never ()',
  });
  await assert.rejects(run(), refusal('failed', /^0003-wrong\.sql line 3: .*nothing_of_the_kind/));
  assert.equal(await value('select count(*)::int from orders'), 2);
  assert.equal(await value(`select to_regclass('never')`), null);
  await write({ '0003-wrong.sql': 'insert into orders values (3)' });
  assert.deepEqual((await run()).applied, ['0003-wrong.sql', '0004-never.sql']);
});

test('what a file sets ends with it', async () => {
  await write({
    '0001-set.sql': "create table a (); set search_path = ''; set lock_timeout = 1",
    '0002-b.sql': 'create table b ()',
  });
  assert.equal((await run()).applied.length, 2);
  assert.equal(await value(`select to_regclass('public.b') is not null`), true);
});

test('a file that ends its transaction is refused', async () => {
  await write({ '0001-commits.sql': 'create table a (); commit; create table b ();' });
  await assert.rejects(run(), refusal('failed', /0001-commits\.sql ends its transaction itself/));
});

test('a file that was changed after it was applied is refused; its line ends do not count', async () => {
  await write({ '0001-a.sql': 'create table a ();\nselect 1;\n' });
  await run();
  await write({ '0001-a.sql': 'create table a ();\r\nselect 1;\r\n' });
  assert.deepEqual((await run()).applied, []);
  await write({ '0001-a.sql': 'create table a (id int);' });
  await assert.rejects(run(), refusal('history', /0001-a\.sql has changed since it was applied/));
});

test('a file that comes before one that was applied is refused', async () => {
  await write(orders);
  await run();
  await client.query('delete from headgate_migrations where number = 1');
  await assert.rejects(
    run(),
    refusal('history', /0001-orders\.sql was never applied, but number 2/),
  );
});

test('a database that is ahead of the files is left alone', async () => {
  await write(orders);
  await run();
  await rm(join(folder, '0002-total.sql'));
  assert.deepEqual(await run(), { applied: [], ahead: 1 });
});

test('gaps, numbers given twice and files without one are refused', async () => {
  const cases: readonly [readonly string[], RegExp][] = [
    [['0001-a.sql', '0003-c.sql'], /no migration number 2/],
    [['0002-b.sql'], /no migration number 1/],
    [['0001-a.sql', '01-b.sql'], /have the same number/],
    [['a.sql'], /a\.sql in .* has no number/],
  ];
  for (const [names, message] of cases) {
    await write(Object.fromEntries(names.map((name) => [name, 'select 1'])));
    await assert.rejects(run(), refusal('folder', message));
    for (const name of names) await rm(join(folder, name));
  }
});

test('a migration does not wait for ever for a table others use', async () => {
  await write(orders);
  await write({ '0002-total.sql': 'select 1' });
  await run();
  await write({ '0003-drop.sql': 'drop table orders' });
  await client.query('begin; select * from orders');
  await assert.rejects(
    run({ lockTimeoutMs: 50 }),
    refusal('locked', /0003-drop\.sql: .*lock timeout/),
  );
  await client.query('rollback');
  assert.deepEqual((await run()).applied, ['0003-drop.sql']);
});

test('a migration that is given up leaves nothing behind', async () => {
  await write({ ...orders, '0003-long.sql': 'create table long (); select pg_sleep(60)' });
  const leaving = new AbortController();
  const migrated = run({ signal: leaving.signal });
  const asleep = `select count(*)::int from pg_stat_activity where wait_event = 'PgSleep'`;
  while ((await value(asleep)) !== 1) await sleep(10);
  leaving.abort(new Error('enough'));
  await assert.rejects(migrated, { message: 'enough' });
  while ((await value(asleep)) !== 0) await sleep(10);
  assert.equal(await value(`select to_regclass('long')`), null);
  await write({ '0003-long.sql': 'create table long ()' });
  assert.deepEqual((await run()).applied, ['0003-long.sql']);
});

test('the wait for another process that migrates ends with the signal', async () => {
  await write(orders);
  await client.query('select pg_advisory_lock(7522525836451345509)');
  const waiting = new AbortController();
  const waited = run({ signal: waiting.signal });
  waiting.abort(new Error('enough'));
  await assert.rejects(waited, { message: 'enough' });
  await client.query('select pg_advisory_unlock_all()');
  assert.equal((await run()).applied.length, 2);
});
