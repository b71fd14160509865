import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from '@headgate/postgres-server';
import fc from 'fast-check';
import { createDatabase, type Database } from './database.ts';
import { DatabaseError } from './errors.ts';
import { createShardedDatabase, type ShardedDatabase } from './shard-database.ts';
import { ShardError } from './shard-error.ts';
import { shardFenceSql } from './shard-fence.ts';
import { virtualShardOf, virtualShardSql } from './shard-hash.ts';
import { createShardMap } from './shard-map.ts';
import {
  beginMove,
  cancelMove,
  clearMoved,
  finishMove,
  openFirstVirtualShards,
  type ShardTransfer,
} from './shard-move.ts';

const VIRTUAL_SHARDS = 8;
const tables = [
  { table: 'customers', key: 'id' },
  { table: 'orders', key: 'customer_id' },
];
const TABLES = `
drop schema public cascade; create schema public;
create table customers (id text primary key, name text not null);
create table orders (
  id uuid primary key default uuidv7(),
  number int not null,
  customer_id text not null references customers,
  total numeric not null default 1,
  doubled numeric generated always as (total * 2) stored,
  made_at timestamptz not null default now()
);`;

let servers: readonly PostgresServer[];
let shards: ShardedDatabase;

/** Shard `a` owns these virtual shards, shard `b` the others. */
function mapOf(version: number, a: readonly number[]) {
  const b = [...Array(VIRTUAL_SHARDS).keys()].filter((one) => !a.includes(one));
  return createShardMap({ version, virtualShards: VIRTUAL_SHARDS, shards: { a, b } });
}

function connect(name: string): Database {
  const server = servers[name === 'a' ? 0 : 1];
  return createDatabase({ name, url: server?.url ?? '', pool: { poolTimeoutMs: 20_000 } });
}

/** A key of that virtual shard. */
function keyIn(virtualShard: number, prefix = 'key'): string {
  for (let i = 0; ; i++) {
    const key = `${prefix} ${i}`;
    if (virtualShardOf(key, VIRTUAL_SHARDS) === virtualShard) return key;
  }
}

function transfer(virtualShard: number, from: string, to: string): ShardTransfer {
  const [source, target] = [shards.database(from), shards.database(to)];
  return { virtualShard, virtualShards: VIRTUAL_SHARDS, tables, from: source, to: target };
}

async function addCustomer(key: string): Promise<void> {
  await shards.shard(key).execute('insert into customers values ($1, $2)', [key, `name of ${key}`]);
}

async function addOrder(sharded: ShardedDatabase, key: string, number: number): Promise<void> {
  await sharded.transaction([key], async (tx) => {
    await tx.execute('insert into orders (number, customer_id) values ($1, $2)', [number, key]);
  });
}

async function countOf(database: Database, table: string): Promise<number> {
  const row = await database.first<{ n: number }>(`select count(*)::int as n from ${table}`);
  return row?.n ?? 0;
}

function isShardError(kind: string) {
  return (error: unknown) => error instanceof ShardError && error.kind === kind;
}

before(async () => {
  servers = await Promise.all([startPostgres(), startPostgres()]);
});
after(() => Promise.all(servers.map((server) => server.stop())));
beforeEach(async () => {
  shards = createShardedDatabase({ map: mapOf(1, [0, 1, 2, 3]), connect });
  const script = TABLES + shardFenceSql(VIRTUAL_SHARDS, tables);
  for (const name of shards.map.shards) {
    const database = shards.database(name);
    await database.session((session) => session.runScript(script));
    await openFirstVirtualShards(database, shards.map.ownedBy(name));
  }
});
afterEach(() => shards.close());

test('the database finds the same virtual shard as the program, for any text', async () => {
  const database = shards.database('a');
  const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((one) => !one.includes('\0'));
  const keys = [
    ...fc.sample(text, 500),
    '',
    '\\',
    '\\x41',
    "'",
    'Zoë 💡',
    '-1',
    '9007199254740993',
  ];
  const rows = await database.query<{ place: number }>(
    `select ${virtualShardSql('key', 1024)} as place from unnest($1::text[]) with ordinality as k(key, i) order by i`,
    [keys],
  );
  assert.deepEqual(
    rows.map(({ place }) => place),
    keys.map((key) => virtualShardOf(key, 1024)),
  );
});

