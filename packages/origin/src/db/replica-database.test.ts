import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from '@headgate/postgres-server';
import { createRegistry } from '@headgate/telemetry';
import { createDatabase, type Database } from './database.ts';
import { DatabaseError } from './errors.ts';
import {
  createReplicatedDatabase,
  type ReplicatedDatabase,
  type ReplicatedDatabaseOptions,
} from './replica-database.ts';

let server: PostgresServer;
/** Straight to each replica, to hold it back. */
let replicas: readonly Database[];

before(async () => {
  server = await startPostgres({ replicas: 2 });
  replicas = server.replicaUrls.map((url, i) => createDatabase({ url, name: `replica ${i}` }));
});
after(async () => {
  await Promise.all(replicas.map((replica) => replica.close()));
  await server.stop();
});

function open(options: Partial<ReplicatedDatabaseOptions> = {}): ReplicatedDatabase {
  return createReplicatedDatabase({
    primary: server.url,
    replicas: server.replicaUrls,
    pollIntervalMs: 20,
    maxLagMs: 300,
    ...options,
  });
}

beforeEach(async () => {
  const primary = createDatabase({ url: server.url });
  await primary.execute('drop table if exists notes');
  await primary.execute('create table notes (id int primary key, version int not null)');
  await primary.execute('insert into notes values (1, 0)');
  await primary.close();
});

/** Repeats `check` until it holds. */
async function until(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while (!(await check())) {
    assert.ok(performance.now() < deadlineMs, `${what} did not happen`);
    await sleep(10);
  }
}

function haveAllReplicas(database: ReplicatedDatabase): Promise<void> {
  return until(() => database.replicas.every(({ fault }) => !fault), 'all replicas being readable');
}

async function portOf(database: { first: Database['first'] }): Promise<number> {
  const row = await database.first<{ port: number }>('select inet_server_port() as port');
  return row?.port ?? 0;
}

const ports = (urls: readonly string[]) => urls.map((url) => Number(new URL(url).port));

test('reads are shared by the replicas; everything else is the primary’s', async () => {
  const registry = createRegistry();
  const database = open({ registry });
  await database.ready();
  await haveAllReplicas(database);
  const seen = await Promise.all(Array.from({ length: 40 }, () => portOf(database.reads())));
  assert.deepEqual(new Set(seen), new Set(ports(server.replicaUrls)));
  assert.deepEqual([await portOf(database)], ports([server.url]));
  assert.equal(await database.execute('update notes set version = 1'), 1);
  const text = registry.render();
  for (const { name } of database.replicas) {
    assert.match(text, new RegExp(`db_replica_readable\\{database="main",replica="${name}"\\} 1`));
    assert.match(text, new RegExp(`db_reads_total\\{database="main",target="${name}"\\} \\d+`));
  }
  await database.close();
});

test('a write that reaches a replica says so, and is not made elsewhere', async () => {
  const database = open();
  await haveAllReplicas(database);
  await assert.rejects(
    database.reads().execute('update notes set version = 9'),
    (error) => error instanceof DatabaseError && error.kind === 'read-only',
  );
  assert.deepEqual(await database.first('select version from notes'), { version: 0 });
  await database.close();
});

test('a replica that is late gets no reads until it has caught up', async () => {
  const database = open();
  await haveAllReplicas(database);
  const [late] = replicas;
  const [latePort, otherPort] = ports(server.replicaUrls);
  await late?.query('select pg_wal_replay_pause()');
  await database.execute('update notes set version = 1');
  await until(() => database.replicas[0]?.fault === 'lagging', 'the replica being late');
  for (let i = 0; i < 50; i++) assert.equal(await portOf(database.reads()), otherPort);
  await late?.query('select pg_wal_replay_resume()');
  await haveAllReplicas(database);
  await until(async () => (await portOf(database.reads())) === latePort, 'a read on it');
  await database.close();
});

test('a replica without writes to replay is not late', async () => {
  const database = open();
  await haveAllReplicas(database);
  // Twice as long as a replica may be late.
  await sleep(600);
  assert.deepEqual(
    database.replicas.map(({ fault, lagMs }) => ({ fault, lagMs })),
    [
      { fault: undefined, lagMs: 0 },
      { fault: undefined, lagMs: 0 },
    ],
  );
  await database.close();
});

