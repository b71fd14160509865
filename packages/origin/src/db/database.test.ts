import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRegistry } from '@headgate/telemetry';
import { failsAs, openDatabase, startServer } from './database.test-support.ts';
import type { QueryEvent } from './statement-watch.ts';

const server = await startServer();

test('rows, the first row and the number of changed rows', async (t) => {
  const db = openDatabase(t, server);
  await db.execute('CREATE TABLE person (id int PRIMARY KEY, name text)');
  assert.equal(await db.execute("INSERT INTO person VALUES (1, 'Ada'), (2, 'Bo')"), 2);
  assert.deepEqual(await db.query('SELECT * FROM person WHERE id > $1 ORDER BY id', [0]), [
    { id: 1, name: 'Ada' },
    { id: 2, name: 'Bo' },
  ]);
  assert.deepEqual(await db.first('SELECT name FROM person WHERE id = $1', [2]), { name: 'Bo' });
  assert.equal(await db.first('SELECT name FROM person WHERE id = $1', [3]), undefined);
  assert.deepEqual(await db.query('SELECT * FROM person WHERE false'), []);
  assert.equal(await db.execute('UPDATE person SET name = name'), 2);
  assert.equal(await db.execute('CREATE TABLE nothing ()'), 0);
});

test('values never become part of the statement', async (t) => {
  const db = openDatabase(t, server);
  const name = `'; DROP TABLE person; --`;
  assert.deepEqual(await db.first('SELECT $1::text AS name', [name]), { name });
});

test('a statement is parsed once on each connection', async (t) => {
  const db = openDatabase(t, server, { pool: { poolSize: 1, maxOverflow: 0 } });
  for (let i = 0; i < 3; i++) await db.query('SELECT $1::int AS n', [i]);
  const [prepared] = await db.query<{ count: number }>(
    "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT $1::int AS n'",
  );
  assert.equal(prepared?.count, 1);
});

test('only the last used statements stay prepared', async (t) => {
  const pool = { poolSize: 1, maxOverflow: 0 };
  const db = openDatabase(t, server, { pool, maxPrepared: 3 });
  for (let i = 0; i < 10; i++) await db.query(`SELECT ${i}`);
  const rows = await db.query('SELECT statement FROM pg_prepared_statements ORDER BY 1');
  const statements = rows.map(({ statement }) => statement);
  assert.deepEqual(statements, [
    'SELECT 8',
    'SELECT 9',
    'SELECT statement FROM pg_prepared_statements ORDER BY 1',
  ]);
});

test('a table that gets another column goes on being read', async (t) => {
  const db = openDatabase(t, server, { pool: { poolSize: 1, maxOverflow: 0 } });
  await db.execute('CREATE TABLE grows AS SELECT 1 AS a');
  assert.deepEqual(await db.query('SELECT * FROM grows'), [{ a: 1 }]);
  await db.execute('ALTER TABLE grows ADD COLUMN b int');
  assert.deepEqual(await db.query('SELECT * FROM grows'), [{ a: 1, b: null }]);
});

test('prepared statements that the server has forgotten are prepared again', async (t) => {
  const db = openDatabase(t, server, { pool: { poolSize: 1, maxOverflow: 0 } });
  await db.query('SELECT 1 AS n');
  await db.execute('DEALLOCATE ALL');
  assert.deepEqual(await db.query('SELECT 1 AS n'), [{ n: 1 }]);
});