test('a shard takes the rows of its own virtual shards and no others', async () => {
  await addCustomer(keyIn(0));
  await addCustomer(keyIn(7));
  assert.equal(await countOf(shards.database('a'), 'customers'), 1);
  const insert = `insert into customers values ($1, '')`;
  await assert.rejects(
    shards.database('a').execute(insert, [keyIn(7)]),
    (error) => error instanceof DatabaseError && error.sqlstate === 'HG001',
  );
  await assert.rejects(
    shards.shard(keyIn(0)).execute('update customers set id = $1', [keyIn(7)]),
    isShardError('shard-moving'),
  );
  await assert.rejects(
    openFirstVirtualShards(shards.database('a'), [7]),
    /has virtual shards already/,
  );
});

test('a transaction over several shards is refused before anything is written', async () => {
  const keys = [keyIn(0), keyIn(7)] as const;
  const never = () => Promise.reject(new Error('must not run'));
  await assert.rejects(shards.transaction(keys, never), isShardError('cross-shard'));
  const together = [keyIn(0), keyIn(3)] as const;
  assert.equal(await shards.transaction(together, async () => 'done'), 'done');
});

test('what all shards are asked comes back in parts when one is gone', async () => {
  const gone = createDatabase({ name: 'b', url: 'postgres://127.0.0.1:1/none' });
  const half = createShardedDatabase({
    map: mapOf(1, [0]),
    connect: (name) => (name === 'a' ? connect('a') : gone),
  });
  const found = await half.all((database) => countOf(database, 'customers'));
  assert.deepEqual(found.values, [{ shard: 'a', value: 0 }]);
  assert.deepEqual([found.failures.map(({ shard }) => shard), found.isPartial], [['b'], true]);
  await half.close();
});

test('a virtual shard moves with all its rows, values unchanged', async () => {
  const key = keyIn(2);
  await addCustomer(key);
  for (let number = 0; number < 2_500; number += 500) {
    await shards
      .shard(key)
      .execute(
        'insert into orders (number, customer_id, total) select n, $2, n / 7.0 from generate_series($1::int, $1::int + 499) n',
        [number, key],
      );
  }
  await addCustomer(keyIn(3));
  const rowsOf = (sharded: ShardedDatabase) =>
    sharded.shard(key).query('select * from orders where customer_id = $1 order by number', [key]);
  const before = await rowsOf(shards);
  assert.equal(before.length, 2_500);

  const move = transfer(2, 'a', 'b');
  assert.equal(await beginMove(move), 2_501);
  assert.deepEqual(await rowsOf(shards), before);
  await assert.rejects(addOrder(shards, key, 2_500), isShardError('shard-moving'));
  shards.use(mapOf(2, [0, 1, 3]));
  assert.deepEqual(await rowsOf(shards), before);
  await assert.rejects(addOrder(shards, key, 2_500), isShardError('shard-moving'));
  await finishMove(move);
  await addOrder(shards, key, 2_500);
  await clearMoved(move);
  assert.equal((await rowsOf(shards)).length, 2_501);
  assert.equal(await countOf(shards.database('a'), 'orders'), 0);
  assert.equal(await countOf(shards.database('a'), 'customers'), 1);
});

test('a process that goes by an old map loses no write: it is refused', async () => {
  const stale = createShardedDatabase({ map: mapOf(1, [0, 1, 2, 3]), connect });
  const key = keyIn(2);
  await addCustomer(key);
  const move = transfer(2, 'a', 'b');
  await beginMove(move);
  await finishMove(move);
  await assert.rejects(addOrder(stale, key, 1), isShardError('shard-moving'));
  await clearMoved(move);
  await assert.rejects(addOrder(stale, key, 1), isShardError('shard-moving'));
  stale.use(mapOf(2, [0, 1, 3]));
  await addOrder(stale, key, 1);
  assert.throws(() => stale.use(mapOf(2, [0, 1, 2, 3])), /cannot follow/);
  await stale.close();
});

test('a move that has begun can be repeated, and taken back', async () => {
  const key = keyIn(1);
  await addCustomer(key);
  const move = transfer(1, 'a', 'b');
  await beginMove(move);
  await beginMove(move);
  assert.equal(await countOf(shards.database('b'), 'customers'), 1);
  await assert.rejects(clearMoved(move), /is not open in b/);
  await cancelMove(move);
  assert.equal(await countOf(shards.database('b'), 'customers'), 0);
  await addOrder(shards, key, 1);
  await assert.rejects(finishMove(move), /is not on its way/);
  assert.equal(await beginMove(move), 2);
  await finishMove(move);
  await assert.rejects(cancelMove(move), /is open in b/);
  await assert.rejects(beginMove(move), /is in b already/);
});

