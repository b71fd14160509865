// Owns the client connections of an origin's server: how many are open, which are given away, and
// how one that another worker accepted is taken in.
import type { Server } from 'node:http';
import { Socket, type SocketConstructorOpts } from 'node:net';
import type { SocketHandle } from '@headgate/supervisor';

/** The open connections of one HTTP server. */
export interface Connections {
  readonly count: number;
  /** Serves a connection that was accepted by another process and not read from. */
  take(handle: SocketHandle): void;
  /** Resolves when none is open. */
  none(): Promise<void>;
  /** Cuts all, WebSockets included. */
  destroyAll(): void;
}

/** Takes a connection that was just accepted; false leaves it to this process. */
export type GiveAway = (takeHandle: () => SocketHandle | undefined) => boolean;

type Serve = (this: Server, socket: Socket) => void;

/** Follows the connections of `server`; each one it accepts is offered to `giveAway` first. */
export function followConnections(server: Server, giveAway?: GiveAway): Connections {
  const open = new Set<Socket>();
  let onNone: (() => void)[] = [];
  // Node's own reads from the socket at once, so whoever gives connections away has to come before.
  const serve = server.listeners('connection') as Serve[];
  server.removeAllListeners('connection');

  const add = (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      if (open.size > 0) return;
      for (const resolve of onNone) resolve();
      onNone = [];
    });
    for (const act of serve) act.call(server, socket);
  };
  server.on('connection', (socket: Socket) => {
    if (!giveAway?.(() => takeHandle(socket))) add(socket);
  });

  return {
    get count() {
      return open.size;
    },
    take: (handle) => add(socketOf(handle)),
    none() {
      if (open.size === 0) return Promise.resolve();
      return new Promise((resolve) => onNone.push(resolve));
    },
    destroyAll() {
      for (const socket of open) socket.destroy();
    },
  };
}

/** A socket of Node's, with what is not in its documentation. */
interface HandleOwner {
  _handle?: (SocketHandle & { reading?: boolean }) | null;
}

/**
 * Takes the connection off a socket that was just accepted. Reading has been asked for by then, but
 * nothing is read before the event loop turns: whatever the client sends is left to the taker.
 */
function takeHandle(socket: Socket): SocketHandle | undefined {
  const owner = socket as unknown as HandleOwner;
  const handle = owner._handle;
  if (handle?.readStop() !== 0) return undefined;
  handle.reading = false;
  owner._handle = null;
  socket.destroy();
  return handle;
}

function socketOf(handle: SocketHandle): Socket {
  const options: unknown = { handle, allowHalfOpen: true };
  return new Socket(options as SocketConstructorOpts).setNoDelay(true);
}