test('errors of the server are told by kind', async (t) => {
  const db = openDatabase(t, server);
  await db.execute(`CREATE TABLE town (
    id int PRIMARY KEY, name text NOT NULL, size int CHECK (size > 0), "Mayor" int UNIQUE)`);
  await db.execute('CREATE TABLE street (town int REFERENCES town, name text)');
  await db.execute("INSERT INTO town VALUES (1, 'a', 1, 1)");
  const cases: [string, Parameters<typeof failsAs>][] = [
    [
      "INSERT INTO town VALUES (1, 'b', 1, 2)",
      [
        'constraint',
        {
          status: 409,
          violation: {
            type: 'unique',
            table: 'town',
            constraint: 'town_pkey',
            columns: ['id'],
          },
        },
      ],
    ],
    [
      "INSERT INTO town VALUES (2, 'b', 1, 1)",
      [
        'constraint',
        {
          violation: {
            type: 'unique',
            table: 'town',
            constraint: 'town_Mayor_key',
            columns: ['Mayor'],
          },
        },
      ],
    ],
    [
      'INSERT INTO town (id) VALUES (3)',
      [
        'constraint',
        { status: 422, violation: { type: 'not-null', table: 'town', columns: ['name'] } },
      ],
    ],
    [
      "INSERT INTO town VALUES (3, 'c', 0)",
      [
        'constraint',
        {
          status: 422,
          violation: { type: 'check', table: 'town', constraint: 'town_size_check', columns: [] },
        },
      ],
    ],
    [
      "INSERT INTO street VALUES (9, 'x')",
      [
        'constraint',
        {
          status: 409,
          violation: {
            type: 'foreign-key',
            table: 'street',
            constraint: 'street_town_fkey',
            columns: ['town'],
          },
        },
      ],
    ],
    ['SELEC 1', ['syntax', { status: 500, sqlstate: '42601', statement: 'SELEC 1' }]],
    ['SELECT * FROM missing', ['syntax', { sqlstate: '42P01' }]],
    ["SELECT 'x'::int", ['data', { status: 500, sqlstate: '22P02' }]],
    ['SELECT 1/0', ['data', { sqlstate: '22012' }]],
    ['SELECT pg_cancel_backend(pg_backend_pid())', ['cancelled', { status: 503, retryable: true }]],
    ['SELECT pg_terminate_backend(pg_backend_pid())', ['broken', { status: 503, retryable: true }]],
    [
      'DO $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); END $$',
      ['broken', { status: 503, retryable: false }],
    ],
  ];
  for (const [text, expected] of cases) {
    await assert.rejects(db.execute(text), failsAs(...expected), text);
  }
  assert.deepEqual(await db.query('SELECT id FROM town'), [{ id: 1 }]);
});

test('a server that cannot be reached, or refuses, is told as such', async (t) => {
  const url = new URL(server.url);
  url.port = '1';
  const nowhere = openDatabase(t, server, { url: url.href });
  await assert.rejects(
    nowhere.query('SELECT 1'),
    failsAs('unreachable', { status: 503, retryable: true, headers: { 'retry-after': '1' } }),
  );
  const wrong = new URL(server.url);
  wrong.password = 'guessed';
  const refused = openDatabase(t, server, { url: wrong.href });
  await assert.rejects(
    refused.query('SELECT 1'),
    failsAs('unreachable', { sqlstate: '28P01', retryable: false }),
  );
});

test('a statement that takes too long is cancelled on the server', async (t) => {
  const db = openDatabase(t, server, { name: 'cancels', pool: { poolSize: 1, maxOverflow: 0 } });
  const watcher = openDatabase(t, server);
  const running = () =>
    watcher.query(
      `SELECT query FROM pg_stat_activity
       WHERE application_name = 'cancels' AND state = 'active'`,
    );
  const { pid } = (await db.first<{ pid: number }>('SELECT pg_backend_pid() AS pid')) ?? {};
  let isOver = false;
  const slow = db.query('SELECT pg_sleep(60)', [], { timeoutMs: 1_000 });
  slow.catch(() => {
    isOver = true;
  });
  let seen = 0;
  while (seen === 0 && !isOver) seen = (await running()).length;
  assert.equal(seen, 1, 'it ran on the server');
  await assert.rejects(slow, failsAs('timeout', { status: 504, statement: 'SELECT pg_sleep(60)' }));
  // The same connection carries the next statement, so the first has ended.
  assert.deepEqual(await db.first('SELECT pg_backend_pid() AS pid'), { pid });
  assert.deepEqual(await running(), []);
});

