/** Both ends of a connection on this machine: TCP, or a Unix socket. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

interface SocketPair<T> {
  /** What the test made of the accepted end. */
  readonly near: T;
  readonly far: Socket;
}

/**
 * Connects two sockets; both are destroyed after the test. `accept` gets one of them at the moment
 * a server does, before anything is read from it. With a `path`, it is a Unix socket there.
 */
export async function openPair<T>(
  t: TestContext,
  accept: (socket: Socket) => T,
  path?: string,
): Promise<SocketPair<T>> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  if (path === undefined) server.listen(0, '127.0.0.1');
  else server.listen(path);
  await once(server, 'listening');
  const accepted = new Promise<T>((resolve) => {
    server.once('connection', (socket: Socket) => {
      t.after(() => socket.destroy());
      resolve(accept(socket));
    });
  });
  const place = path === undefined ? portOf(server.address() as AddressInfo) : { path };
  const far = connect({ ...place, allowHalfOpen: true });
  t.after(() => far.destroy());
  const near = await accepted;
  if (far.connecting) await once(far, 'connect');
  server.close();
  return { near, far };
}

function portOf({ port }: AddressInfo): { host: string; port: number } {
  return { host: '127.0.0.1', port };
}

/** What has come on a socket. */
interface Received {
  readonly bytes: Buffer;
  /** Resolves with the first `sizeBytes` when they are here. */
  first(sizeBytes: number): Promise<Buffer>;
  /** Resolves with everything when the other side has ended. */
  all(): Promise<Buffer>;
}

/** Reads a socket from now on. */
export function receive(socket: Socket): Received {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  let hasEnded = false;
  socket.on('data', (piece: Buffer) => {
    pieces.push(piece);
    sizeBytes += piece.length;
    socket.emit('received');
  });
  socket.once('end', () => {
    hasEnded = true;
    socket.emit('received');
  });
  socket.resume();
  return {
    get bytes() {
      return Buffer.concat(pieces);
    },
    async first(wantedBytes) {
      while (sizeBytes < wantedBytes && !hasEnded) await once(socket, 'received');
      return Buffer.concat(pieces).subarray(0, wantedBytes);
    },
    async all() {
      while (!hasEnded) await once(socket, 'received');
      return Buffer.concat(pieces);
    },
  };
}
