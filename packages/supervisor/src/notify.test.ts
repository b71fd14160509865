import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { createNotifier, type RunNotify, runSystemdNotify } from './notify.ts';

const ASKED = { NOTIFY_SOCKET: '/run/nowhere' };

/** A `run` that waits to be let go on, and what it was called with. */
function createRun() {
  const calls: string[] = [];
  const waiting: ((error?: Error) => void)[] = [];
  const run: RunNotify = (args) => {
    calls.push(args.join(' '));
    return new Promise((resolve, reject) => {
      waiting.push((error) => (error ? reject(error) : resolve()));
    });
  };
  async function finish(error?: Error): Promise<void> {
    waiting.shift()?.(error);
    await new Promise(setImmediate);
  }
  return { calls, run, finish };
}

function failOnProblem(why: string): never {
  throw new Error(why);
}

test('nothing is run where systemd does not ask', async () => {
  const { calls, run } = createRun();
  const notifier = createNotifier({ env: {}, pid: 7, run, onProblem: failOnProblem });
  notifier.ready();
  notifier.watch(() => true);
  await notifier.close();
  assert.deepEqual(calls, []);
});

test('one message is sent at a time, in order, and of status texts the newest', async () => {
  const { calls, run, finish } = createRun();
  const notifier = createNotifier({ env: ASKED, pid: 7, run, onProblem: failOnProblem });
  notifier.ready(42);
  notifier.status('one');
  notifier.stopping();
  notifier.status('two\nlines');
  assert.deepEqual(calls, ['READY=1 MAINPID=42']);
  await finish();
  assert.deepEqual(calls.slice(1), ['STATUS=two lines']);
  await finish();
  assert.deepEqual(calls.slice(2), ['STOPPING=1']);
  const closed = notifier.close();
  await finish();
  await closed;
});

test('a reload says when it began', async () => {
  const { calls, run, finish } = createRun();
  const notifier = createNotifier({ env: ASKED, pid: 7, run, onProblem: failOnProblem });
  notifier.reloading();
  assert.match(calls[0] ?? '', /^RELOADING=1 MONOTONIC_USEC=\d+$/);
  await finish();
});

test('a failure is told once, and the next message is tried all the same', async () => {
  const { calls, run, finish } = createRun();
  const problems: string[] = [];
  const onProblem = (why: string) => problems.push(why);
  const notifier = createNotifier({ env: ASKED, pid: 7, run, onProblem });
  notifier.ready();
  await finish(new Error('spawn systemd-notify ENOENT'));
  notifier.stopping();
  await finish(new Error('spawn systemd-notify ENOENT'));
  assert.deepEqual(calls, ['READY=1', 'STOPPING=1']);
  assert.deepEqual(problems, ['systemd cannot be told: spawn systemd-notify ENOENT']);
});

test('the watchdog is fed at half of its interval, as long as the service is alive', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { calls, run } = createRun();
  const env = { ...ASKED, WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' };
  const notifier = createNotifier({ env, pid: 7, run, onProblem: failOnProblem });
  let isAlive = false;
  notifier.watch(() => isAlive);
  t.mock.timers.tick(15_000);
  assert.deepEqual(calls, []);
  isAlive = true;
  t.mock.timers.tick(14_999);
  assert.deepEqual(calls, []);
  t.mock.timers.tick(1);
  assert.deepEqual(calls, ['WATCHDOG=1']);
  void notifier.close();
  t.mock.timers.tick(60_000);
  assert.deepEqual(calls, ['WATCHDOG=1']);
});

test('a watchdog of another process is not fed; one of nobody in particular is', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { calls, run } = createRun();
  const env = { ...ASKED, WATCHDOG_USEC: '30000000' };
  const others = { ...env, WATCHDOG_PID: '8' };
  createNotifier({ env: others, pid: 7, run, onProblem: failOnProblem }).watch(() => true);
  t.mock.timers.tick(15_000);
  assert.deepEqual(calls, []);
  const notifier = createNotifier({ env, pid: 7, run, onProblem: failOnProblem });
  notifier.watch(() => true);
  t.mock.timers.tick(15_000);
  assert.deepEqual(calls, ['WATCHDOG=1']);
  void notifier.close();
});

/** Prints what arrives on a datagram socket, a line each; descriptors that come along are closed. */
const RECEIVER = `
import json, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('"bound"', flush=True)
while True:
    data, ancillary, _, _ = s.recvmsg(4096, socket.CMSG_SPACE(16))
    for _, kind, fds in ancillary:
        if kind == socket.SCM_RIGHTS:
            os.close(int.from_bytes(fds[:4], sys.byteorder))
    print(json.dumps(data.decode()), flush=True)
`;

function whyNoReceiver(): string | false {
  for (const program of ['systemd-notify', 'python3']) {
    if (spawnSync(program, ['--version']).status !== 0) return `${program} is not installed`;
  }
  return false;
}

test('a datagram socket such as systemd has gets the messages', {
  skip: whyNoReceiver(),
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'notify-'));
  after(() => rmSync(folder, { recursive: true }));
  const socket = join(folder, 'notify.sock');
  const receiver: ChildProcess = spawn('python3', ['-c', RECEIVER, socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  assert.ok(receiver.stdout);
  const lines = createInterface({ input: receiver.stdout });
  const received: string[] = [];
  const bound = once(lines, 'line');
  lines.on('line', (line) => received.push(JSON.parse(line)));
  await bound;

  const env = { ...process.env, NOTIFY_SOCKET: socket, WATCHDOG_USEC: '100000' };
  const run = runSystemdNotify(env);
  const notifier = createNotifier({ env, pid: process.pid, run, onProblem: failOnProblem });
  notifier.ready(process.pid);
  notifier.status('2 workers serve');
  notifier.watch(() => true);
  while (!received.includes('WATCHDOG=1')) await once(lines, 'line');
  await notifier.close();

  const exited = once(receiver, 'exit');
  receiver.kill();
  await exited;
  // With every message comes one that lets the sender wait until it has been read.
  const told = received.filter((message) => !['bound', 'BARRIER=1'].includes(message));
  assert.deepEqual(told.slice(0, 3), [
    `READY=1\nMAINPID=${process.pid}`,
    'STATUS=2 workers serve',
    'WATCHDOG=1',
  ]);
});
