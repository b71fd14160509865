/** Listeners: the sockets clients connect to, and how they drain. */
import { lstat, unlink } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { SocketHandle } from '@headgate/supervisor';
import { type Endpoint, formatEndpoint } from './address.ts';
import { socketOf } from './socket-reading.ts';

/** One client connection, as its listener knows it. */
export interface AcceptedConnection {
  /** Serves what is under way and no more. */
  drain(options: DrainOptions): void;
  /** Offers itself to its host to be handed over, when it is at rest. */
  offer(): void;
  destroy(): void;
}

export interface DrainOptions {
  /** Another worker is there to go on with connections that are at rest. */
  readonly mayHandOver: boolean;
}

/**
 * Makes a connection of a socket; `isReused` when it has carried requests already, in another
 * worker.
 */
export type Accept = (socket: Socket, listener: Listener, isReused: boolean) => AcceptedConnection;

/** A socket that is bound already, by somebody who keeps it when this listener closes. */
export interface BoundSocket {
  readonly handle: SocketHandle;
}

export interface Listener {
  /** With the port it got, where any was asked for. */
  readonly endpoint: Endpoint;
  /** Connections that are open. */
  readonly connectionCount: number;
  /** Serves a connection that another worker has accepted, also in a drain. */
  take(handle: SocketHandle, isReused: boolean): void;
  /** Offers connections at rest to be handed over, until so many are gone. */
  offer(count: number): void;
  /** To be told of every connection that has closed, or has moved to another worker. */
  closed(connection: AcceptedConnection): void;
  /**
   * Takes no new connections but those that had come in, lets those there are finish or move, and
   * resolves when the last one has gone. They are told once nobody can connect any more: a client
   * that is sent away and connects anew is refused at once. Cuts what is left when `deadline`
   * aborts. The options of a later call hold from then on.
   */
  drain(deadline: AbortSignal, options?: DrainOptions): Promise<void>;
}

/** Deep enough for a burst of reconnecting clients; the kernel caps it at somaxconn. */
const BACKLOG = 4_096;

/** After so many turns of the event loop without a new connection the backlog is taken for empty. */
const QUIET_TURNS = 3;

/** Connections that come without a pause put off the close for so many turns at most. */
const MOST_TURNS = 2_000;

/**
 * Binds and accepts, or accepts on the socket given as `source`; rejects with a readable message
 * when the address cannot be had.
 */
export async function listen(
  endpoint: Endpoint,
  accept: Accept,
  source?: BoundSocket,
): Promise<Listener> {
  const connections = new Set<AcceptedConnection>();
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  let draining: DrainOptions | undefined;
  const whenClosed: (() => void)[] = [];
  const resolveWhenClosed = () => {
    if (server.listening || connections.size > 0) return;
    for (const resolve of whenClosed.splice(0)) resolve();
  };
  const add = (socket: Socket, isReused: boolean) => {
    const connection = accept(socket, listener, isReused);
    connections.add(connection);
    if (draining && !server.listening) connection.drain(draining);
  };
  const close = () => {
    server.close();
    for (const connection of connections) if (draining) connection.drain(draining);
    resolveWhenClosed();
  };

  await bind(server, endpoint, source);
  const listener: Listener = {
    endpoint: endpoint.kind === 'unix' ? endpoint : { ...endpoint, port: portOf(server) },
    get connectionCount() {
      return connections.size;
    },
    take: (handle, isReused) => add(socketOf(handle), isReused),
    offer(count) {
      const wantedSize = connections.size - count;
      for (const connection of connections) {
        if (connections.size <= wantedSize) return;
        connection.offer();
      }
    },
    closed(connection) {
      connections.delete(connection);
      resolveWhenClosed();
    },
    drain(deadline, options = { mayHandOver: false }) {
      const isFirst = draining === undefined;
      draining = options;
      return new Promise((resolve) => {
        const cut = () => {
          server.close();
          for (const connection of connections) connection.destroy();
          resolveWhenClosed();
        };
        whenClosed.push(() => {
          deadline.removeEventListener('abort', cut);
          resolve();
        });
        if (deadline.aborted) return cut();
        deadline.addEventListener('abort', cut, { once: true });
        if (!server.listening) close();
        else if (isFirst) afterBacklog(server, close);
      });
    },
  };
  server.on('connection', (socket: Socket) => add(socket, false));
  return listener;
}

/**
 * Calls `close` when everything that waits in the backlog is accepted: connections that wait there
 * are reset when the socket closes, and libuv accepts one in each turn of its loop. Never, when the
 * server is closed meanwhile.
 */
function afterBacklog(server: Server, close: () => void): void {
  let turns = 0;
  let latestTurn = 0;
  const noteTurn = () => {
    latestTurn = turns;
  };
  const turn = () => {
    if (!server.listening) return;
    turns++;
    if (turns - latestTurn <= QUIET_TURNS && turns < MOST_TURNS) setImmediate(turn);
    else close();
  };
  server.on('connection', noteTurn);
  setImmediate(turn);
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function bind(
  server: Server,
  endpoint: Endpoint,
  source: BoundSocket | undefined,
): Promise<void> {
  if (endpoint.kind === 'unix' && !source) await removeStaleSocket(endpoint.path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, endpoint)));
    server.once('listening', resolve);
    if (source) listenOn(server as HandleServer, source.handle);
    else if (endpoint.kind === 'unix') server.listen({ path: endpoint.path, backlog: BACKLOG });
    else server.listen({ host: endpoint.host, port: endpoint.port, backlog: BACKLOG });
  });
}

/** A server of Node's, with what node:cluster uses of it and is not in its documentation. */
interface HandleServer extends Server {
  _handle: SocketHandle | null;
  _listen2(address: null, port: -1, addressType: -1, backlog: number): void;
}

/**
 * As `server.listen(handle)`, which for Unix sockets makes a second handle over the same file
 * descriptor, and closes it twice.
 */
function listenOn(server: HandleServer, handle: SocketHandle): void {
  server._handle = handle;
  server._listen2(null, -1, -1, BACKLOG);
}

/** A socket file that nobody listens on was left behind by a process that was killed. */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isSocket()) return;
  const isStale = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
  if (isStale) await unlink(path).catch(() => {});
}

function explain(error: NodeJS.ErrnoException, endpoint: Endpoint): Error {
  const address = formatEndpoint(endpoint);
  if (error.code === 'EADDRINUSE') {
    return new Error(`${address} is in use by another process; stop it or change the address`);
  }
  if (error.code === 'EACCES' && endpoint.kind === 'unix') {
    return new Error(`${address} cannot be made; its folder must exist and be writable`);
  }
  if (error.code === 'EACCES') {
    return new Error(`${address} may not be bound by this user; use a port from 1024 up`);
  }
  return new Error(`cannot listen on ${address}: ${error.message}`);
}