test('a move waits for transactions that write, and for no others', async () => {
  const key = keyIn(1);
  await addCustomer(key);
  await addCustomer(keyIn(2));
  const hold = Promise.withResolvers<void>();
  const wrote = Promise.withResolvers<void>();
  const writer = shards.transaction([key], async (tx) => {
    await tx.execute('insert into orders (number, customer_id) values (1, $1)', [key]);
    wrote.resolve();
    await hold.promise;
  });
  await wrote.promise;
  const begun = beginMove(transfer(1, 'a', 'b'));
  await assert.rejects(
    beginMove({ ...transfer(1, 'a', 'b'), limits: { timeoutMs: 50 } }),
    (error) => error instanceof DatabaseError && error.kind === 'timeout',
  );
  await addOrder(shards, keyIn(2), 2);
  hold.resolve();
  await writer;
  assert.equal(await begun, 2);
});

test('a transaction with an old snapshot cannot write past the fence', async () => {
  const key = keyIn(1);
  await addCustomer(key);
  const late = shards.shard(key).transaction(
    async (tx) => {
      await tx.first('select 1 from customers');
      await beginMove(transfer(1, 'a', 'b'));
      await tx.execute('insert into orders (number, customer_id) values (1, $1)', [key]);
    },
    { isolation: 'repeatable read' },
  );
  await assert.rejects(
    late,
    (error) => error instanceof DatabaseError && error.kind === 'serialization',
  );
  assert.equal(await countOf(shards.database('b'), 'orders'), 0);
});

test('writers go on while virtual shards move: nothing is lost, nothing is there twice', async () => {
  const other = createShardedDatabase({ map: shards.map, connect });
  const keys = [...Array(VIRTUAL_SHARDS).keys()].map((virtualShard) => keyIn(virtualShard));
  for (const key of keys) await addCustomer(key);
  const written = new Map(keys.map((key) => [key, 0]));
  let next = 0;
  let isOver = false;
  let refused = 0;

  const write = async (sharded: ShardedDatabase) => {
    while (!isOver) {
      const number = next++;
      const key = keys[number % keys.length] ?? '';
      while (!(await addOrder(sharded, key, number).then(() => true, isRefused))) await sleep(2);
      written.set(key, (written.get(key) ?? 0) + 1);
    }
  };
  const isRefused = (error: unknown) => {
    if (!isShardError('shard-moving')(error)) throw error;
    refused++;
    return false;
  };
  const read = async (sharded: ShardedDatabase) => {
    for (let i = 0; !isOver; i++) {
      const key = keys[i % keys.length] ?? '';
      const least = written.get(key) ?? 0;
      const row = await sharded
        .shard(key)
        .first<{ n: number }>('select count(*)::int as n from orders where customer_id = $1', [
          key,
        ]);
      assert.ok((row?.n ?? 0) >= least, `${row?.n} of at least ${least} orders of ${key}`);
    }
  };
  const work = [shards, other].flatMap((sharded) => [
    ...Array.from({ length: 4 }, () => write(sharded)),
    read(sharded),
  ]);

  const owned = [0, 1, 2, 3];
  let version = 1;
  const moveOne = async (virtualShard: number, from: string, to: string) => {
    const move = transfer(virtualShard, from, to);
    await beginMove(move);
    if (to === 'a') owned.push(virtualShard);
    else owned.splice(owned.indexOf(virtualShard), 1);
    version++;
    // Two processes do not learn of it at the same time.
    shards.use(mapOf(version, owned));
    await sleep(50);
    other.use(mapOf(version, owned));
    await finishMove(move);
    await clearMoved(move);
  };
  try {
    for (const virtualShard of [0, 1, 2, 3]) await moveOne(virtualShard, 'a', 'b');
    for (const virtualShard of [5, 0, 7]) await moveOne(virtualShard, 'b', 'a');
  } finally {
    isOver = true;
    await Promise.all(work);
  }

  const stored = await shards.all((database) =>
    database.query<{ number: number; customer_id: string }>(
      'select number, customer_id from orders',
    ),
  );
  const numbers = stored.values.flatMap(({ value }) => value.map(({ number }) => number));
  assert.deepEqual(
    numbers.toSorted((a, b) => a - b),
    [...Array(next).keys()],
  );
  for (const { shard, value } of stored.values) {
    for (const { customer_id } of value) assert.equal(shards.map.shardOf(customer_id), shard);
  }
  assert.ok(refused > 0, 'no writer met a move');
  await other.close();
});
