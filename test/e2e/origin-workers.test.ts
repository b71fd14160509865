/** An origin of the kit as a supervisor and workers: everything that happens to it under load. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { type KeepAliveClients, startClients } from '../stack/keep-alive-clients.ts';
import { eventually, soon } from '../support/eventually.ts';
import { type OriginProcess, startOrigin } from '../support/origin-process.ts';
import { get, getText, openClient } from '../support/raw-client.ts';

const CLIENTS = 12;
/** So that several beats of the workers, a second apart, fall between the first and the last. */
const PAUSE_MS = 60;

test('SIGHUP three times under load serves the program on disk, and loses no request', async (t) => {
  await using origin = await startOrigin({ WORKERS: '2' });
  const clients = startClients(`${origin.url}/slow`, CLIENTS);
  for (const version of ['2', '3', '4']) {
    await more(clients);
    await origin.write({ version });
    await origin.does('SIGHUP', '2 workers were replaced');
    assert.equal((await get(origin.port, '/version')).text, version);
  }
  await more(clients);
  await clients.stop();
  t.diagnostic(`${clients.answered} requests were answered`);
  assert.deepEqual([clients.lost, clients.refused], [[], 0]);
});

test('a program that does not boot is refused, and the workers there are go on', async () => {
  await using origin = await startOrigin({ WORKERS: '2' });
  const before = await pids(origin, 2);
  const clients = startClients(`${origin.url}/slow`, CLIENTS);
  await origin.write({ bootError: 'the database is not there' });
  await origin.does('SIGHUP', 'app: the workers were not replaced: the database is not there');
  await more(clients);
  assert.deepEqual(await pids(origin, 2), before);

  await origin.write({ version: '2' });
  await origin.does('SIGHUP', '2 workers were replaced');
  await clients.stop();
  assert.deepEqual([clients.lost, clients.refused], [[], 0]);
  assert.equal((await get(origin.port, '/version')).text, '2');
});

test('a worker that is killed is replaced, and nobody is refused meanwhile', async () => {
  await using origin = await startOrigin({ WORKERS: '2' });
  const before = await pids(origin, 2);
  const clients = startClients(`${origin.url}/slow`, CLIENTS);
  await more(clients);
  const [killed = 0] = before;
  process.kill(killed, 'SIGKILL');
  await origin.says('is ready after', 3);
  await more(clients);
  const after = await pids(origin, 2);
  await clients.stop();
  assert.equal(after.has(killed), false);
  assert.equal(clients.refused, 0);
  // One request at a time on each of the connections that it had; it may have had them all.
  assert.ok(clients.lost.length <= CLIENTS, clients.lost.join('\n'));
});

test('a client that connects while the only worker is dead is answered by the next', async () => {
  await using origin = await startOrigin({ WORKERS: '1' });
  const [killed = 0] = await pids(origin, 1);
  process.kill(killed, 'SIGKILL');
  await origin.says('was ended by SIGKILL');
  assert.notEqual((await get(origin.port, '/pid')).text, String(killed));
});

test('SIGTTIN and SIGTTOU change the number of workers under load, and lose no request', async () => {
  await using origin = await startOrigin({ WORKERS: '1' });
  const clients = startClients(`${origin.url}/slow`, CLIENTS);
  await origin.does('SIGTTIN', 'is ready after');
  await origin.does('SIGTTIN', 'is ready after');
  await pids(origin, 3);
  await more(clients);
  await origin.does('SIGTTOU', 'has left');
  await origin.does('SIGTTOU', 'has left');
  await pids(origin, 1);
  await origin.does('SIGTTOU', 'there is one worker left, and it stays');
  await more(clients);
  await clients.stop();
  assert.deepEqual([clients.lost, clients.refused], [[], 0]);
});