test('a signal cancels on the server too, and its reason is the error', async (t) => {
  const db = openDatabase(t, server, { pool: { poolSize: 1, maxOverflow: 0 } });
  const { pid } = (await db.first<{ pid: number }>('SELECT pg_backend_pid() AS pid')) ?? {};
  const controller = new AbortController();
  const slow = db.query('SELECT pg_sleep(60)', [], { signal: controller.signal });
  await sleep(20);
  const reason = new Error('the client has left');
  controller.abort(reason);
  await assert.rejects(slow, reason);
  assert.deepEqual(await db.first('SELECT pg_backend_pid() AS pid'), { pid });
  await assert.rejects(
    db.query('SELECT 1', [], { signal: AbortSignal.abort(reason) }),
    reason,
    'one that has aborted already sends nothing',
  );
});

test('a cancelled statement never takes the next one on its connection with it', async (t) => {
  const db = openDatabase(t, server, { pool: { poolSize: 1, maxOverflow: 0 } });
  const { pid } = (await db.first<{ pid: number }>('SELECT pg_backend_pid() AS pid')) ?? {};
  let cancelled = 0;
  for (let i = 0; i < 150; i++) {
    const controller = new AbortController();
    // About as long as a cancel request takes: it arrives before, during and after the end.
    const statement = db.query('SELECT pg_sleep($1::float8)', [(i % 15) / 1000], {
      signal: controller.signal,
    });
    statement.catch(() => {});
    await sleep((i * 7) % 11);
    controller.abort(new Error('enough'));
    const outcome = await statement.then(
      () => 'done',
      () => 'cancelled',
    );
    if (outcome === 'cancelled') cancelled++;
    assert.deepEqual(await db.first('SELECT pg_backend_pid() AS pid'), { pid });
    assert.deepEqual(await db.query('SELECT pg_sleep(0.002), 7 AS n'), [{ pg_sleep: '', n: 7 }]);
  }
  assert.ok(cancelled > 0 && cancelled < 150, `${cancelled} of 150 were cancelled`);
});

test('a pool that stays full is told by name and numbers, in the order of the queue', async (t) => {
  const db = openDatabase(t, server, {
    name: 'shop',
    pool: { poolSize: 1, maxOverflow: 1, poolTimeoutMs: 150 },
  });
  const end = new AbortController();
  const hold = () => db.query('SELECT pg_sleep(60)', [], { signal: end.signal, timeoutMs: 60_000 });
  const holders = [hold(), hold()];
  while (db.status().inUse < 2) await sleep(5);
  const order: number[] = [];
  const waiters = [0, 1, 2].map(async (number) => {
    await sleep(number * 20);
    const error = await db.query('SELECT 1').then(
      () => assert.fail('there was a connection'),
      (reason: unknown) => reason,
    );
    order.push(number);
    failsAs('pool-timeout', { status: 503, retryable: true })(error);
    return String(error);
  });
  const [message] = await Promise.all(waiters);
  assert.deepEqual(order, [0, 1, 2]);
  assert.match(message ?? '', /database shop .* within 150 ms: 2 of 2 in use, \d waiting/);
  end.abort();
  await Promise.allSettled(holders);
});

test('who leaves the queue by a signal or a time leaves at once', async (t) => {
  const db = openDatabase(t, server, { pool: { poolSize: 1, maxOverflow: 0 } });
  const end = new AbortController();
  const holder = db.query('SELECT pg_sleep(60)', [], { signal: end.signal, timeoutMs: 60_000 });
  while (db.status().inUse < 1) await sleep(5);
  const controller = new AbortController();
  const reason = new Error('gone');
  const leaver = db.query('SELECT 1', [], { signal: controller.signal });
  const hurried = db.query('SELECT 1', [], { timeoutMs: 20 });
  hurried.catch(() => {});
  assert.equal(db.status().waiting, 2);
  controller.abort(reason);
  assert.equal(db.status().waiting, 1);
  await assert.rejects(leaver, reason);
  await assert.rejects(hurried, failsAs('pool-timeout'));
  end.abort();
  await Promise.allSettled([holder]);
});

