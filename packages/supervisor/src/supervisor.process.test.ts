import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { describe } from './events.ts';
import { Client, createServers, eventually, get } from './supervised-server.test-support.ts';

test('connections made while the only worker is dead are served by its successor', async (t) => {
  const servers = createServers(t);
  await servers.supervisor.start();
  const { port } = servers;
  const old = await get(t, port);
  process.kill(old, 'SIGKILL');
  const answers = await Promise.all(Array.from({ length: 50 }, () => get(t, port)));
  const [successor] = servers.pids();
  assert.ok(successor !== undefined && successor !== old);
  assert.ok(answers.every((pid) => pid === successor));
  const died = servers.events.find(({ type }) => type === 'worker-died');
  assert.match(died ? describe(died) : '', /^worker 1 was ended by SIGKILL after /);
});

test('a worker whose event loop stands still is replaced', async (t) => {
  const servers = createServers(t, { stuckAfterMs: 3_000 });
  await servers.supervisor.start();
  const old = await get(t, servers.port);
  const blocked = await Client.connect(t, servers.port);
  blocked.send('/block');
  await eventually(async () => assert.notEqual(servers.pids()[0] ?? old, old));
  assert.notEqual(await get(t, servers.port), old);
  assert.ok(servers.events.some(({ type }) => type === 'worker-stuck'));
});

test('a start fails with the words of the worker that cannot boot', async (t) => {
  const servers = createServers(t, { workers: 2 });
  servers.fault = 'refuse';
  await assert.rejects(servers.supervisor.start(), { message: 'the configuration is wrong' });
  assert.deepEqual(servers.supervisor.workers, []);
});

test('a start fails with the exit code of a worker that ends instead of booting', async (t) => {
  const servers = createServers(t, { workers: 2 });
  servers.fault = 'exit';
  await assert.rejects(servers.supervisor.start(), {
    message: /^worker \d ended with exit code 7 before it was ready$/,
  });
  assert.deepEqual(servers.supervisor.workers, []);
});

test('a start fails when a worker is not ready in time', async (t) => {
  const servers = createServers(t, { readyTimeoutMs: 300 });
  servers.fault = 'hang';
  await assert.rejects(servers.supervisor.start(), {
    message: 'worker 1 was not ready after 300 ms',
  });
  assert.deepEqual(servers.supervisor.workers, []);
});

test('a replacement that cannot boot leaves the workers as they are', async (t) => {
  const servers = createServers(t, { workers: 2 });
  await servers.supervisor.start();
  const before = servers.pids();
  servers.fault = 'refuse';
  assert.deepEqual(await servers.supervisor.replaceAll(), {
    ok: false,
    why: 'the configuration is wrong',
  });
  assert.deepEqual(servers.pids(), before);
  assert.ok(before.includes(await get(t, servers.port)));
});

test('kept-alive connections go on at the successors while all workers are replaced', async (t) => {
  const servers = createServers(t, { workers: 2 });
  await servers.supervisor.start();
  const before = servers.pids();
  const clients = await Promise.all(
    Array.from({ length: 20 }, () => Client.connect(t, servers.port)),
  );
  let isOver = false;
  const busy = Promise.all(
    clients.map(async (client, i) => {
      let last = 0;
      for (let n = 0; !isOver; n++) last = await client.get(`/${i}-${n}`);
      for (let n = 0; n < 3; n++) last = await client.get(`/${i}-last-${n}`);
      return last;
    }),
  );
  assert.deepEqual(await servers.supervisor.replaceAll(), { ok: true, replaced: 2 });
  isOver = true;
  const after = servers.pids();
  assert.equal(after.length, 2);
  assert.ok(after.every((pid) => !before.includes(pid)));
  for (const pid of await busy) assert.ok(after.includes(pid), `${pid} is not of ${after}`);
});

test('bytes that arrive while a connection has no worker are served once', async (t) => {
  const servers = createServers(t);
  await servers.supervisor.start();
  const client = await Client.connect(t, servers.port);
  const old = await client.get('/first');
  await servers.supervisor.ask('give away and die', undefined);
  await eventually(() => assert.throws(() => process.kill(old, 0)));
  client.send('/a');
  client.send('/b');
  const { pid, path } = await client.receive();
  assert.notEqual(pid, old);
  assert.equal(path, '/a');
  assert.deepEqual(await client.receive(), { pid, path: '/b' });
  assert.equal(await client.get('/c'), pid);
});

test('a connection is not lost with the worker that was to take it', async (t) => {
  const servers = createServers(t, { workers: 2 });
  await servers.supervisor.start();
  const client = await Client.connect(t, servers.port);
  const giver = await client.get('/first');
  const [target] = servers.pids().filter((pid) => pid !== giver);
  assert.ok(target);
  // The supervisor knows who has the connection.
  await eventually(() => {
    const status = servers.supervisor.workers.find(({ pid }) => pid === giver);
    assert.equal(status?.facts.connections, 1);
  });
  process.kill(target, 'SIGSTOP');
  const worker = servers.supervisor.workers.find(({ pid }) => pid === giver)?.id ?? 0;
  assert.deepEqual(await servers.supervisor.ask('give away', 1, { worker }), [
    { worker, ok: true, body: 1 },
  ]);
  client.send('/meanwhile');
  process.kill(target, 'SIGKILL');
  const answer = await client.receive();
  assert.equal(answer.path, '/meanwhile');
  assert.notEqual(answer.pid, target);
});

