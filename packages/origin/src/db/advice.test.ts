import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type PostgresServer, startPostgres } from '@headgate/postgres-server';
import { createDatabaseAdvice, type DatabaseAdviceOptions } from './advice.ts';
import { indexColumns } from './advice-plan.ts';
import { createDatabase, type Database } from './database.ts';
import { rowLoader } from './loader-rows.ts';

let server: PostgresServer;

before(async () => {
  server = await startPostgres();
  const database = createDatabase({ url: server.url, statementTimeoutMs: 30_000 });
  await database.execute(
    `create table "Orders" (id int primary key, customer int, "order" text, total int)`,
  );
  await database.execute(
    `insert into "Orders" select n, n % 1000, 'order ' || n % 50, n from generate_series(1, 20000) n`,
  );
  await database.execute('create table small as select * from "Orders" limit 100');
  await database.execute('create index on "Orders" (total)');
  await database.execute('analyze');
  await database.close();
});
after(() => server.stop());

interface Advised {
  readonly database: Database;
  readonly warnings: { readonly message: string; readonly fields: Record<string, unknown> }[];
  end(): Promise<void>;
}

function advised(options: Partial<DatabaseAdviceOptions> = {}): Advised {
  const warnings: Advised['warnings'] = [];
  const advice = createDatabaseAdvice({
    logger: { warn: (message, fields) => void warnings.push({ message, fields: { ...fields } }) },
    isEnabled: true,
    slowQueryMs: 0,
    ...options,
  });
  const database = createDatabase({ url: server.url, onQuery: advice.onQuery });
  const explaining = createDatabase({ url: server.url });
  advice.explainOn(explaining);
  const end = async () => {
    await advice.settled();
    await Promise.all([database.close(), explaining.close()]);
  };
  return { database, warnings, end };
}

test('a statement one request runs again and again is told once', async () => {
  const { database, warnings, end } = advised({ slowQueryMs: 60_000 });
  const text = 'select * from small where id = $1';
  const [request, other] = [new AbortController(), new AbortController()];
  for (let id = 1; id <= 9; id++) {
    await database.query(text, [id], request);
    await database.query(text, [id], other);
    await database.query(text, [id]);
  }
  assert.equal(warnings.length, 0);
  for (let id = 10; id <= 30; id++) await database.query(text, [id], request);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]?.message ?? '', /ran this statement 10 times/);
  assert.equal(warnings[0]?.fields.statement, text);
  await end();
});

test('a loader is what the advice says it is', async () => {
  const { database, warnings, end } = advised({ slowQueryMs: 60_000 });
  const loader = rowLoader({ database, table: 'small', key: 'id' });
  const request = new AbortController();
  const rows = await loader.loadMany(
    Array.from({ length: 30 }, (_, i) => i + 1),
    request,
  );
  assert.equal(rows.filter(Boolean).length, 30);
  assert.deepEqual(warnings, []);
  await end();
});

test('a slow statement that reads a large table for want of an index is told with the index', async () => {
  const { database, warnings, end } = advised();
  const text = `select id from "Orders" where customer = $1 and "order" = $2 and total % 2 = 0 and id <> 7`;
  await database.query(text, [5, 'order 5']);
  await database.query(text, [6, 'order 6']);
  await end();
  assert.equal(warnings.length, 1);
  const [{ message, fields } = { message: '', fields: {} }] = warnings;
  assert.match(message, /reads all 20000 rows of "public"\."Orders"/);
  assert.equal(fields.statement, text);
  assert.equal(
    fields.suggestion,
    'create index concurrently on "public"."Orders" ("customer", "order")',
  );
});

test('a write is explained and not run again', async () => {
  const { database, warnings, end } = advised();
  await database.execute('update "Orders" set customer = customer + 1 where "order" = $1', [
    'order 7',
  ]);
  await end();
  assert.equal(warnings.length, 1);
  const check = createDatabase({ url: server.url });
  const row = await check.first<{ n: number }>(
    `select count(*)::int as n from "Orders" where customer = id % 1000 + 1`,
  );
  assert.equal(row?.n, 400);
  await check.close();
});

test('what an index serves, what reads a small table, and what fails is not told', async () => {
  const { database, warnings, end } = advised();
  await database.query('select * from "Orders" where id = $1', [5]);
  await database.query('select * from "Orders" where total between $1 and $2', [5, 6]);
  await database.query(`select * from small where customer = $1`, [5]);
  await database.query('select count(*) from "Orders"');
  await assert.rejects(database.query('select * from nothing where id = $1', [5]));
  await end();
  assert.deepEqual(warnings, []);
});

test('a text is explained again only after a minute', async () => {
  let nowMs = 0;
  const { database, warnings, end } = advised({ now: () => nowMs });
  const ask = () => database.query('select id from "Orders" where customer = $1', [5]);
  await ask();
  nowMs = 59_999;
  await ask();
  nowMs = 60_000;
  await ask();
  await end();
  assert.equal(warnings.length, 2);
});

test('advice is silent where it is switched off', async () => {
  const { database, warnings, end } = advised({ isEnabled: false, repeats: 1 });
  await database.query('select id from "Orders" where customer = $1', [5], new AbortController());
  await end();
  assert.deepEqual(warnings, []);
});

test('the columns of an index are those a condition compares, equality first', () => {
  const columns = ['id', 'name', 'made_at', 'a', 'User'];
  const cases: readonly [filter: string, expected: readonly string[]][] = [
    ['(t.id = 7)', ['id']],
    [
      `((t.made_at > '2026-01-01'::timestamp) AND ((t.name)::text = 'made_at = '::text))`,
      ['name', 'made_at'],
    ],
    [`(t.id = ANY ('{1,2}'::integer[]))`, ['id']],
    [`((t.name)::character varying(20) = 'it''s id = 1')`, ['name']],
    ['(t."User" = $1)', ['User']],
    ['(lower(t.name) IS NULL)', []],
    ['((t.made_at >= $1) AND (t.id < $2))', ['id']],
  ];
  for (const [filter, expected] of cases) {
    assert.deepEqual(indexColumns(filter, columns), expected, filter);
  }
});
