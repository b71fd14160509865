import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { SocketHandle } from './listen-sockets.ts';
import type { ListenEndpoint } from './messages.ts';
import { ask, isAlive, RunningProgram, until } from './running-program.test-support.ts';
import { predecessorOf, Upgrader, wasUpgraded } from './upgrade.ts';

interface Running {
  readonly folder: string;
  readonly program: RunningProgram;
  readonly pid: number;
  readonly endpoint: ListenEndpoint;
  /** Process id of its worker. */
  readonly worker: string;
}

const PROGRAM = join(import.meta.dirname, 'serving-supervisor.test-support.ts');

function createFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'upgrade-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A supervisor with one worker, which ends with the test, and its successor too. */
async function start(
  t: TestContext,
  folder: string,
  asked: ListenEndpoint = { kind: 'tcp', host: '127.0.0.1', port: 0 },
): Promise<Running> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(asked), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = child.pid ?? 0;
  t.after(() => stop(pid));
  const program = new RunningProgram(child);
  const [, endpoint = '', worker = ''] = await program.says(/serves (\{.*\}) by (\d+)/);
  return { folder, program, pid, endpoint: JSON.parse(endpoint), worker };
}

async function stop(pid: number): Promise<void> {
  if (isAlive(pid)) process.kill(pid, 'SIGTERM');
  await until(() => assert.equal(isAlive(pid), false, `${pid} has not ended`));
}

/** Orders an upgrade that is to work; the ids of the successor and its worker. */
async function upgrade(t: TestContext, { program, pid }: Running) {
  process.kill(pid, 'SIGUSR2');
  const [, worker = ''] = await program.says(/serves .* by (\d+)/);
  const [, successor] = await program.says(/\{"ok":true,"pid":(\d+)\}/);
  t.after(() => stop(Number(successor)));
  return { successor: Number(successor), worker };
}

test('a successor serves on the same socket, and goes on when the old one ends', async (t) => {
  const running = await start(t, createFolder(t));
  assert.equal(await ask(running.endpoint), running.worker);
  const { successor, worker } = await upgrade(t, running);
  assert.notEqual(worker, running.worker);

  process.kill(running.pid, 'SIGWINCH');
  await running.program.says(/drained/);
  assert.equal(await ask(running.endpoint), worker);
  await stop(running.pid);
  assert.equal(await ask(running.endpoint), worker, 'a parent that has gone is no order to stop');
  await stop(successor);
  assert.equal(await ask(running.endpoint), 'ECONNREFUSED');
});

test('after an upgrade the old one can take over again', async (t) => {
  const running = await start(t, createFolder(t));
  const { successor } = await upgrade(t, running);
  process.kill(running.pid, 'SIGWINCH');
  await running.program.says(/drained/);
  process.kill(running.pid, 'SIGHUP');
  const [, worker] = await running.program.says(/serves .* by (\d+)/);
  await stop(successor);
  await running.program.says(new RegExp(`^${running.pid} alone again after ${successor}`));
  assert.equal(await ask(running.endpoint), worker);

  const again = await upgrade(t, running);
  assert.ok(isAlive(again.successor), 'and can be upgraded again');
});

test('the file of a unix socket is removed by the last one that ends', async (t) => {
  for (const first of ['old', 'new'] as const) {
    const folder = createFolder(t);
    const path = join(folder, 'edge.sock');
    const running = await start(t, folder, { kind: 'unix', path });
    const { successor } = await upgrade(t, running);
    const [leaves, stays] = first === 'old' ? [running.pid, successor] : [successor, running.pid];
    await stop(leaves);
    if (first === 'new') await running.program.says(/alone again/);
    assert.match(await ask(running.endpoint), /^\d+$/, `${first} has ended`);
    await stop(stays);
    assert.equal(existsSync(path), false);
  }
});

