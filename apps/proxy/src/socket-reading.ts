/** Reading from sockets into one buffer for all of them: no allocation per read or connection. */
import { connect, Socket, type SocketConstructorOpts, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SocketHandle } from '@headgate/supervisor';
import type { Endpoint } from './address.ts';

/** Gets what arrived: the first `sizeBytes` of `bytes`, which are overwritten by the next read. */
export type OnBytes = (bytes: Buffer, sizeBytes: number) => void;

/** As much as the kernel hands over at once on a busy connection. */
const READ_SIZE_BYTES = 131_072;

/** Every read is dealt with before the next one begins, so one is enough. */
const readBuffer = Buffer.allocUnsafeSlow(READ_SIZE_BYTES);

/** Opens a connection to `endpoint`; over TLS, `servername` is asked for and verified. */
export function openSocket(
  endpoint: Endpoint,
  tls: { readonly servername: string | undefined } | undefined,
  onBytes: OnBytes,
): Socket {
  const place =
    endpoint.kind === 'unix'
      ? { path: endpoint.path }
      : { host: endpoint.host, port: endpoint.port, noDelay: true };
  if (tls) {
    const { servername = '' } = tls;
    const socket = connectTls({ ...place, servername, ALPNProtocols: ['http/1.1'] });
    socket.on('data', (chunk: Buffer) => onBytes(chunk, chunk.length));
    return socket;
  }
  const onread = {
    buffer: readBuffer,
    callback(sizeBytes: number): boolean {
      onBytes(readBuffer, sizeBytes);
      return true;
    },
  };
  return connect({ ...place, allowHalfOpen: true, onread } as TcpNetConnectOpts);
}

/** Reading from a socket, until it is released. */
export interface Reading {
  /** The socket to use from now on. */
  readonly socket: Socket;
  /** From now on the socket is read as any other stream. */
  release(): void;
}

/** Reads from a socket that was just accepted, and of which nothing was used yet. */
export function readFrom(accepted: Socket, onBytes: OnBytes): Reading {
  let isReleased = false;
  const socket = withReadBuffer(accepted, (sizeBytes) => {
    if (isReleased) return socket?.push(Buffer.from(readBuffer.subarray(0, sizeBytes))) ?? false;
    onBytes(readBuffer, sizeBytes);
    return true;
  });
  if (socket) {
    return {
      socket,
      release() {
        isReleased = true;
        socket.pause();
        // To the stream, its first read has never ended.
        socket.push('');
      },
    };
  }
  const onData = (chunk: Buffer) => onBytes(chunk, chunk.length);
  accepted.on('data', onData);
  return {
    socket: accepted,
    release() {
      accepted.off('data', onData);
      accepted.pause();
    },
  };
}

/**
 * Takes the connection off a socket, which is of no use from then on: bytes that arrive meanwhile
 * wait in the kernel for whoever reads next. For plain TCP and Unix sockets of which everything
 * that was read has been used, and everything written has been sent; undefined for others, and for
 * those that are closed already.
 */
export function takeHandle(socket: Socket): SocketHandle | undefined {
  const owner = socket as HandleOwner;
  const handle = owner._handle;
  if (!handle || !PLAIN.includes(handle.constructor.name)) return undefined;
  handle.reading = false;
  if (handle.readStop() !== 0) return undefined;
  owner._handle = null;
  return handle;
}

/** A connection that was taken off another socket, here or in another process; nothing is read. */
export function socketOf(handle: SocketHandle): Socket {
  const options: unknown = { handle, allowHalfOpen: true, manualStart: true };
  return new Socket(options as SocketConstructorOpts).setNoDelay(true);
}

/** What libuv's handles are called in Node; that of a TLS connection has another name. */
const PLAIN = ['TCP', 'Pipe'];

/** A socket of Node's, with what is not in its documentation. */
interface HandleOwner {
  _handle?: (SocketHandle & { reading?: boolean; useUserBuffer?: unknown }) | null;
}

/**
 * The same connection as a socket that reads into the shared buffer. Node has that option for
 * sockets that connect, not for those a server accepts, so the connection is moved to a new
 * socket by the handle under both. Undefined where Node has no such handle.
 */
function withReadBuffer(
  accepted: Socket,
  callback: (sizeBytes: number) => boolean,
): Socket | undefined {
  const owner = accepted as HandleOwner;
  const handle = owner._handle;
  if (typeof handle?.useUserBuffer !== 'function') return undefined;
  owner._handle = null;
  const onread = { buffer: readBuffer, callback };
  const options: unknown = { handle, allowHalfOpen: true, onread };
  return new Socket(options as SocketConstructorOpts);
}