test('fresh connections are spread evenly over the workers', async () => {
  await using origin = await startOrigin({ WORKERS: '3' });
  const open = [];
  const counts = new Map<string, number>();
  try {
    for (let i = 0; i < 30; i++) {
      const client = await openClient(origin.port);
      open.push(client);
      client.send(getText('/pid'));
      const { text } = await client.response();
      counts.set(text, (counts.get(text) ?? 0) + 1);
      // Workers know of each other what their last beats said.
      await sleep(PAUSE_MS);
    }
  } finally {
    await Promise.all(open.map((client) => client[Symbol.asyncDispose]()));
  }
  const spread = [...counts.values()].toSorted((a, b) => a - b);
  assert.equal(spread.length, 3, String(spread));
  // 10 for each, 2 of slack, and what the workers do not know of each other yet.
  assert.ok(Math.max(...spread) <= 14, String(spread));
});

test('a new worker gets its share of connections that were open before it', async () => {
  await using origin = await startOrigin({ WORKERS: '1' });
  const clients = await Promise.all(Array.from({ length: 20 }, () => openClient(origin.port)));
  try {
    await origin.does('SIGTTIN', 'is ready after');
    const told = new Set<unknown>();
    await eventually(async () => {
      for (const client of clients) {
        if (told.has(client)) continue;
        client.send(getText('/pid'));
        if ((await client.response()).header('connection') === 'close') told.add(client);
      }
      // 10 for each; of those that stay here, 2 are within the slack.
      assert.ok(told.size >= 8, `${told.size} of 20 were told to connect anew`);
    });
    assert.ok(told.size <= 12, `${told.size} of 20 were told to connect anew`);
  } finally {
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  }
});

test('the metrics are those of all workers, and no counter falls over a SIGHUP', async () => {
  await using origin = await startOrigin({ WORKERS: '2' });
  const clients = startClients(`${origin.url}/slow`, CLIENTS);
  const seen: number[] = [];
  let isOver = false;
  const scrape = async () => {
    while (!isOver) seen.push(await requestsTotal(origin));
  };
  const replace = async () => {
    await more(clients);
    await origin.does('SIGHUP', '2 workers were replaced');
    await more(clients);
    await clients.stop();
  };
  await Promise.all([scrape(), replace().finally(() => (isOver = true))]);
  // An answer is counted when its last byte has gone, which may be after the client has it.
  await eventually(async () => {
    const before = seen.length;
    seen.push(await requestsTotal(origin));
    assert.equal(seen.at(-1), clients.answered + before);
  });
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
  assert.match((await get(origin.port, '/metrics')).text, /^origin_workers\{state="ready"\} 2$/m);
});

test('a WebSocket is closed with 1012 when its worker is replaced, with 1001 when all stops', async () => {
  await using origin = await startOrigin({ WORKERS: '1', DRAIN_TIMEOUT: '2s' });
  const replaced = await openSocket(origin);
  origin.child.kill('SIGHUP');
  assert.equal(await closeCode(replaced), 1012);
  await origin.says('1 worker was replaced');

  const stopped = await openSocket(origin);
  origin.child.kill('SIGTERM');
  assert.equal(await closeCode(stopped), 1001);
  assert.equal(await origin.exited, 0);
});

test('health stays 200 while workers are replaced, and is 503 before the address goes', async () => {
  await using origin = await startOrigin({ WORKERS: '1', DRAIN_TIMEOUT: '4s' });
  await using client = await openClient(origin.port);
  const health = async () => {
    client.send(getText('/health'));
    const { status, header } = await client.response();
    return [status, header('connection')];
  };
  assert.deepEqual(await health(), [200, 'keep-alive']);
  await origin.does('SIGHUP', 'drains: a successor has taken its place');
  await eventually(async () => assert.equal((await get(origin.port, '/ready')).status, 200));
  assert.deepEqual(await health(), [200, 'close']);

  await origin.says('1 worker was replaced');
  await using other = await openClient(origin.port);
  other.send(getText('/health'));
  assert.equal((await other.response()).status, 200);
  await origin.does('SIGTERM', 'drains: everything stops');
  other.send(getText('/health'));
  assert.equal((await other.response()).status, 503);
});

