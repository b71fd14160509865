import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { failsAs, openDatabase, startServer } from './database.test-support.ts';
import type { Database } from './database.ts';
import type { Transaction } from './transaction.ts';

const server = await startServer();

/** A table of this name with rows 1 and 2, each of value 0. */
async function createCounters(db: Database, name: string): Promise<void> {
  await db.execute(`CREATE TABLE ${name} (id int PRIMARY KEY, n int NOT NULL)`);
  await db.execute(`INSERT INTO ${name} VALUES (1, 0), (2, 0)`);
}

test('what it changed is there after it, and nowhere before', async (t) => {
  const db = openDatabase(t, server);
  await createCounters(db, 'seen');
  const sum = async () => (await db.first('SELECT sum(n)::int AS n FROM seen'))?.n;
  const result = await db.transaction(async (tx) => {
    await tx.execute('UPDATE seen SET n = 1');
    assert.equal(await sum(), 0);
    return 'done';
  });
  assert.equal(result, 'done');
  assert.equal(await sum(), 2);
  assert.equal(db.status().inUse, 0);
});

test('one that throws leaves nothing, and its error is the caller’s', async (t) => {
  const db = openDatabase(t, server);
  await createCounters(db, 'thrown');
  const error = new Error('changed my mind');
  await assert.rejects(
    db.transaction(async (tx) => {
      await tx.execute('UPDATE thrown SET n = 1');
      throw error;
    }),
    error,
  );
  assert.equal((await db.first('SELECT sum(n)::int AS n FROM thrown'))?.n, 0);
  assert.equal(db.status().inUse, 0);
});

test('it cannot be used after its end', async (t) => {
  const db = openDatabase(t, server);
  let kept: Transaction | undefined;
  await db.transaction(async (tx) => {
    kept = tx;
  });
  await assert.rejects(async () => kept?.query('SELECT 1'), failsAs('closed'));
});

test('statements asked for at once run one after the other', async (t) => {
  const db = openDatabase(t, server);
  await createCounters(db, 'turns');
  await db.transaction(async (tx) => {
    const update = 'UPDATE turns SET n = n + 1 WHERE id = 1';
    await Promise.all(Array.from({ length: 20 }, () => tx.execute(update)));
  });
  assert.equal((await db.first('SELECT n FROM turns WHERE id = 1'))?.n, 20);
});

test('a statement nobody waited for is finished before the commit', async (t) => {
  const db = openDatabase(t, server);
  await createCounters(db, 'forgotten');
  await db.transaction(async (tx) => {
    void tx.execute('UPDATE forgotten SET n = 1');
  });
  assert.equal((await db.first('SELECT sum(n)::int AS n FROM forgotten'))?.n, 2);
});

test('a failure that was swallowed is not passed off as stored', async (t) => {
  const db = openDatabase(t, server);
  await createCounters(db, 'swallowed');
  await assert.rejects(
    db.transaction(async (tx) => {
      await tx.execute('UPDATE swallowed SET n = 1');
      await tx.execute('INSERT INTO swallowed VALUES (1, 1)').catch(() => {});
      return 'fine';
    }),
    failsAs('constraint'),
  );
  assert.equal((await db.first('SELECT sum(n)::int AS n FROM swallowed'))?.n, 0);
});

test('isolation and read-only are the server’s', async (t) => {
  const db = openDatabase(t, server);
  await createCounters(db, 'isolated');
  await db.transaction(
    async (tx) => {
      const { transaction_isolation: level } = (await tx.first('SHOW transaction_isolation')) ?? {};
      assert.equal(level, 'serializable');
    },
    { isolation: 'serializable' },
  );
  await assert.rejects(
    db.transaction((tx) => tx.execute('UPDATE isolated SET n = 1'), { isReadOnly: true }),
    failsAs('read-only', { sqlstate: '25006' }),
  );
});

/** Two transactions that need each other's row; both are tried at once. */
function deadlock(db: Database, retries: number) {
  let holders = 0;
  const attempt = (first: number, second: number) =>
    db.transaction(
      async (tx) => {
        await tx.execute('UPDATE locked SET n = n + 1 WHERE id = $1', [first]);
        holders++;
        while (holders < 2) await sleep(5);
        await tx.execute('UPDATE locked SET n = n + 1 WHERE id = $1', [second]);
      },
      { retries },
    );
  return Promise.allSettled([attempt(1, 2), attempt(2, 1)]);
}