test('a worker that has served its requests is replaced, and no request fails', async (t) => {
  const servers = createServers(t, { recycle: { requests: 50 } });
  await servers.supervisor.start();
  const client = await Client.connect(t, servers.port);
  const first = await client.get('/');
  await eventually(async () => assert.notEqual(await client.get('/'), first));
  const recycling = servers.events.find(({ type }) => type === 'recycling');
  assert.match(
    recycling ? describe(recycling) : '',
    /^worker 1 is replaced: it served \d+ of (4[5-9]|5[0-5]) requests$/,
  );
});

test('a worker that is sent SIGTERM is replaced, and one that is sent SIGINT is not', async (t) => {
  const servers = createServers(t);
  await servers.supervisor.start();
  const client = await Client.connect(t, servers.port);
  const first = await client.get('/');
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP'] as const) process.kill(first, signal);
  assert.equal(await client.get('/'), first);
  process.kill(first, 'SIGTERM');
  await eventually(async () => assert.notEqual(await client.get('/'), first));
  await eventually(() => {
    const left = servers.events.find(({ type }) => type === 'worker-left');
    assert.ok(left && describe(left) === 'worker 1 has left');
  });
});

test('connections are spread over a worker that is added', async (t) => {
  const servers = createServers(t);
  await servers.supervisor.start();
  const clients = await Promise.all(
    Array.from({ length: 100 }, () => Client.connect(t, servers.port)),
  );
  await Promise.all(clients.map((client) => client.get('/')));
  await servers.supervisor.scale(2);
  await eventually(async () => {
    const pids = await Promise.all(clients.map((client) => client.get('/')));
    for (const worker of servers.pids()) {
      const count = pids.filter((pid) => pid === worker).length;
      assert.ok(count >= 40 && count <= 60, `${count} connections of one of two`);
    }
  });
  assert.equal(servers.pids().length, 2);
});

test('connections of workers that are no longer wanted go to those that stay', async (t) => {
  const servers = createServers(t, { workers: 3 });
  await servers.supervisor.start();
  const [oldest] = servers.pids();
  const clients = await Promise.all(
    Array.from({ length: 30 }, () => Client.connect(t, servers.port)),
  );
  await servers.supervisor.scale(1);
  await eventually(() => assert.equal(servers.supervisor.workers.length, 1));
  for (const pid of await Promise.all(clients.map((client) => client.get('/')))) {
    assert.equal(pid, oldest);
  }
});

test('a graceful stop lets a request finish, and refuses new connections', async (t) => {
  const servers = createServers(t, { workers: 2 });
  await servers.supervisor.start();
  const { port } = servers;
  const client = await Client.connect(t, port);
  await client.get('/');
  client.send('/slow');
  await eventually(async () => {
    const answers = await servers.supervisor.ask('in flight', undefined);
    assert.ok(answers.some((answer) => answer.ok && answer.body === 1));
  });
  const stopped = servers.supervisor.stop('graceful');
  assert.equal((await client.receive()).path, '/slow');
  await stopped;
  await assert.rejects(get(t, port), { code: 'ECONNREFUSED' });
  assert.deepEqual(servers.supervisor.workers, []);
});

test('workers answer asks, and gather the answers of all', async (t) => {
  const servers = createServers(t, { workers: 2 });
  await servers.supervisor.start();
  const { supervisor } = servers;
  const all = [1, 2].map((worker) => ({ worker, ok: true, body: 0 }));
  assert.deepEqual(await supervisor.ask('connections', undefined), all);
  assert.deepEqual(await supervisor.ask('gather', undefined, { worker: 2 }), [
    { worker: 2, ok: true, body: all },
  ]);
  assert.deepEqual(await supervisor.ask('fail', undefined, { worker: 1 }), [
    { worker: 1, ok: false, message: 'no such thing' },
  ]);
  assert.deepEqual(await supervisor.ask('unknown', undefined, { worker: 1 }), [
    { worker: 1, ok: false, message: 'this worker answers nothing about unknown' },
  ]);
  const [refused] = await supervisor.ask('connections', () => {}, { worker: 1 });
  assert.ok(refused && !refused.ok && /could not be cloned/.test(refused.message));
});

test('a worker leaves when its supervisor is killed', async (t) => {
  const { supervisor, pid } = await startOrphaning(t);
  process.kill(pid, 0);
  supervisor.kill('SIGKILL');
  await eventually(() => assert.throws(() => process.kill(pid, 0)));
});

test('a worker whose connections wait for a supervisor that is killed leaves as well', async (t) => {
  const { supervisor, pid, port } = await startOrphaning(t);
  const clients = [await Client.connect(t, port), await Client.connect(t, port)];
  for (const client of clients) await client.get('/');
  supervisor.kill('SIGSTOP');
  for (const client of clients) await client.get('/move');
  supervisor.kill('SIGKILL');
  await eventually(() => assert.throws(() => process.kill(pid, 0)));
});

/** A supervisor in a process of its own, with one worker. */
async function startOrphaning(t: TestContext) {
  const file = fileURLToPath(new URL('./orphaning-supervisor.test-support.ts', import.meta.url));
  const supervisor = fork(file, { execArgv: [] });
  t.after(() => supervisor.kill('SIGKILL'));
  const [{ pid, port }] = (await once(supervisor, 'message')) as [{ pid: number; port: number }];
  return { supervisor, pid, port };
}
