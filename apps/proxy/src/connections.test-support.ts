/** Connections to an upstream that accepts and says nothing, and those who take them. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { DEFAULT_LIMITS } from '@headgate/http1';
import { upstreamAddressOf } from './address.ts';
import { type Clock, createClock } from './clock.test-support.ts';
import { type ConnectionSettings, Connections, type ConnectionTaker } from './connections.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

export function settingsFor(
  url: string,
  changes: Partial<ConnectionSettings> = {},
): ConnectionSettings {
  return {
    address: upstreamAddressOf(url),
    connectTimeoutMs: 2_000,
    keepAliveMs: 60_000,
    lifetimeMs: 3_600_000,
    maxConnecting: 128,
    limits: DEFAULT_LIMITS,
    ...changes,
  };
}

/** Takes one connection, and says what it was told. */
export class Taker implements ConnectionTaker {
  connection: UpstreamConnection | undefined;
  refusal: string | undefined;
  error: Error | undefined;
  readonly told: Promise<void>;
  readonly #tell: () => void;
  readonly #onConnected: (connection: UpstreamConnection) => void;

  constructor(onConnected: (connection: UpstreamConnection) => void = () => {}) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.told = promise;
    this.#tell = resolve;
    this.#onConnected = onConnected;
  }

  connected(connection: UpstreamConnection): void {
    assert.equal(this.isTold, false, 'told twice');
    this.connection = connection;
    this.#tell();
    this.#onConnected(connection);
  }

  notConnected(reason: string, error: Error | undefined): void {
    assert.equal(this.isTold, false, 'told twice');
    this.refusal = reason;
    this.error = error;
    this.#tell();
  }

  get isTold(): boolean {
    return this.connection !== undefined || this.refusal !== undefined;
  }
}

export interface Bench {
  readonly clock: Clock;
  readonly connections: Connections;
  /** Connections the upstream has accepted and not closed. */
  readonly accepted: ReadonlySet<Socket>;
  take(): Taker;
  /** Takes a connection and waits for it. */
  connection(): Promise<UpstreamConnection>;
  /** Resolves when the upstream has this many connections. */
  count(connections: number): Promise<void>;
}

/** An upstream that accepts connections and says nothing, and the connections to it. */
export async function createBench(
  t: TestContext,
  changes: Partial<ConnectionSettings> = {},
  scheme = 'http',
): Promise<Bench> {
  const accepted = new Set<Socket>();
  const events = new EventEmitter();
  const server = createServer((socket) => {
    accepted.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      accepted.delete(socket);
      events.emit('count');
    });
    socket.resume();
    events.emit('count');
  });
  const port = await listenOn(server, t);
  const clock = createClock(t);
  const settings = settingsFor(`${scheme}://127.0.0.1:${port}`, changes);
  const connections = new Connections(settings, clock.timers);
  t.after(async () => {
    for (const socket of accepted) socket.destroy();
    await connections.close();
  });
  const take = () => {
    const taker = new Taker();
    connections.take(taker);
    return taker;
  };
  return {
    clock,
    connections,
    accepted,
    take,
    async connection() {
      const taker = take();
      await taker.told;
      assert.ok(taker.connection, `${taker.refusal}`);
      return taker.connection;
    },
    async count(wanted) {
      while (accepted.size !== wanted) await once(events, 'count');
    },
  };
}

export async function listenOn(server: Server, t: TestContext): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Long enough for anything that is wrong to happen. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await turn();
}