test('workers that have served as many requests as they may are replaced, and none is lost', async () => {
  await using origin = await startOrigin({ WORKERS: '2', MAX_REQUESTS: '200' });
  const clients = startClients(`${origin.url}/slow`, CLIENTS);
  await origin.says('is replaced: it served', 2);
  await origin.says('has left', 2);
  await clients.stop();
  assert.deepEqual([clients.lost, clients.refused], [[], 0]);
});

test('SIGUSR2 hands the address to a new supervisor, and no request is lost', async () => {
  await using origin = await startOrigin({ WORKERS: '1' });
  const clients = startClients(`${origin.url}/slow`, CLIENTS);
  await more(clients);
  await origin.does('SIGTTIN', 'is ready after');
  await origin.write({ version: '2' });
  await origin.does('SIGUSR2', 'serves beside this one');
  await using _successor = successorOf(origin);
  origin.child.kill('SIGTERM');
  assert.equal(await soon(origin.exited, 'the end of the first supervisor'), 0);
  assert.equal((await get(origin.port, '/version')).text, '2');
  await pids(origin, 2);
  await more(clients);
  await clients.stop();
  assert.deepEqual([clients.lost, clients.refused], [[], 0]);
});

test('SIGWINCH drains the workers, SIGHUP brings them back, and who came meanwhile is answered', async () => {
  await using origin = await startOrigin({ WORKERS: '2' });
  origin.child.kill('SIGWINCH');
  await origin.says('has left', 2);
  const answer = get(origin.port, '/version');
  await origin.does('SIGHUP', 'is ready after');
  assert.equal((await answer).text, '1');
  await pids(origin, 2);
});

test('workers that could not be brought back are brought back by the next SIGHUP', async () => {
  await using origin = await startOrigin({ WORKERS: '2' });
  origin.child.kill('SIGWINCH');
  await origin.says('has left', 2);
  await origin.write({ bootError: 'the database is not there' });
  await origin.does('SIGHUP', 'app: SIGHUP: the database is not there');
  await origin.write({ version: '2' });
  await origin.does('SIGHUP', 'is ready after');
  assert.equal((await get(origin.port, '/version')).text, '2');
  await pids(origin, 2);
});

test('a successor of a supervisor whose workers have left has as many as those were', async () => {
  await using origin = await startOrigin({ WORKERS: '2' });
  origin.child.kill('SIGWINCH');
  await origin.says('has left', 2);
  await origin.does('SIGUSR2', 'serves beside this one');
  await using _successor = successorOf(origin);
  await pids(origin, 2);
});

test('a successor that ends leaves the workers to the old supervisor, when those can start again', async () => {
  await using origin = await startOrigin({ WORKERS: '1' });
  await origin.does('SIGUSR2', 'serves beside this one');
  await using successor = successorOf(origin);
  origin.child.kill('SIGWINCH');
  await origin.says('has left');
  await origin.write({ bootError: 'the database is not there' });
  process.kill(successor.pid, 'SIGQUIT');
  await origin.says('the workers cannot be brought back yet: the database is not there');
  await origin.write({ version: '2' });
  assert.equal((await eventually(() => get(origin.port, '/version'))).text, '2');
});

/** Stands in for the tool of that name: what systemd is told, and the environment to tell it in. */
async function startNotified(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-notify-'));
  t.after(() => rm(folder, { recursive: true }));
  const log = join(folder, 'log');
  await writeFile(join(folder, 'systemd-notify'), `#!/bin/sh\necho "$1" >> ${log}\n`, {
    mode: 0o755,
  });
  const told = () => readFile(log, 'utf8').then((text) => text.trim().split('\n'));
  const PATH = `${folder}:${process.env.PATH}`;
  const origin = await startOrigin({ WORKERS: '1', NOTIFY_SOCKET: '/nowhere', PATH });
  return { origin, told };
}

test('systemd is not told that a service stops which a successor goes on with', async (t) => {
  const notified = await startNotified(t);
  await using origin = notified.origin;
  await origin.does('SIGUSR2', 'serves beside this one');
  await using _successor = successorOf(origin);
  origin.child.kill('SIGTERM');
  assert.equal(await soon(origin.exited, 'the end of the first supervisor'), 0);
  assert.deepEqual(await notified.told(), ['READY=1', 'READY=1']);
});

