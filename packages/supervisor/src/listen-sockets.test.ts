import assert from 'node:assert/strict';
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import net, { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { ListenSockets, type SocketHandle } from './listen-sockets.ts';
import type { ListenEndpoint } from './messages.ts';

const folder = mkdtempSync(join(tmpdir(), 'sockets-'));
after(() => rmSync(folder, { recursive: true }));

const ANY: ListenEndpoint = { kind: 'tcp', host: '127.0.0.1', port: 0 };

/** A worker that listens on `handle`. */
async function startWorker(handle: SocketHandle): Promise<ChildProcess> {
  const worker = fork(join(import.meta.dirname, 'serving-worker.test-support.ts'));
  await once(worker, 'message');
  worker.send('listen', handle as never, { keepOpen: true });
  const [said] = await once(worker, 'message');
  assert.equal(said, 'listening');
  return worker;
}

async function kill(worker: ChildProcess): Promise<void> {
  const exited = once(worker, 'exit');
  worker.kill('SIGKILL');
  await exited;
}

function dial(endpoint: ListenEndpoint): net.Socket {
  return endpoint.kind === 'unix' ? connect(endpoint.path) : connect(endpoint.port, endpoint.host);
}

/** What whoever listens there says, or the error's code. */
async function ask(endpoint: ListenEndpoint): Promise<string> {
  return text(dial(endpoint)).catch((error) => error.code);
}

function portOf(endpoint: ListenEndpoint): number {
  assert.equal(endpoint.kind, 'tcp');
  return endpoint.port;
}

async function withSockets(run: (sockets: ListenSockets) => Promise<void>): Promise<void> {
  const sockets = new ListenSockets([]);
  try {
    await run(sockets);
  } finally {
    sockets.closeAll();
  }
}

/** A port that somebody else listens on, while `run` does. */
async function withTakenPort(run: (port: number) => Promise<void>): Promise<void> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  await run((server.address() as net.AddressInfo).port);
  server.close();
}

test('Node still has the undocumented function that binds without listening', () => {
  const create = (net as unknown as Record<string, (...of: unknown[]) => SocketHandle>)
    ._createServerHandle;
  const handle = create?.('127.0.0.1', 0, 4);
  assert.equal(typeof handle?.close, 'function');
  assert.equal(typeof handle?.fd, 'number');
  handle?.close();
});

for (const kind of ['tcp', 'unix'] as const) {
  test(`a ${kind} socket outlives its only worker, and its backlog waits for the next`, () =>
    withSockets(async (sockets) => {
      const asked: ListenEndpoint =
        kind === 'tcp' ? ANY : { kind: 'unix', path: join(folder, 'outlives.sock') };
      const { handle, endpoint } = await sockets.open('public', asked);
      assert.equal(await ask(endpoint), 'ECONNREFUSED', 'nobody listens yet');

      const first = await startWorker(handle);
      assert.equal(await ask(endpoint), String(first.pid));
      await kill(first);

      const waiting = dial(endpoint);
      await once(waiting, 'connect');
      const answer = text(waiting);
      const second = await startWorker(handle);
      assert.equal(await answer, String(second.pid));
      await kill(second);
    }));
}

test('a key is opened once, however many ask for it at once', () =>
  withSockets(async (sockets) => {
    const [one, two] = await Promise.all([sockets.open('a', ANY), sockets.open('a', ANY)]);
    assert.equal(one.handle, two.handle);
    assert.deepEqual(await sockets.open('a', one.endpoint), one, 'by the port it got as well');
    assert.deepEqual(sockets.keys(), ['a']);
  }));

test('two keys that ask for any port get different ones', () =>
  withSockets(async (sockets) => {
    const [one, two] = await Promise.all([sockets.open('a', ANY), sockets.open('b', ANY)]);
    assert.notEqual(portOf(one.endpoint), 0);
    assert.notEqual(portOf(one.endpoint), portOf(two.endpoint));
  }));

