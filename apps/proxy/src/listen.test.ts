import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, lstatSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Endpoint } from './address.ts';
import { type AcceptedConnection, type Listener, listen } from './listen.ts';
import { leaveSocketAt, socketPathFor } from './socket-path.test-support.ts';

const LOOPBACK: Endpoint = { kind: 'tcp', host: '127.0.0.1', port: 0 };

/** A connection that does nothing but remember what it was told. */
class Accepted implements AcceptedConnection {
  isDraining = false;
  isDestroyed = false;
  onDrain: (() => void) | undefined;
  readonly #socket: Socket;

  constructor(socket: Socket, listener: Listener) {
    this.#socket = socket;
    socket.resume();
    socket.once('end', () => socket.end());
    socket.once('error', () => {});
    socket.once('close', () => listener.closed(this));
  }

  drain(): void {
    this.isDraining = true;
    this.onDrain?.();
  }

  offer(): void {}

  destroy(): void {
    this.isDestroyed = true;
    this.#socket.destroy();
  }
}

/** A listener that is drained after the test, with the connections it has accepted. */
async function openListener(t: TestContext, endpoint: Endpoint = LOOPBACK) {
  const accepted: Accepted[] = [];
  const listener = await listen(endpoint, (socket, own) => {
    const connection = new Accepted(socket, own);
    accepted.push(connection);
    return connection;
  });
  t.after(() => listener.drain(AbortSignal.abort()));
  return {
    listener,
    accepted,
    /** Connects, and waits until that is known here. */
    async open(): Promise<Socket> {
      const count = accepted.length;
      const client = connectTo(listener.endpoint);
      t.after(() => client.destroy());
      await once(client, 'connect');
      while (accepted.length === count) await turn();
      return client;
    },
  };
}

function nobody(): never {
  assert.fail('nobody connects');
}

function connectTo(endpoint: Endpoint): Socket {
  return endpoint.kind === 'unix'
    ? connect(endpoint.path)
    : connect({ host: endpoint.host, port: endpoint.port });
}

async function isRefused(endpoint: Endpoint): Promise<boolean> {
  const client = connectTo(endpoint);
  const isOpen = await new Promise<boolean>((resolve) => {
    client.once('connect', () => resolve(true));
    client.once('error', () => resolve(false));
  });
  client.destroy();
  return !isOpen;
}