test('who has written reads what was written, however late the replicas are', async () => {
  // Two databases: the one that reads has not seen the writes of the other go by.
  const [writer, reader] = [open({ maxLagMs: 60_000 }), open({ maxLagMs: 60_000 })];
  await Promise.all([haveAllReplicas(writer), haveAllReplicas(reader)]);
  const places = new Map<number, number>();
  let isOver = false;
  const disturb = async () => {
    for (let i = 0; !isOver; i++) {
      const replica = replicas[i % replicas.length];
      await replica?.query('select pg_wal_replay_pause()');
      await sleep((i * 7) % 40);
      await replica?.query('select pg_wal_replay_resume()');
    }
  };
  const disturbed = disturb();
  const pair = async (id: number) => {
    await writer.execute('insert into notes values ($1, 0)', [id]);
    for (let version = 1; version <= 50; version++) {
      const asleep = version % 5 === 0 ? `set local synchronous_commit = off` : 'select 1';
      await writer.transaction(async (tx) => {
        await tx.execute(asleep);
        await tx.execute('update notes set version = $2 where id = $1', [id, version]);
      });
      const after = await reader.acceptPosition(await writer.position());
      assert.notEqual(after, undefined);
      const row = await reader
        .reads({ after, waitMs: 20 })
        .first<{ version: number; port: number }>(
          'select version, inet_server_port() as port from notes where id = $1',
          [id],
        );
      assert.equal(row?.version, version, `read from port ${row?.port}`);
      places.set(row?.port ?? 0, (places.get(row?.port ?? 0) ?? 0) + 1);
    }
  };
  try {
    await Promise.all(Array.from({ length: 10 }, (_, i) => pair(100 + i)));
  } finally {
    isOver = true;
    await disturbed;
  }
  const [primaryPort = 0] = ports([server.url]);
  assert.ok((places.get(primaryPort) ?? 0) < 500, 'no read was made on a replica');
  await Promise.all([writer.close(), reader.close()]);
});

test('a read that nobody waits for any more is over at once', async () => {
  const database = open({ maxLagMs: 60_000 });
  await haveAllReplicas(database);
  for (const replica of replicas) await replica.query('select pg_wal_replay_pause()');
  await database.execute('update notes set version = 1');
  const after = await database.position();
  const leaving = new AbortController();
  const read = database.reads({ after, waitMs: 60_000 }).query('select 1', [], leaving);
  await sleep(20);
  leaving.abort(new Error('left'));
  await assert.rejects(read, { message: 'left' });
  for (const replica of replicas) await replica.query('select pg_wal_replay_resume()');
  await database.close();
});

test('a position from outside is taken only when the log has got there', async () => {
  const database = open();
  await database.ready();
  const other = createDatabase({ url: server.url });
  const row = await other.first<{ far: string }>(
    `select (pg_current_wal_insert_lsn() + 1000000)::text as far`,
  );
  assert.equal(await database.acceptPosition(row?.far), undefined);
  for (const text of [undefined, '', 'x', '0/0 ', "0/0'; drop table notes"]) {
    assert.equal(await database.acceptPosition(text), undefined);
  }
  assert.equal(await database.acceptPosition('0/1'), '0/1');
  assert.throws(() => database.reads({ after: 'x' }), TypeError);
  await other.close();
  await database.close();
});

test('a replica is killed: reads go on without a failure, and it is used again when it is back', async () => {
  const database = open();
  await haveAllReplicas(database);
  const [instance] = server.replicas;
  const [port] = ports(server.replicaUrls);
  let isOver = false;
  let count = 0;
  const readers = Array.from({ length: 8 }, async () => {
    while (!isOver) {
      assert.deepEqual(await database.reads().first('select version from notes'), { version: 0 });
      count++;
    }
  });
  try {
    await until(() => count > 50, 'reads');
    await instance?.stop('kill');
    await until(() => database.replicas[0]?.fault === 'unreachable', 'its end being noticed');
    const before = count;
    await until(() => count > before + 50, 'reads on the others');
    await instance?.start();
    await haveAllReplicas(database);
    await until(async () => (await portOf(database.reads())) === port, 'a read on it');
  } finally {
    isOver = true;
    await Promise.all(readers);
  }
  await database.close();
});

test('without a replica that will do the primary is read, as much as it may be', async () => {
  const gone = ['postgres://127.0.0.1:1/none'];
  const database = open({ replicas: gone, maxPrimaryReads: 1 });
  await database.ready();
  assert.deepEqual([await portOf(database.reads())], ports([server.url]));
  const ends = await Promise.allSettled(
    [1, 2].map(() => database.reads().query('select pg_sleep(0.1)')),
  );
  assert.deepEqual(
    ends.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  );
  const [, refused] = ends;
  assert.ok(refused?.status === 'rejected' && refused.reason instanceof DatabaseError);
  assert.deepEqual([refused.reason.status, refused.reason.retryable], [503, true]);
  await database.close();
});

test('a replica that was promoted gets no reads any more', async () => {
  const own = await startPostgres({ replicas: 1 });
  const [url = ''] = own.replicaUrls;
  const database = open({ primary: own.url, replicas: [url] });
  await haveAllReplicas(database);
  const promoted = createDatabase({ url });
  await promoted.query('select pg_promote()');
  await until(() => database.replicas[0]?.fault === 'not a replica', 'the promotion being noticed');
  assert.deepEqual([await portOf(database.reads())], ports([own.url]));
  await promoted.close();
  await database.close();
  await own.stop();
});