test('two keys cannot have one address, wildcards included', () =>
  withSockets(async (sockets) => {
    const { endpoint } = await sockets.open('a', ANY);
    const port = portOf(endpoint);
    await assert.rejects(sockets.open('b', endpoint), {
      message: `127.0.0.1:${port} of listener b is taken by listener a; change one of them`,
    });
    await assert.rejects(sockets.open('b', { kind: 'tcp', host: '0.0.0.0', port }), /is taken by/);
    await assert.rejects(sockets.open('b', { kind: 'tcp', host: '::', port }), /is taken by/);
    assert.deepEqual(sockets.keys(), ['a']);
  }));

test('an open key does not move to another address by itself', () =>
  withSockets(async (sockets) => {
    const { endpoint } = await sockets.open('a', ANY);
    await assert.rejects(sockets.open('a', { kind: 'unix', path: join(folder, 'moved.sock') }), {
      message: `listener a is open on 127.0.0.1:${portOf(endpoint)}; close it before it is opened on unix:${join(folder, 'moved.sock')}`,
    });
  }));

test('localhost is resolved, and the address is reported as it was asked for', () =>
  withSockets(async (sockets) => {
    const { handle, endpoint } = await sockets.open('a', { ...ANY, host: 'localhost' } as const);
    assert.equal(endpoint.kind === 'tcp' && endpoint.host, 'localhost');
    const worker = await startWorker(handle);
    assert.equal(await ask(endpoint), String(worker.pid));
    await kill(worker);
  }));

test('an address in use, one of another machine and an unknown host are refused in words', () =>
  withSockets(async (sockets) => {
    await withTakenPort(async (port) => {
      await assert.rejects(sockets.open('a', { kind: 'tcp', host: '127.0.0.1', port }), {
        message: `127.0.0.1:${port} is in use by another process; stop it or change the address`,
      });
    });
    await assert.rejects(sockets.open('a', { kind: 'tcp', host: '192.0.2.1', port: 8080 }), {
      message: '192.0.2.1:8080 is no address of this machine; change the host',
    });
    await assert.rejects(sockets.open('a', { kind: 'tcp', host: 'no.such.invalid', port: 8080 }), {
      message: 'no.such.invalid:8080 has a host whose address is not known; change the host',
    });
    assert.deepEqual(sockets.keys(), [], 'a key that failed may be tried again');
    await sockets.open('a', ANY);
  }));

test('a key that is closed while it is being opened is not left open', () =>
  withSockets(async (sockets) => {
    const opening = sockets.open('a', { ...ANY, host: 'localhost' } as const);
    sockets.close('a');
    await assert.rejects(opening, { message: 'listener a was closed while it was being opened' });
    assert.deepEqual(sockets.descriptors(), []);
  }));

test('a closed key frees its address', () =>
  withSockets(async (sockets) => {
    const { handle, endpoint } = await sockets.open('a', ANY);
    const worker = await startWorker(handle);
    sockets.close('a');
    await kill(worker);
    assert.equal(await ask(endpoint), 'ECONNREFUSED');
    await sockets.open('b', endpoint);
  }));

test('the file of a unix socket goes with it, and only its own', async () => {
  const path = join(folder, 'goes.sock');
  const sockets = new ListenSockets([]);
  await sockets.open('a', { kind: 'unix', path });
  assert.ok(existsSync(path));
  sockets.closeAll();
  assert.equal(existsSync(path), false);

  await sockets.open('a', { kind: 'unix', path });
  rmSync(path);
  const other = createServer().listen(path);
  await once(other, 'listening');
  sockets.closeAll();
  assert.ok(existsSync(path), 'another process has taken the name');
  other.close();
});

