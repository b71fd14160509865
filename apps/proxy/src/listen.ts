/** Listeners: the sockets clients connect to, and how they drain. */
import { lstat, unlink } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type Endpoint, formatEndpoint } from './address.ts';

/** One client connection, as its listener knows it. */
export interface AcceptedConnection {
  /** Serves what is under way and no more. */
  drain(): void;
  destroy(): void;
}

export interface Listener {
  /** With the port it got, where any was asked for. */
  readonly endpoint: Endpoint;
  /** To be told of every connection that has closed. */
  closed(connection: AcceptedConnection): void;
  /**
   * Takes no new connections, lets those there are finish, and resolves when the last one has
   * gone. Cuts what is left when `deadline` aborts.
   */
  drain(deadline: AbortSignal): Promise<void>;
}

/** Deep enough for a burst of reconnecting clients; the kernel caps it at somaxconn. */
const BACKLOG = 4_096;

/**
 * Binds and accepts; rejects with a readable message when the address cannot be had. `accept`
 * makes a connection of a socket.
 */
export async function listen(
  endpoint: Endpoint,
  accept: (socket: Socket, listener: Listener) => AcceptedConnection,
): Promise<Listener> {
  const connections = new Set<AcceptedConnection>();
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  let onClosed: (() => void) | undefined;
  const resolveWhenClosed = () => {
    if (!server.listening && connections.size === 0) onClosed?.();
  };

  await bind(server, endpoint);
  const listener: Listener = {
    endpoint: endpoint.kind === 'unix' ? endpoint : { ...endpoint, port: portOf(server) },
    closed(connection) {
      connections.delete(connection);
      resolveWhenClosed();
    },
    drain(deadline) {
      return new Promise((resolve) => {
        const cut = () => {
          for (const connection of connections) connection.destroy();
        };
        onClosed = () => {
          deadline.removeEventListener('abort', cut);
          resolve();
        };
        server.close();
        for (const connection of connections) connection.drain();
        if (deadline.aborted) cut();
        else deadline.addEventListener('abort', cut, { once: true });
        resolveWhenClosed();
      });
    },
  };
  server.on('connection', (socket: Socket) => connections.add(accept(socket, listener)));
  return listener;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function bind(server: Server, endpoint: Endpoint): Promise<void> {
  if (endpoint.kind === 'unix') await removeStaleSocket(endpoint.path);
  const place =
    endpoint.kind === 'unix'
      ? { path: endpoint.path }
      : { host: endpoint.host, port: endpoint.port };
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, endpoint)));
    server.listen({ ...place, backlog: BACKLOG }, resolve);
  });
}

/** A socket file that nobody listens on was left behind by a process that was killed. */
async function removeStaleSocket(path: string): Promise<void> {
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