test('systemd is told of readiness, reloads and stopping', async (t) => {
  const { origin: started, told } = await startNotified(t);
  await using origin = started;
  await eventually(async () => assert.deepEqual(await told(), ['READY=1']));
  await origin.does('SIGHUP', '1 worker was replaced');
  await eventually(async () =>
    assert.deepEqual(await told(), ['READY=1', 'RELOADING=1', 'READY=1']),
  );
  origin.child.kill('SIGTERM');
  assert.equal(await soon(origin.exited, 'the exit of the origin'), 0);
  assert.deepEqual((await told()).at(-1), 'STOPPING=1');
});

test('when the parent process goes, all drain and exit', async () => {
  await using origin = await startOrigin({ WORKERS: '2' });
  const workers = await pids(origin, 2);
  origin.child.disconnect();
  assert.equal(await soon(origin.exited, 'the exit of the origin'), 0);
  for (const pid of workers) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});

test('workers whose supervisor is killed drain by themselves', async () => {
  await using origin = await startOrigin({ WORKERS: '2' });
  const workers = await pids(origin, 2);
  await using client = await openClient(origin.port);
  client.send(getText('/slow'));
  origin.child.kill('SIGKILL');
  assert.equal((await client.response()).text, 'slow');
  for (const pid of workers) await eventually(() => assert.throws(() => process.kill(pid, 0)));
});

test('a second SIGTERM cuts what the first waits for', async () => {
  await using origin = await startOrigin({ WORKERS: '1', DRAIN_TIMEOUT: '1h' });
  await using client = await openClient(origin.port);
  client.send(getText('/never'));
  await eventually(async () =>
    assert.match((await get(origin.port, '/metrics')).text, /^origin_requests_in_flight 2$/m),
  );
  await origin.does('SIGTERM', 'drains: everything stops');
  origin.child.kill('SIGTERM');
  assert.equal(await soon(origin.exited, 'the exit of the origin'), 0);
});

test('a first program that does not boot says why, and nothing is left running', async () => {
  await assert.rejects(startOrigin({ WORKERS: '2' }, { bootError: 'no database' }), {
    message: /^the origin has exited: .*\napp: no database\n$/s,
  });
});

/** The supervisor that was started by `origin` to succeed it; ends with the test. */
function successorOf(origin: OriginProcess): AsyncDisposable & { readonly pid: number } {
  const pid = Number(/process (\d+) serves beside this one/.exec(origin.stderr)?.[1]);
  const isAlive = () => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  return {
    pid,
    async [Symbol.asyncDispose]() {
      if (isAlive()) process.kill(pid, 'SIGQUIT');
      await eventually(() => assert.equal(isAlive(), false));
    },
  };
}

/** Waits for another round of answers. */
async function more(clients: KeepAliveClients): Promise<void> {
  const enough = clients.answered + 10 * CLIENTS;
  await eventually(() => assert.ok(clients.answered >= enough));
}

/** Of the workers; waits until fresh connections meet exactly `count`. */
function pids(origin: OriginProcess, count: number): Promise<ReadonlySet<number>> {
  return eventually(async () => {
    const clients = await Promise.all(
      Array.from({ length: 8 * count }, () => openClient(origin.port)),
    );
    try {
      const found = await Promise.all(
        clients.map(async (client) => {
          client.send(getText('/pid'));
          return Number((await client.response()).text);
        }),
      );
      const met = new Set(found.toSorted((a, b) => a - b));
      assert.equal(met.size, count);
      return met;
    } finally {
      await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
    }
  });
}

async function requestsTotal(origin: OriginProcess): Promise<number> {
  const { text } = await get(origin.port, '/metrics');
  return [...text.matchAll(/^origin_requests_total\{.*\} (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

async function openSocket(origin: OriginProcess): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${origin.port}/ws`);
  await once(socket, 'open');
  return socket;
}

async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = await soon(once(socket, 'close'), 'the end of the WebSocket');
  return code;
}