test('a deadlock is told as retryable, and run again when that is asked for', async (t) => {
  const db = openDatabase(t, server);
  await createCounters(db, 'locked');
  const once = await deadlock(db, 0);
  const [failed] = once.filter((one) => one.status === 'rejected');
  assert.ok(failed, 'the server ends one of them');
  assert.ok(failsAs('serialization', { sqlstate: '40P01', retryable: true })(failed.reason));

  await db.execute('UPDATE locked SET n = 0');
  const again = await deadlock(db, 3);
  assert.deepEqual(
    again.map(({ status }) => status),
    ['fulfilled', 'fulfilled'],
  );
  assert.deepEqual(await db.query('SELECT n FROM locked ORDER BY id'), [{ n: 2 }, { n: 2 }]);
});

test('conflicts of serializable transactions are run again, each exactly once stored', async (t) => {
  const db = openDatabase(t, server, { pool: { poolSize: 4 } });
  await createCounters(db, 'conflicts');
  const raise = () =>
    db.transaction(
      async (tx) => {
        const row = await tx.first<{ n: number }>('SELECT n FROM conflicts WHERE id = 1');
        await tx.execute('UPDATE conflicts SET n = $1 WHERE id = 1', [(row?.n ?? 0) + 1]);
      },
      { isolation: 'serializable', retries: 50 },
    );
  await Promise.all(Array.from({ length: 12 }, raise));
  assert.equal((await db.first('SELECT n FROM conflicts WHERE id = 1'))?.n, 12);
});

test('its time is limited in all: locks go, the caller knows at once', async (t) => {
  const db = openDatabase(t, server);
  await createCounters(db, 'timed');
  const stuck = new Promise<never>(() => {});
  await assert.rejects(
    db.transaction(
      async (tx) => {
        await tx.execute('UPDATE timed SET n = 1');
        await stuck;
      },
      { timeoutMs: 100 },
    ),
    failsAs('timeout'),
  );
  await db.execute('UPDATE timed SET n = n + 5', [], { timeoutMs: 5_000 });
  assert.equal((await db.first('SELECT sum(n)::int AS n FROM timed'))?.n, 10);
  assert.equal(db.status().inUse, 0);
});

test('a signal ends it in the middle of a statement, and nothing stays', async (t) => {
  const db = openDatabase(t, server, { pool: { poolSize: 1, maxOverflow: 0 } });
  await createCounters(db, 'aborted');
  const controller = new AbortController();
  const reason = new Error('the client has left');
  const transaction = db.transaction(
    async (tx) => {
      await tx.execute('UPDATE aborted SET n = 1');
      await tx.query('SELECT pg_sleep(60)');
    },
    { signal: controller.signal },
  );
  setTimeout(() => controller.abort(reason), 50);
  await assert.rejects(transaction, reason);
  // The only connection serves again, without the transaction.
  assert.equal((await db.first('SELECT sum(n)::int AS n FROM aborted'))?.n, 0);
});

test('a statement of it that takes too long fails it, the connection stays', async (t) => {
  const db = openDatabase(t, server, { pool: { poolSize: 1, maxOverflow: 0 } });
  await createCounters(db, 'slow');
  const { pid } = (await db.first<{ pid: number }>('SELECT pg_backend_pid() AS pid')) ?? {};
  await assert.rejects(
    db.transaction(async (tx) => {
      await tx.execute('UPDATE slow SET n = 1');
      await tx.query('SELECT pg_sleep(60)', [], { timeoutMs: 50 });
    }),
    failsAs('timeout'),
  );
  assert.deepEqual(await db.first('SELECT pg_backend_pid() AS pid'), { pid });
  assert.equal((await db.first('SELECT sum(n)::int AS n FROM slow'))?.n, 0);
});

test('a deferred constraint speaks at the commit', async (t) => {
  const db = openDatabase(t, server);
  await db.execute('CREATE TABLE late (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)');
  await assert.rejects(
    db.transaction((tx) => tx.execute('INSERT INTO late VALUES (1), (1)')),
    failsAs('constraint', { sqlstate: '23505' }),
  );
  assert.deepEqual(await db.query('SELECT * FROM late'), []);
});

test('a connection that died unnoticed before BEGIN is exchanged', async (t) => {
  const db = openDatabase(t, server, { pool: { poolSize: 1, maxOverflow: 0 } });
  const other = openDatabase(t, server);
  const { pid } = (await db.first<{ pid: number }>('SELECT pg_backend_pid() AS pid')) ?? {};
  await other.query('SELECT pg_terminate_backend($1)', [pid ?? 0]);
  const row = await db.transaction((tx) => tx.first('SELECT 1 AS n'));
  assert.deepEqual(row, { n: 1 });
});