test('the file stays as long as another process has the socket', async () => {
  const path = join(folder, 'stays.sock');
  const sockets = new ListenSockets([]);
  let isOtherAlive = true;
  sockets.keepFilesWhile(() => isOtherAlive);
  await sockets.open('a', { kind: 'unix', path });
  sockets.closeAll();
  assert.ok(existsSync(path));

  isOtherAlive = false;
  await sockets.open('a', { kind: 'unix', path });
  sockets.closeAll();
  assert.equal(existsSync(path), false);
});

test('a socket file left by a killed process is replaced; one that answers or is none is not', () =>
  withSockets(async (sockets) => {
    const path = join(folder, 'stale.sock');
    const left = new ListenSockets([]);
    left.keepFilesWhile(() => true);
    await left.open('a', { kind: 'unix', path });
    left.closeAll();
    const { handle, endpoint } = await sockets.open('a', { kind: 'unix', path });
    const worker = await startWorker(handle);

    await withSockets(async (others) => {
      await assert.rejects(others.open('a', endpoint), {
        message: `unix:${path} is in use by another process; stop it or change the address`,
      });
      const file = join(folder, 'file');
      writeFileSync(file, 'precious');
      await assert.rejects(others.open('a', { kind: 'unix', path: file }), {
        message: `unix:${file} is a file and no socket; remove it or change the address`,
      });
      const nowhere = join(folder, 'nowhere', 'a.sock');
      await assert.rejects(others.open('a', { kind: 'unix', path: nowhere }), {
        message: `unix:${nowhere} cannot be made; its folder must exist and be writable`,
      });
      const long = join(folder, 'x'.repeat(107));
      await assert.rejects(
        others.open('a', { kind: 'unix', path: long }),
        /is too long: \d+ bytes/,
      );
    });
    assert.equal(await ask(endpoint), String(worker.pid), 'the probe did it no harm');
    await kill(worker);
  }));

test('a socket is adopted by its address, and by its key when any port is asked for', () =>
  withSockets(async (sockets) => {
    const path = join(folder, 'adopted.sock');
    const fixed = await sockets.open('fixed', ANY);
    await sockets.open('free', ANY);
    await sockets.open('unix', { kind: 'unix', path });
    const descriptors = sockets.descriptors();
    const passed = descriptors.map((socket, index) => ({ ...socket, fd: 3 + index }));
    const port = portOf(fixed.endpoint);
    const asked = [
      { key: 'renamed', endpoint: { kind: 'tcp', host: 'LOCALHOST', port } },
      { key: 'free', endpoint: ANY },
      { key: 'another', endpoint: ANY },
    ];
    const program = join(import.meta.dirname, 'adopting-program.test-support.ts');
    const child = spawn(
      process.execPath,
      [program, JSON.stringify(passed), JSON.stringify(asked)],
      { stdio: ['ignore', 'pipe', 'inherit', ...descriptors.map(({ fd }) => fd)] },
    );
    const { open, unused } = JSON.parse(await text(child.stdout as Readable));
    assert.deepEqual(open.slice(0, 2), [{ ...passed[0], key: 'renamed' }, passed[1]]);
    assert.equal(
      passed.some(({ fd }) => fd === open[2].fd),
      false,
      'this one is new',
    );
    assert.deepEqual(unused, [passed[2]]);
    assert.ok(existsSync(path), 'a socket that was not asked for leaves its file');
  }));

test('an adopted socket that nobody asks for is closed and named', async () => {
  const fd = openSync('/dev/null', 'r');
  const endpoint: ListenEndpoint = { kind: 'tcp', host: '127.0.0.1', port: 9 };
  const sockets = new ListenSockets([{ fd, endpoint }]);
  assert.deepEqual(sockets.closeUnused(), [{ fd, endpoint }]);
  assert.deepEqual(sockets.closeUnused(), []);
  await assert.rejects(new ListenSockets([{ fd, endpoint }]).open('a', endpoint), {
    message: new RegExp(`^127.0.0.1:9 was passed on as descriptor ${fd}, which is no socket: `),
  });
});
