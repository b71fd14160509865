/** Raw handles of listening sockets: bound to an address, or made of a file descriptor. */
import net from 'node:net';
import { getSystemErrorMessage, getSystemErrorName } from 'node:util';
import { formatEndpoint } from './endpoint.ts';
import type { ListenEndpoint } from './messages.ts';

/** The libuv handle under a `net.Server` or a `net.Socket`: what can be sent to another process. */
export interface SocketHandle {
  /** Stops reading from a connection; 0 or a negative error number. */
  readStop(): number;
  close(callback?: () => void): void;
  readonly fd?: number;
  /** TCP only; fills in `into`, and returns 0 or a negative error number. */
  getsockname?(into: SocketName): number;
}

interface SocketName {
  address?: string;
  port?: number;
  family?: string;
}

/** Undocumented, and what node:cluster is built on; a test watches over it. */
type CreateServerHandle = (
  address: string | null,
  port: number,
  addressType: 4 | 6 | -1,
  fd?: number,
) => SocketHandle | number;

const createServerHandle = (net as unknown as { _createServerHandle: CreateServerHandle })
  ._createServerHandle;

/** A handle, or the error as a `NodeJS.ErrnoException` with its `code`. */
export type HandleResult =
  | { readonly ok: true; readonly handle: SocketHandle }
  | { readonly ok: false; readonly error: NodeJS.ErrnoException };

/** Binds to a numeric address. */
export function bindTcp(address: string, port: number, family: 4 | 6): HandleResult {
  const bound = resultOf(createServerHandle(address, port, family));
  if (!bound.ok) return bound;
  // libuv keeps EADDRINUSE to itself until the handle is asked for something.
  const failed = bound.handle.getsockname?.({}) ?? 0;
  if (failed === 0) return bound;
  bound.handle.close();
  return resultOf(failed);
}

/** Binds to a path where nothing is. */
export function bindPath(path: string): HandleResult {
  return resultOf(createServerHandle(path, -1, -1));
}

/** Of a socket that is open already; fails when `fd` is none. */
export function handleOfDescriptor(fd: number): HandleResult {
  return resultOf(createServerHandle(null, 0, -1, fd));
}

/** The address a TCP socket is bound to; undefined for any other kind. */
export function boundAddress(handle: SocketHandle): ListenEndpoint | undefined {
  const name: SocketName = {};
  if (handle.getsockname?.(name) !== 0) return undefined;
  const { address: host, port } = name;
  return host === undefined || port === undefined ? undefined : { kind: 'tcp', host, port };
}

function resultOf(created: SocketHandle | number): HandleResult {
  if (typeof created !== 'number') return { ok: true, handle: created };
  const error: NodeJS.ErrnoException = new Error(getSystemErrorMessage(created));
  error.code = getSystemErrorName(created);
  return { ok: false, error };
}

/** Says what was wrong with an address and what to do, for a failed bind or listen. */
export function explainListenError(error: NodeJS.ErrnoException, endpoint: ListenEndpoint): Error {
  const address = formatEndpoint(endpoint);
  switch (error.code) {
    case 'EADDRINUSE':
      return new Error(`${address} is in use by another process; stop it or change the address`);
    case 'EACCES':
      return new Error(
        endpoint.kind === 'unix'
          ? `${address} cannot be made; its folder must exist and be writable`
          : `${address} may not be bound by this user; use a port from 1024 up`,
      );
    case 'EADDRNOTAVAIL':
      return new Error(`${address} is no address of this machine; change the host`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new Error(`${address} has a host whose address is not known; change the host`);
    default:
      return new Error(`cannot listen on ${address}: ${error.message}`);
  }
}
