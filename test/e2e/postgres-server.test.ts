/** The PostgreSQL that development and tests start: it serves, survives, follows, and ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { mayKeepIn, startPostgres } from '@headgate/postgres-server';
import pg from 'pg';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/program.ts';

async function ask(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  // A server that is killed takes its connections along.
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function one(url: string, text: string): Promise<unknown> {
  return Object.values((await ask(url, text))[0] ?? {})[0];
}

/** The key under which a running server knows its piece of shared memory. */
function sharedMemoryId(dataFolder: string): string {
  const line = readFileSync(join(dataFolder, 'postmaster.pid'), 'utf8').split('\n')[6] ?? '';
  const id = line.trim().split(/\s+/)[1];
  assert.ok(id, `no shared memory is named in ${line}`);
  return id;
}

function hasSharedMemory(id: string): boolean {
  const lines = readFileSync('/proc/sysvipc/shm', 'utf8').trim().split('\n').slice(1);
  return lines.some((line) => line.trim().split(/\s+/)[1] === id);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

test('it serves, and leaves nothing when it has stopped', async () => {
  await using server = await startPostgres();
  const dataFolder = String(await one(server.url, 'SHOW data_directory'));
  const id = sharedMemoryId(dataFolder);
  const { pid } = server.primary;
  assert.ok(hasSharedMemory(id));
  assert.ok(Number(new URL(server.url).port) < 32_768);
  await server.stop();
  assert.equal(isAlive(pid), false);
  assert.equal(server.primary.pid, 0);
  assert.equal(existsSync(dataFolder), false);
  assert.equal(hasSharedMemory(id), false);
});

test('nobody gets in without the password', async () => {
  await using server = await startPostgres();
  const url = new URL(server.url);
  url.password = 'guessed';
  await assert.rejects(ask(url.href, 'SELECT 1'), /password authentication failed/);
});

for (const mode of ['fast', 'immediate', 'kill'] as const) {
  test(`what was committed is there after ${mode} and a start, at the same address`, async () => {
    await using server = await startPostgres();
    await ask(server.url, 'CREATE TABLE kept AS SELECT 42 AS n');
    const { pid, url } = server.primary;
    await server.primary.stop(mode);
    assert.equal(isAlive(pid), false);
    await server.primary.start();
    assert.notEqual(server.primary.pid, pid);
    assert.equal(await one(url, 'SELECT n FROM kept'), 42);
  });
}

test('a killed server that is not started again leaves no shared memory', async () => {
  await using server = await startPostgres();
  const id = sharedMemoryId(String(await one(server.url, 'SHOW data_directory')));
  await server.primary.stop('kill');
  await server.stop();
  assert.equal(hasSharedMemory(id), false);
});

test('replicas follow, refuse writes, can be held up, and find the primary again', async () => {
  await using server = await startPostgres({ replicas: 2 });
  assert.equal(server.replicaUrls.length, 2);
  const [first = '', second = ''] = server.replicaUrls;
  await ask(server.url, 'CREATE TABLE numbers AS SELECT 1 AS n');
  const count = (url: string) => one(url, 'SELECT count(*)::int FROM numbers');
  await eventually(async () => assert.equal(await count(first), 1));
  await eventually(async () => assert.equal(await count(second), 1));
  await assert.rejects(ask(first, 'INSERT INTO numbers VALUES (2)'), /read-only transaction/);

  await ask(first, 'SELECT pg_wal_replay_pause()');
  await ask(server.url, 'INSERT INTO numbers VALUES (2)');
  await eventually(async () => assert.equal(await count(second), 2));
  assert.equal(await count(first), 1);
  await ask(first, 'SELECT pg_wal_replay_resume()');
  await eventually(async () => assert.equal(await count(first), 2));

  await server.primary.stop('kill');
  assert.equal(await count(second), 2);
  await server.primary.start();
  await ask(server.url, 'INSERT INTO numbers VALUES (3)');
  await eventually(async () => assert.equal(await count(second), 3));
});

test('it ends with the process that started it, however that ends', async () => {
  const source = `
    import { mayKeepIn, startPostgres } from '@headgate/postgres-server';
    const server = await startPostgres({ replicas: 1 });
    console.log(JSON.stringify([server.url, ...[server.primary, ...server.replicas].map((s) => s.pid)]));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const [url, ...pids] = JSON.parse(line) as [string, ...number[]];
  const dataFolder = String(await one(url, 'SHOW data_directory'));
  const id = sharedMemoryId(dataFolder);
  assert.deepEqual(pids.map(isAlive), [true, true]);
  child.kill('SIGKILL');
  await closed;
  await eventually(() => {
    assert.deepEqual(pids.map(isAlive), [false, false]);
    assert.equal(existsSync(dataFolder), false);
    assert.equal(hasSharedMemory(id), false);
  });
});

test('a kept folder keeps data and address', async () => {
  await using place = await temporaryFolder();
  const folder = join(place.path, 'data');
  // The test's folder is its owner's alone; the server's user has to pass it.
  await chmod(place.path, 0o711);
  let url: string;
  {
    await using first = await startPostgres({ folder });
    url = first.url;
    await ask(url, 'CREATE TABLE kept AS SELECT 42 AS n');
    assert.equal(await one(url, 'SHOW fsync'), 'on');
  }
  {
    await using second = await startPostgres({ folder, replicas: 1 });
    assert.equal(second.url, url);
    assert.equal(await one(url, 'SELECT n FROM kept'), 42);
    assert.equal(await one(second.replicaUrls[0] ?? '', 'SELECT n FROM kept'), 42);
    await second.primary.stop('kill');
  }
  await using third = await startPostgres({ folder });
  assert.equal(await one(third.url, 'SELECT n FROM kept'), 42);
});

test('what an interrupted beginning has left in a kept folder is begun anew', async () => {
  await using place = await temporaryFolder();
  await chmod(place.path, 0o711);
  const kept = join(place.path, 'deep', 'data');
  assert.ok(mayKeepIn(kept));
  await mkdir(join(kept, 'primary.unfinished'), { recursive: true });
  await writeFile(join(kept, 'primary.unfinished', 'PG_VERSION'), '18\n');
  {
    await using postgres = await startPostgres({ folder: kept });
    assert.ok(postgres.url);
  }
  // The folders above its own stay as open as they were.
  assert.equal((await stat(join(place.path, 'deep'))).mode & 0o777, 0o755);
});

test('a kept folder belongs to one at a time', async () => {
  await using place = await temporaryFolder();
  const folder = join(place.path, 'data');
  await chmod(place.path, 0o711);
  await using first = await startPostgres({ folder, replicas: 1 });
  await ask(first.url, 'CREATE TABLE kept AS SELECT 42 AS n');
  await assert.rejects(startPostgres({ folder, replicas: 1 }), /data is in use by the server/);
  const [replica = ''] = first.replicaUrls;
  await eventually(async () => assert.equal(await one(replica, 'SELECT n FROM kept'), 42));
});

test('a port that somebody else has taken is exchanged for another', async () => {
  await using place = await temporaryFolder();
  const folder = join(place.path, 'data');
  await chmod(place.path, 0o711);
  const first = await startPostgres({ folder });
  await first.stop();
  const port = Number(new URL(first.url).port);
  const squatter = createServer().listen(port, '127.0.0.1');
  await once(squatter, 'listening');
  try {
    await using second = await startPostgres({ folder });
    assert.notEqual(second.url, first.url);
    assert.equal(await one(second.url, 'SELECT 1'), 1);
  } finally {
    squatter.close();
  }
});

test('settings are the server’s, and a wrong one is told with what the server says', async () => {
  const lines: string[] = [];
  await using server = await startPostgres({
    settings: { max_connections: '17' },
    onLog: (line) => lines.push(line),
  });
  assert.equal(await one(server.url, 'SHOW max_connections'), '17');
  assert.ok(lines.some((line) => line.includes('ready to accept connections')));
  await assert.rejects(startPostgres({ settings: { max_connections: 'many' } }), /max_connections/);
});