test('a connection is replaced after poolRecycleMs', async (t) => {
  let nowMs = 0;
  const pool = { poolSize: 1, maxOverflow: 0, poolRecycleMs: 60_000 };
  const db = openDatabase(t, server, { pool, now: () => nowMs });
  const pid = async () => (await db.first('SELECT pg_backend_pid() AS pid'))?.pid;
  const first = await pid();
  nowMs = 59_999;
  assert.equal(await pid(), first);
  nowMs = 60_000;
  assert.notEqual(await pid(), first);
});

test('a session keeps its connection, and nothing set on it stays', async (t) => {
  const db = openDatabase(t, server, { pool: { poolSize: 1, maxOverflow: 0 } });
  await db.session(async (session) => {
    await session.runScript("SET application_name = 'mine'; CREATE TEMP TABLE scratch (n int)");
    await session.execute('INSERT INTO scratch VALUES (1)');
    assert.deepEqual(await session.first('SHOW application_name'), { application_name: 'mine' });
  });
  assert.deepEqual(await db.first('SHOW application_name'), { application_name: 'main' });
  await assert.rejects(db.query('SELECT * FROM scratch'), failsAs('syntax'));
});

test('every statement is told of: to the metrics and to whoever asks', async (t) => {
  const events: QueryEvent[] = [];
  const registry = createRegistry();
  const db = openDatabase(t, server, { registry, onQuery: (event) => events.push(event) });
  await db.query('SELECT $1::int', [1]);
  await db.transaction((tx) => tx.query('SELECT generate_series(1, 3)'));
  await assert.rejects(db.query('SELEC'));
  const told = events.map(({ text, values, rows, outcome }) => ({ text, values, rows, outcome }));
  assert.deepEqual(told, [
    { text: 'SELECT $1::int', values: [1], rows: 1, outcome: 'ok' },
    { text: 'SELECT generate_series(1, 3)', values: [], rows: 3, outcome: 'ok' },
    { text: 'SELEC', values: [], rows: 0, outcome: 'syntax' },
  ]);
  assert.ok(events.every(({ durationMs }) => durationMs > 0));
  const text = registry.render();
  assert.match(text, /db_query_duration_seconds_count\{database="main",outcome="ok"\} 2/);
  assert.match(text, /db_query_duration_seconds_count\{database="main",outcome="syntax"\} 1/);
  assert.match(text, /db_pool_wait_seconds_count\{database="main"\} 3/);
  assert.match(text, /db_pool_connections\{database="main"\} 1/);
});

test('two databases share a registry', async (t) => {
  const registry = createRegistry();
  const one = openDatabase(t, server, { registry, name: 'one' });
  openDatabase(t, server, { registry, name: 'two' });
  await one.query('SELECT 1');
  assert.match(registry.render(), /db_pool_connections\{database="one"\} 1/);
  assert.match(registry.render(), /db_pool_connections\{database="two"\} 0/);
});

test('closing waits for what is under way and lets nothing in', async (t) => {
  const db = openDatabase(t, server);
  const slow = db.query("SELECT pg_sleep(0.1), 'done' AS word");
  while (db.status().inUse === 0) await sleep(5);
  const closing = db.close();
  await assert.rejects(db.query('SELECT 1'), failsAs('closed'));
  assert.equal((await slow)[0]?.word, 'done');
  await closing;
  assert.equal(db.status().size, 0);
});

test('closing ends what takes too long', async (t) => {
  const db = openDatabase(t, server);
  const slow = db.query('SELECT pg_sleep(60)');
  slow.catch(() => {});
  while (db.status().inUse === 0) await sleep(5);
  await db.close({ timeoutMs: 50 });
  await assert.rejects(slow, failsAs('broken'));
});
