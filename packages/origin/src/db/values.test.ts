import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failsAs, openDatabase, startServer } from './database.test-support.ts';
import type { SqlValue } from './queryable.ts';

const server = await startServer({ timezone: 'America/New_York' });

const day = new Date('2026-03-01T10:20:30.123Z');

const ROUND_TRIPS: readonly (readonly [string, SqlValue, unknown?])[] = [
  ['int', 7],
  ['int', null],
  ['int', -2147483648],
  ['float8', 0.1],
  ['float8', Number.POSITIVE_INFINITY],
  ['bool', true],
  ['text', ''],
  ['text', 'Zoë "quotes" \\ 🦊'],
  ['text', 12, '12'],
  ['bytea', Buffer.from([0, 1, 255])],
  ['bytea', new Uint8Array([1, 2, 3]).subarray(1), Buffer.from([2, 3])],
  ['int8', 9007199254740991],
  ['int8', 9007199254740993n],
  ['int8', -9007199254740993n],
  ['int8', 5n, 5],
  ['numeric', '12345678901234567890.123', '12345678901234567890.123'],
  ['timestamptz', day],
  ['timestamp', day],
  ['timestamptz', '2026-03-01T10:20:30.5+05:30', new Date('2026-03-01T04:50:30.500Z')],
  ['timestamptz', '0044-03-15 12:00:00+00 BC', new Date('-000043-03-15T12:00:00Z')],
  ['timestamptz', 'infinity', Number.POSITIVE_INFINITY],
  ['timestamp', 'infinity', Number.POSITIVE_INFINITY],
  ['timestamp', '2026-03-01 10:20:30', new Date('2026-03-01T10:20:30Z')],
  ['date', '2026-03-01', '2026-03-01'],
  ['json', { a: [1, { b: null }], c: 'ü' }],
  ['jsonb', { a: [1, { b: null }], c: 'ü' }],
  ['int[]', [1, null, 3]],
  ['int[]', []],
  [
    'int[]',
    [
      [1, 2],
      [3, 4],
    ],
  ],
  ['int8[]', [1, 9007199254740993n, null]],
  ['text[]', ['a', '', null, 'NULL', 'c"d', 'e\\f', '{g,h}', ' i ']],
  ['bool[]', [true, false]],
  ['float8[]', [0.5, -1]],
  ['timestamptz[]', [day, null]],
  ['timestamp[]', [day, null]],
  ['date[]', ['2026-03-01'], ['2026-03-01']],
  ['bytea[]', [Buffer.from([0, 255])]],
  ['jsonb[]', [{ a: 1 }, { b: 'x "y"' }]],
  ['uuid', '5f0c1b9c-7c7e-4f0e-9a58-0a3e2b6c1d2f'],
];

test('values arrive as they were sent, whatever time zone the server has', async (t) => {
  const db = openDatabase(t, server);
  for (const [type, value, expected = value] of ROUND_TRIPS) {
    const row = await db.first(`SELECT $1::${type} AS value`, [value]);
    assert.deepEqual(row, { value: expected }, `${type}: ${String(value)}`);
  }
});

test('a time of the server is the same instant here', async (t) => {
  const db = openDatabase(t, server);
  const { at } =
    (await db.first<{ at: Date }>("SELECT timestamptz '2026-07-01 12:00-04' AS at")) ?? {};
  assert.equal(at?.toISOString(), '2026-07-01T16:00:00.000Z');
});

test('a value its type cannot be fails, and the connection goes on', async (t) => {
  const db = openDatabase(t, server, { pool: { poolSize: 1, maxOverflow: 0 } });
  await assert.rejects(db.query('SELECT $1::int', ['x']), failsAs('data'));
  await assert.rejects(db.query('SELECT $1::text', ['nul \0 byte']), failsAs('data'));
  await assert.rejects(db.query('SELECT $1::int, $2::int', [1]), failsAs('syntax'));
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  await assert.rejects(db.query('SELECT $1::json', [circle]), TypeError);
  assert.deepEqual(await db.query('SELECT 1 AS n'), [{ n: 1 }]);
  assert.equal(db.status().inUse, 0);
});
