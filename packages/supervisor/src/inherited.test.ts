import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { inheritedSockets, withoutInheritance, workerEnvironment } from './inherited.ts';
import type { ListenEndpoint } from './messages.ts';
import { ask, isAlive, RunningProgram, until } from './running-program.test-support.ts';

const PROGRAM = join(import.meta.dirname, 'serving-supervisor.test-support.ts');
const folder = mkdtempSync(join(tmpdir(), 'inherited-'));
after(() => rmSync(folder, { recursive: true }));

test('nothing is inherited where nothing was passed on', () => {
  assert.deepEqual(inheritedSockets({}, 7), { sockets: [], problems: [] });
});

test('sockets for another process are not taken, and it says why', () => {
  assert.deepEqual(inheritedSockets({ LISTEN_FDS: '1', LISTEN_PID: '6' }, 7), {
    sockets: [],
    problems: [
      'the sockets in LISTEN_FDS are ignored: they are of process 6, and this is 7; start it without a shell or npm in between',
    ],
  });
  const { problems } = inheritedSockets({ LISTEN_FDS: '1' }, 7);
  assert.match(problems[0] ?? '', /they are of no process, and this is 7/);
});

test('what makes no sense is named and ignored', () => {
  assert.deepEqual(inheritedSockets({ LISTEN_FDS: 'two', LISTEN_PID: '7' }, 7).problems, [
    'LISTEN_FDS is ignored: "two" is no count',
  ]);
  const [problem] = inheritedSockets({ HEADGATE_INHERIT: '{' }, 7).problems;
  assert.match(problem ?? '', /^HEADGATE_INHERIT is ignored, it cannot be read: /);
});

test('workers and successors are not told of sockets that were for this process', () => {
  const env = {
    PATH: '/bin',
    LISTEN_PID: '7',
    LISTEN_FDS: '1',
    LISTEN_FDNAMES: 'public',
    HEADGATE_INHERIT: '{}',
    NOTIFY_SOCKET: '/run/notify',
    WATCHDOG_USEC: '1',
  };
  assert.deepEqual(workerEnvironment(env), { PATH: '/bin' });
  assert.deepEqual(withoutInheritance(env), {
    PATH: '/bin',
    NOTIFY_SOCKET: '/run/notify',
    WATCHDOG_USEC: '1',
  });
});

/** Passes a socket on as systemd does, also where systemd is not; then becomes the program. */
const ACTIVATE = `
import os, socket, sys
listeners = []
for address in sys.argv[1].split(','):
    if address.startswith('/'):
        s = socket.socket(socket.AF_UNIX)
        s.bind(address)
    elif address == 'udp':
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(('127.0.0.1', 0))
        listeners.append(s)
        continue
    else:
        host, port = address.rsplit(':', 1)
        s = socket.socket()
        s.bind((host, int(port)))
    s.listen(64)
    listeners.append(s)
for index, s in enumerate(listeners):
    os.dup2(s.fileno(), 100 + index)
for index in range(len(listeners)):
    os.dup2(100 + index, 3 + index, inheritable=True)
os.closerange(3 + len(listeners), 200)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(listeners)))
os.execv(sys.argv[2], sys.argv[2:])
`;

/** How to be started by something that holds the socket already. */
const LAUNCHERS = {
  'systemd-socket-activate': (address: string, command: readonly string[]) => [
    ...['-l', address, '-E', 'PATH', '-E', 'NODE_OPTIONS'],
    ...command,
  ],
  python3: (address: string, command: readonly string[]) => ['-c', ACTIVATE, address, ...command],
} as const;

async function activate(
  t: TestContext,
  launcher: keyof typeof LAUNCHERS,
  address: string,
  endpoint: ListenEndpoint,
): Promise<RunningProgram> {
  const command = [process.execPath, PROGRAM, JSON.stringify(endpoint), folder];
  const child = spawn(launcher, LAUNCHERS[launcher](address, command), {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(async () => {
    child.kill('SIGTERM');
    await until(() => assert.equal(isAlive(child.pid ?? 0), false));
  });
  return new RunningProgram(child);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

for (const launcher of Object.keys(LAUNCHERS) as (keyof typeof LAUNCHERS)[]) {
  const isMissing = spawnSync(launcher, ['--version']).status !== 0;
  const skip = isMissing && `${launcher} is not installed`;

  test(`a TCP socket that ${launcher} holds is served on`, { skip }, async (t) => {
    const port = await freePort();
    const endpoint: ListenEndpoint = { kind: 'tcp', host: '127.0.0.1', port };
    const program = await activate(t, launcher, `127.0.0.1:${port}`, endpoint);
    // systemd-socket-activate starts it when the first client comes.
    const answer = until(async () => {
      const said = await ask(endpoint);
      assert.match(said, /^\d+$/);
      return said;
    });
    const [, worker] = await program.says(/serves .* by (\d+)/);
    assert.equal(await answer, worker);
  });

  test(`a unix socket that ${launcher} holds is served on, and its file stays`, {
    skip,
  }, async (t) => {
    const path = join(folder, `${launcher}.sock`);
    const endpoint: ListenEndpoint = { kind: 'unix', path };
    const program = await activate(t, launcher, path, endpoint);
    const answer = until(async () => {
      const said = await ask(endpoint);
      assert.match(said, /^\d+$/);
      return said;
    });
    const [, worker] = await program.says(/serves .* by (\d+)/);
    assert.equal(await answer, worker);
    program.child.kill('SIGTERM');
    await until(() => assert.equal(isAlive(program.child.pid ?? 0), false));
    assert.ok(existsSync(path));
  });
}

test('a socket that takes no connections is named and left out', async (t) => {
  if (spawnSync('python3', ['--version']).status !== 0) return t.skip('python3 is not installed');
  const endpoint: ListenEndpoint = { kind: 'tcp', host: '127.0.0.1', port: 0 };
  const program = await activate(t, 'python3', 'udp,127.0.0.1:0', endpoint);
  await program.says(/socket 3 from systemd is ignored: it is no stream socket; use ListenStream=/);
  await program.says(/serves/);
});