/** Whether a promise is settled after all that can happen meanwhile has happened. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  promise.then(over, over);
  for (let i = 0; i < 10; i++) await turn();
  return isOver;
}

describe('a listener', () => {
  it('tells the port it got, and accepts there', async (t) => {
    const { listener, open } = await openListener(t);
    assert.equal(listener.endpoint.kind, 'tcp');
    assert.notEqual((listener.endpoint as { port: number }).port, 0);
    await open();
  });

  it('cannot have a port that is taken, and says so', async (t) => {
    const { listener } = await openListener(t);
    const { port } = listener.endpoint as { port: number };
    await assert.rejects(listen(listener.endpoint, nobody), {
      message: `127.0.0.1:${port} is in use by another process; stop it or change the address`,
    });
  });

  it('says what else is in the way', async () => {
    // An address for documentation (RFC 5737), which no host has.
    const elsewhere: Endpoint = { kind: 'tcp', host: '192.0.2.1', port: 4_711 };
    await assert.rejects(listen(elsewhere, nobody), {
      message: /^cannot listen on 192\.0\.2\.1:4711: .*EADDRNOTAVAIL/,
    });
  });
});

describe('a listener on a Unix socket', () => {
  it('accepts there, and leaves nothing behind', async (t) => {
    const path = await socketPathFor(t);
    const { listener, open } = await openListener(t, { kind: 'unix', path });
    assert.deepEqual(listener.endpoint, { kind: 'unix', path });
    (await open()).destroy();
    await listener.drain(new AbortController().signal);
    assert.equal(existsSync(path), false);
  });

  it('replaces the socket of a process that was killed', async (t) => {
    const path = await socketPathFor(t);
    await leaveSocketAt(path);
    assert.equal(lstatSync(path).isSocket(), true);
    const { open } = await openListener(t, { kind: 'unix', path });
    await open();
  });

  it('takes no socket from a process that is alive', async (t) => {
    const path = await socketPathFor(t);
    const { open } = await openListener(t, { kind: 'unix', path });
    await assert.rejects(listen({ kind: 'unix', path }, nobody), {
      message: `unix:${path} is in use by another process; stop it or change the address`,
    });
    await open();
  });

  it('deletes no file that is something else', async (t) => {
    const path = await socketPathFor(t);
    await writeFile(path, 'precious');
    await assert.rejects(listen({ kind: 'unix', path }, nobody), /is in use/);
    assert.equal(await readFile(path, 'utf8'), 'precious');
  });
});

describe('a listener that drains', () => {
  it('takes nobody new, and is done when the last connection has gone', async (t) => {
    const { listener, accepted, open } = await openListener(t);
    const clients = [await open(), await open()];
    const drained = listener.drain(new AbortController().signal);
    while (!accepted.every(({ isDraining }) => isDraining)) await turn();
    assert.equal(await isRefused(listener.endpoint), true);
    clients[0]?.end();
    assert.equal(await isSettled(drained), false);
    clients[1]?.end();
    await drained;
    assert.ok(accepted.every(({ isDestroyed }) => !isDestroyed));
  });

  it('first takes all that have connected, and tells connections when nobody else can', async (t) => {
    const { listener, accepted, open } = await openListener(t);
    await open();
    const clients = Array.from({ length: 50 }, () => connectTo(listener.endpoint));
    for (const client of clients) t.after(() => client.destroy());
    const connected = clients.map((client) => once(client, 'connect'));
    const whenTold = new Promise<boolean>((resolve) => {
      const [first] = accepted;
      if (first) first.onDrain = () => resolve(isRefused(listener.endpoint));
    });
    // They connect before this turn is over, and none of them can be accepted in it.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    assert.equal(accepted.length, 1);
    const drained = listener.drain(new AbortController().signal);
    await Promise.all(connected);
    assert.equal(await whenTold, true, 'who is told to go can connect again');
    assert.equal(accepted.length, 51);
    assert.ok(accepted.every(({ isDraining }) => isDraining));
    const endings = clients.map((client) => once(client.resume(), 'end'));
    for (const client of clients) client.end();
    await Promise.all(endings);
    accepted[0]?.destroy();
    await drained;
  });

  it('is done at once when there is no connection', async (t) => {
    const { listener, open } = await openListener(t);
    (await open()).destroy();
    await listener.drain(new AbortController().signal);
  });

  it('cuts what is left when the time is up', async (t) => {
    const { listener, accepted, open } = await openListener(t);
    await open();
    const deadline = new AbortController();
    const drained = listener.drain(deadline.signal);
    assert.equal(await isSettled(drained), false);
    deadline.abort();
    await drained;
    assert.equal(accepted[0]?.isDestroyed, true);
  });

  it('takes the options of a later drain, and both are done when the last connection has gone', async (t) => {
    const { listener, accepted, open } = await openListener(t);
    const client = await open();
    const { signal } = new AbortController();
    const first = listener.drain(signal, { mayHandOver: true });
    const second = listener.drain(signal, { mayHandOver: false });
    while (!accepted[0]?.isDraining) await turn();
    client.end();
    await Promise.all([first, second]);
  });

  it('cuts everything at once when there is no time', async (t) => {
    const { listener, accepted, open } = await openListener(t);
    await open();
    await listener.drain(AbortSignal.abort());
    assert.equal(accepted[0]?.isDestroyed, true);
  });
});

describe('a folder that is not there', () => {
  it('a Unix socket in a folder that is not there says so, and nothing about ports', async (t) => {
    const path = `${await socketPathFor(t)}/below/a.sock`;
    await assert.rejects(listen({ kind: 'unix', path }, assert.fail as never), (error: Error) => {
      assert.ok(error.message.includes(path), error.message);
      assert.doesNotMatch(error.message, /port/);
      return true;
    });
  });
});
