/** Listeners on a socket that others have as well, and connections that come from others. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { SocketHandle } from '@headgate/supervisor';
import type { Endpoint } from './address.ts';
import { type AcceptedConnection, type DrainOptions, type Listener, listen } from './listen.ts';
import { openPair } from './socket-pair.test-support.ts';
import { socketPathFor } from './socket-path.test-support.ts';
import { takeHandle } from './socket-reading.ts';

const LOOPBACK: Endpoint = { kind: 'tcp', host: '127.0.0.1', port: 0 };

/** Echoes, and remembers what it was told. */
class Echo implements AcceptedConnection {
  readonly isReused: boolean;
  readonly drains: DrainOptions[] = [];
  readonly socket: Socket;

  constructor(socket: Socket, listener: Listener, isReused: boolean) {
    this.isReused = isReused;
    this.socket = socket;
    socket.pipe(socket);
    socket.once('error', () => {});
    socket.once('close', () => listener.closed(this));
  }

  drain(options: DrainOptions): void {
    this.drains.push(options);
  }

  offer(): void {}

  destroy(): void {
    this.socket.destroy();
  }
}

/** What a supervisor does: binds, and never listens itself. */
function bind(t: TestContext, endpoint: Endpoint): SocketHandle {
  const createHandle = (
    net as unknown as {
      _createServerHandle(address: string, port: number, type: number): SocketHandle;
    }
  )._createServerHandle;
  const handle =
    endpoint.kind === 'unix'
      ? createHandle(endpoint.path, -1, -1)
      : createHandle(endpoint.host, endpoint.port, 4);
  assert.notEqual(typeof handle, 'number', 'it is bound');
  t.after(() => handle.close());
  return handle;
}

async function openListener(t: TestContext, endpoint: Endpoint, handle?: SocketHandle) {
  const accepted: Echo[] = [];
  const accept = (socket: Socket, own: Listener, isReused: boolean) => {
    const connection = new Echo(socket, own, isReused);
    accepted.push(connection);
    return connection;
  };
  const listener = await listen(endpoint, accept, handle && { handle });
  t.after(() => listener.drain(AbortSignal.abort()));
  return { listener, accepted };
}

async function echoOf(client: Socket, text: string): Promise<string> {
  client.write(text);
  const [data] = (await once(client, 'data')) as [Buffer];
  return data.toString();
}

describe('a listener on a socket that is bound already', () => {
  for (const kind of ['tcp', 'unix'] as const) {
    it(`accepts there: ${kind}`, async (t) => {
      const asked: Endpoint =
        kind === 'unix'
          ? { kind, path: await socketPathFor(t) }
          : { kind, host: '127.0.0.1', port: 0 };
      const { listener, accepted } = await openListener(t, asked, bind(t, asked));
      const { endpoint } = listener;
      const client = endpoint.kind === 'unix' ? connect(endpoint.path) : connect(endpoint.port);
      t.after(() => client.destroy());
      assert.equal(await echoOf(client, 'hello'), 'hello');
      assert.equal(accepted[0]?.isReused, false);
      assert.equal(listener.connectionCount, 1);
    });
  }
});

describe('a connection that another worker has accepted', () => {
  for (const kind of ['tcp', 'unix'] as const) {
    it(`is served with all that was sent meanwhile, and counted: ${kind}`, async (t) => {
      const path = kind === 'unix' ? await socketPathFor(t) : undefined;
      const { near, far } = await openPair(t, (socket) => takeHandle(socket), path);
      assert.ok(near);
      far.write('meanwhile');
      for (let i = 0; i < 5; i++) await turn();
      const { listener, accepted } = await openListener(t, LOOPBACK);
      listener.take(near, true);
      assert.equal(listener.connectionCount, 1);
      assert.equal(String((await once(far, 'data'))[0]), 'meanwhile');
      assert.equal(await echoOf(far, 'and now'), 'and now');
      assert.equal(accepted[0]?.isReused, true);
      assert.deepEqual(accepted[0].drains, []);
      far.end();
      while (listener.connectionCount > 0) await turn();
    });
  }

  it('is told of a drain that had begun before it came, and waited for', async (t) => {
    const { near, far } = await openPair(t, (socket) => takeHandle(socket));
    const stays = await openPair(t, (socket) => takeHandle(socket));
    assert.ok(near && stays.near);
    const { listener, accepted } = await openListener(t, LOOPBACK);
    listener.take(stays.near, false);
    let isDrained = false;
    const drained = listener.drain(new AbortController().signal, { mayHandOver: true });
    void drained.then(() => {
      isDrained = true;
    });
    while (accepted[0]?.drains.length === 0) await turn();
    listener.take(near, true);
    const told = accepted.map(({ drains }) => drains);
    assert.deepEqual(told, [[{ mayHandOver: true }], [{ mayHandOver: true }]]);
    stays.far.end();
    while (listener.connectionCount > 1) await turn();
    assert.equal(isDrained, false);
    far.end();
    await drained;
  });
});