test('a successor that cannot boot changes nothing', async (t) => {
  const running = await start(t, createFolder(t));
  writeFileSync(join(running.folder, 'broken'), '');
  process.kill(running.pid, 'SIGUSR2');
  const [, result = ''] = await running.program.says(/(\{"ok":false.*)/);
  assert.deepEqual(JSON.parse(result), {
    ok: false,
    why: 'the successor exited with code 3 before it was ready; its output says why',
  });
  assert.equal(await ask(running.endpoint), running.worker);

  rmSync(join(running.folder, 'broken'));
  const { worker } = await upgrade(t, running);
  assert.notEqual(worker, running.worker, 'the next upgrade may work');
});

test('a successor that is not ready in time is stopped, and its file stays', async (t) => {
  const folder = createFolder(t);
  writeFileSync(join(folder, 'mute'), '');
  const running = await start(t, folder, { kind: 'unix', path: join(folder, 'edge.sock') });
  process.kill(running.pid, 'SIGUSR2');
  const [, result = ''] = await running.program.says(/(\{"ok":false.*)/);
  assert.equal(
    JSON.parse(result).why,
    'the successor was not ready after 1500 ms, and was stopped',
  );
  assert.equal(await ask(running.endpoint), running.worker);
});

test('there is one successor at a time', async (t) => {
  const running = await start(t, createFolder(t));
  const { successor } = await upgrade(t, running);
  process.kill(running.pid, 'SIGUSR2');
  const [, result = ''] = await running.program.says(/(\{"ok":false.*)/);
  assert.equal(
    JSON.parse(result).why,
    `process ${successor} is the successor already; stop it or this one first`,
  );
});

function createUpgrader(
  node: string,
  args: readonly string[],
  onSuccessorGone: (pid: number) => void = () => assert.fail('it was never ready'),
): Upgrader {
  return new Upgrader({
    command: { node, execArgv: [], args, env: process.env },
    readyTimeoutMs: 15_000,
    killAfterMs: 200,
    onSuccessorGone,
  });
}

/** The raw handle under a socket, which is of no use any more. */
function handleUnder(socket: Socket): SocketHandle {
  const owner = socket as unknown as { _handle: SocketHandle | null };
  const handle = owner._handle;
  assert.ok(handle);
  owner._handle = null;
  socket.destroy();
  return handle;
}

test('connections that a successor had not taken are closed when it dies', async (t) => {
  // Stopped, it takes the first one out of the channel no more than the others.
  const stopped = `const { predecessorOf } = await import(${JSON.stringify(join(import.meta.dirname, 'upgrade.ts'))});
    await predecessorOf(process.env).reportReady();
    process.kill(process.pid, 'SIGSTOP');`;
  const gone = Promise.withResolvers<number>();
  const upgrader = createUpgrader(
    process.execPath,
    ['--input-type=module', '-e', stopped],
    gone.resolve,
  );
  const upgraded = await upgrader.upgrade([]);
  assert.ok(upgraded.ok);

  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const clients: Socket[] = [];
  for (let i = 0; i < 3; i++) {
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1').resume();
    t.after(() => client.destroy());
    clients.push(client);
    const [accepted] = (await once(server, 'connection')) as [Socket];
    const note = { listener: 'http', isReused: false };
    assert.ok(upgrader.handOver(handleUnder(accepted), note));
  }
  const closed = Promise.all(clients.map((client) => once(client, 'end')));
  const passedOn = upgrader.passedOn();
  process.kill(upgraded.pid, 'SIGKILL');
  assert.equal(await gone.promise, upgraded.pid);
  await Promise.all([closed, passedOn]);
});

test('an upgrade that is given up leaves no process, not even a deaf one', async (t) => {
  const file = join(createFolder(t), 'pid');
  const deaf = `process.on('SIGTERM', () => {});
    setInterval(() => {}, 1_000);
    require('node:fs').writeFileSync(process.argv[1], String(process.pid));`;
  const upgrader = createUpgrader(process.execPath, ['-e', deaf, file]);
  const giveUp = new AbortController();
  const upgrading = upgrader.upgrade([], { signal: giveUp.signal });
  const pid = await until(() => {
    const written = Number(readFileSync(file, 'utf8'));
    assert.ok(written > 0);
    return written;
  });
  assert.equal(upgrader.successor, undefined, 'it is none before it is ready');
  giveUp.abort();
  assert.deepEqual(await upgrading, {
    ok: false,
    why: 'it was given up because this supervisor is stopping',
  });
  assert.equal(isAlive(pid), false);
});

test('a program that cannot be started is told apart', async () => {
  const result = await createUpgrader('/nowhere/node', []).upgrade([]);
  assert.deepEqual(result, {
    ok: false,
    why: 'the successor cannot be started: spawn /nowhere/node ENOENT',
  });
});

test('more state than an environment holds is told, and the next upgrade may work', async () => {
  const upgrader = createUpgrader(process.execPath, ['-e', 'process.exit(4)']);
  const tooMuch = await upgrader.upgrade([], { state: 'x'.repeat(2 ** 22) });
  assert.deepEqual(tooMuch, {
    ok: false,
    why: 'the successor cannot be started: spawn E2BIG',
  });
  const next = await upgrader.upgrade([], { state: 'x' });
  assert.ok(!next.ok && next.why.includes('exited with code 4'), JSON.stringify(next));
});

test('a process that was started by hand has no predecessor', () => {
  assert.equal(wasUpgraded({}), false);
  assert.equal(predecessorOf({}), undefined);
});
