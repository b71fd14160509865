import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type PostgresServer, startPostgres } from '@headgate/postgres-server';
import fc from 'fast-check';
import { createDatabase, type Database } from './database.ts';
import { DatabaseError } from './errors.ts';
import { quoteTable } from './identifier.ts';
import { insertMany } from './insert-many.ts';
import { rowLoader, rowsLoader } from './loader-rows.ts';

let server: PostgresServer;
let database: Database;
let statements: { text: string; values: readonly unknown[] }[] = [];

before(async () => {
  server = await startPostgres();
  database = createDatabase({
    url: server.url,
    onQuery: ({ text, values }) => statements.push({ text, values }),
  });
  await database.execute('create schema "my shop"');
  await database.execute(`create table "my shop"."a""b" (
    id bigint primary key, "from" text, tags text[], extra jsonb, bytes bytea, amount numeric,
    ratio float8, at timestamptz, is_new boolean)`);
  await database.execute('create table comments (id int, post_id bigint not null)');
});
after(async () => {
  await database.close();
  await server.stop();
});

const table = 'my shop.a"b';

test('rows arrive as they are, whatever their types and names', async () => {
  const at = new Date('2026-02-03T04:05:06.789Z');
  const rows = [
    {
      id: 9_007_199_254_740_993n,
      from: `it's "quoted" \\ 💡`,
      tags: ['a,b', '"', ''],
      extra: { deep: [1, { x: null }] },
      bytes: Uint8Array.of(0, 255, 92),
      amount: '12345678901234567890.123456789',
      ratio: 0.1,
      at,
      is_new: true,
    },
    {
      id: 2,
      from: null,
      tags: [],
      extra: 'text',
      bytes: undefined,
      amount: 'NaN',
      ratio: Number.NEGATIVE_INFINITY,
      at: null,
      is_new: false,
    },
  ];
  assert.equal(await insertMany(database, table, rows), 2);
  const stored = await database.query(`select * from ${quoteTable(table)} order by id desc`);
  assert.deepEqual(stored, [
    { ...rows[0], bytes: Buffer.from([0, 255, 92]) },
    { ...rows[1], bytes: null },
  ]);
});

test('any number of rows is one statement with one parameter', async () => {
  await database.execute(`truncate ${quoteTable(table)}`);
  statements = [];
  const rows = Array.from({ length: 30_000 }, (_, id) => ({ id, from: 'x', tags: null }));
  assert.equal(await insertMany(database, table, rows), 30_000);
  assert.deepEqual([statements.length, statements[0]?.values.length], [1, 1]);
  assert.equal(await insertMany(database, table, []), 0);
  assert.equal(statements.length, 1);
});

test('rows whose key is taken fail all, or are left out when that is wanted', async () => {
  await database.execute(`truncate ${quoteTable(table)}`);
  const rows = [{ id: 1 }, { id: 2 }];
  await insertMany(database, table, rows);
  const more = [...rows, { id: 3 }];
  await assert.rejects(
    insertMany(database, table, more),
    (error) => error instanceof DatabaseError && error.violation?.type === 'unique',
  );
  assert.equal(await insertMany(database, table, more, { onConflict: 'skip' }), 1);
});

test('rows that do not have the same columns are refused', async () => {
  for (const other of [{ id: 1, extra: 2 }, { from: 'x' }, {}]) {
    await assert.rejects(insertMany(database, table, [{ id: 1 }, other]), TypeError);
  }
  await assert.rejects(insertMany(database, '', [{ id: 1 }]), TypeError);
});

test('any text is a column’s name, and none ends a statement early', async () => {
  const name = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(name, async (column) => {
      await assert.rejects(
        insertMany(database, 'comments', [{ [column]: 1 }]),
        (error) =>
          // 42703: no such column; 23502: there is one, and another must not be null.
          error instanceof DatabaseError && /^(42703|23502)$/.test(error.sqlstate ?? ''),
      );
    }),
    { numRuns: 100 },
  );
});

test('lookups of one turn are one statement over one array', async () => {
  await database.execute(`truncate ${quoteTable(table)}`);
  await insertMany(database, table, [
    { id: 1, from: 'one' },
    { id: 9_007_199_254_740_993n, from: 'large' },
  ]);
  const loader = rowLoader<{ id: number | bigint; from: string }>({ database, table, key: 'id' });
  statements = [];
  const rows = await Promise.all(
    [1, '1', 9_007_199_254_740_993n, 5].map((key) => loader.load(key)),
  );
  assert.deepEqual(
    rows.map((row) => row?.from),
    ['one', 'one', 'large', undefined],
  );
  assert.equal(statements.length, 1);
  assert.deepEqual(statements[0]?.values, [[1, 9_007_199_254_740_993n, 5]]);
});

test('the rows of a key come together, in the order of the statement', async () => {
  await insertMany(database, 'comments', [
    { id: 1, post_id: 7 },
    { id: 3, post_id: 7 },
    { id: 2, post_id: 8 },
  ]);
  const loader = rowsLoader<{ id: number }>({
    database,
    key: 'post_id',
    text: 'select post_id, id from comments where post_id = any($1) order by id desc',
  });
  const found = await loader.loadMany([7, 8, 9]);
  assert.deepEqual(
    found.map((rows) => rows?.map(({ id }) => id)),
    [[3, 1], [2], []],
  );
});

test('rows without the column of the key are refused', async () => {
  const loader = rowLoader({
    database,
    key: 'id',
    text: 'select post_id from comments where id = any($1)',
  });
  await assert.rejects(loader.load(1), /no column "id"/);
  assert.throws(() => rowLoader({ database, key: 'id' }), TypeError);
});
