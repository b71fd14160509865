/**
 * The sockets a supervisor holds for its workers: bound here and never listened on here, so that
 * this process polls none of them and accepts nothing. The first worker's `listen` starts the
 * backlog, and the backlog lives as long as the socket does: longer than any worker.
 */
import { lookup } from 'node:dns/promises';
import { closeSync } from 'node:fs';
import { formatEndpoint, isOverlapping, isSameEndpoint, isSameHost } from './endpoint.ts';
import type { ListenEndpoint } from './messages.ts';
import {
  bindTcp,
  boundAddress,
  explainListenError,
  handleOfDescriptor,
  type SocketHandle,
} from './socket-handle.ts';
import { bindUnixSocket, removeSocketFile, type SocketFile, socketFileAt } from './unix-socket.ts';

export type { SocketHandle } from './socket-handle.ts';

/** A socket that was open before this process was, and came to it as a file descriptor. */
export interface AdoptedSocket {
  readonly fd: number;
  readonly endpoint: ListenEndpoint;
  /** The key it had in the supervisor that passed it on. */
  readonly key?: string;
  /** Whether a unix socket's file is ours to remove: not when systemd made it. */
  readonly mayRemoveFile?: boolean;
  /** Made of `fd` already, when that was how to learn the address. */
  readonly handle?: SocketHandle;
}

/** An open socket, as it is passed on to another process. */
export interface SocketDescriptor {
  readonly key: string;
  readonly endpoint: ListenEndpoint;
  readonly fd: number;
  readonly mayRemoveFile: boolean;
}

export interface ListenSocket {
  /** For `server.listen(handle)` in a worker. */
  readonly handle: SocketHandle;
  /** With the port it got, where any was asked for. */
  readonly endpoint: ListenEndpoint;
}

interface OpenSocket extends ListenSocket {
  /** To be removed with the socket. */
  readonly file?: SocketFile | undefined;
}

interface Entry {
  readonly asked: ListenEndpoint;
  readonly opening: Promise<OpenSocket>;
  socket?: OpenSocket;
}

/** Listening sockets by key; lives as long as the supervisor does. */
export class ListenSockets {
  readonly #entries = new Map<string, Entry>();
  readonly #adoptable: Set<AdoptedSocket>;
  #isShared = () => false;

  constructor(adopted: readonly AdoptedSocket[]) {
    this.#adoptable = new Set(adopted);
  }

  /**
   * The socket called `key`: the one that is open, or an adopted one with that address, or a new
   * one. Rejects with a readable message when the address cannot be had.
   */
  async open(key: string, endpoint: ListenEndpoint): Promise<ListenSocket> {
    const known = this.#entries.get(key);
    if (known) {
      const socket = await known.opening;
      const isThat = [known.asked, socket.endpoint].some((has) => isSameEndpoint(endpoint, has));
      if (isThat) return socket;
      throw new Error(
        `listener ${key} is open on ${formatEndpoint(socket.endpoint)}; close it before it is opened on ${formatEndpoint(endpoint)}`,
      );
    }
    // Two sockets that are bound and do not listen yet may have one address; their workers fail.
    for (const [other, { asked, socket }] of this.#entries) {
      if (isOverlapping(endpoint, socket?.endpoint ?? asked)) {
        throw new Error(
          `${formatEndpoint(endpoint)} of listener ${key} is taken by listener ${other}; change one of them`,
        );
      }
    }
    const opening = this.#obtain(key, endpoint);
    const entry: Entry = { asked: endpoint, opening };
    this.#entries.set(key, entry);
    try {
      entry.socket = await opening;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
    if (this.#entries.get(key) === entry) return entry.socket;
    this.#release(entry.socket);
    throw new Error(`listener ${key} was closed while it was being opened`);
  }

  /**
   * Closes this process's hold on a socket; workers that have it keep theirs. The file of a unix
   * socket goes as well, unless it is somebody else's.
   */
  close(key: string): void {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    // One that is still being opened is released by open().
    if (entry?.socket) this.#release(entry.socket);
  }

  /** Closes all, and adopted sockets that nobody has asked for. */
  closeAll(): void {
    for (const key of this.keys()) this.close(key);
    this.closeUnused();
  }

  /** Closes adopted sockets that nobody has asked for; returns them, for a warning. */
  closeUnused(): readonly AdoptedSocket[] {
    const unused = [...this.#adoptable];
    this.#adoptable.clear();
    for (const { fd, handle } of unused) {
      if (handle) handle.close();
      else closeSync(fd);
    }
    return unused;
  }

  /**
   * Another process has the same sockets, as after an upgrade: as long as `isShared` says that it
   * lives, the files of unix sockets stay when they are closed here.
   */
  keepFilesWhile(isShared: () => boolean): void {
    this.#isShared = isShared;
  }

  keys(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Those that are open now, for a successor to adopt. */
  descriptors(): readonly SocketDescriptor[] {
    const found: SocketDescriptor[] = [];
    for (const [key, { socket }] of this.#entries) {
      const fd = socket?.handle.fd;
      if (!socket || fd === undefined) continue;
      found.push({ key, endpoint: socket.endpoint, fd, mayRemoveFile: socket.file !== undefined });
    }
    return found;
  }

  async #obtain(key: string, endpoint: ListenEndpoint): Promise<OpenSocket> {
    const adopted = [...this.#adoptable].find((socket) => isMeant(key, endpoint, socket));
    if (adopted) return this.#adopt(adopted);
    if (endpoint.kind === 'unix') {
      return { endpoint, ...(await bindUnixSocket(endpoint.path)) };
    }
    const found = await lookup(endpoint.host).catch((error) => {
      throw explainListenError(error, endpoint);
    });
    const bound = bindTcp(found.address, endpoint.port, found.family === 6 ? 6 : 4);
    if (!bound.ok) throw explainListenError(bound.error, endpoint);
    const { handle } = bound;
    return { handle, endpoint: { ...endpoint, ...portOf(handle) } };
  }

  #adopt(adopted: AdoptedSocket): OpenSocket {
    const { fd, endpoint } = adopted;
    const wrapped = adopted.handle
      ? { ok: true as const, handle: adopted.handle }
      : handleOfDescriptor(fd);
    if (!wrapped.ok) {
      throw new Error(
        `${formatEndpoint(endpoint)} was passed on as descriptor ${fd}, which is no socket: ${wrapped.error.message}`,
      );
    }
    this.#adoptable.delete(adopted);
    const mayRemove = endpoint.kind === 'unix' && adopted.mayRemoveFile === true;
    const file = mayRemove ? socketFileAt(endpoint.path) : undefined;
    return { handle: wrapped.handle, endpoint, file };
  }

  #release({ handle, file }: OpenSocket): void {
    if (file && !this.#isShared()) removeSocketFile(file);
    handle.close();
  }
}

/** Any port is asked for with 0: then only the key tells which socket is meant. */
function isMeant(key: string, asked: ListenEndpoint, adopted: AdoptedSocket): boolean {
  if (isSameEndpoint(asked, adopted.endpoint)) return true;
  if (asked.kind === 'unix' || asked.port !== 0 || adopted.endpoint.kind === 'unix') return false;
  return key === adopted.key && isSameHost(asked.host, adopted.endpoint.host);
}

function portOf(handle: SocketHandle): { readonly port?: number } {
  const bound = boundAddress(handle);
  return bound?.kind === 'tcp' ? { port: bound.port } : {};
}
