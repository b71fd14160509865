/**
 * The files of unix sockets: they outlive the process that made them, so they are replaced and
 * removed with care.
 */
import { lstatSync, renameSync, rmSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { bindPath, explainListenError, type SocketHandle } from './socket-handle.ts';

/** One socket's file, told from another that took its name later. */
export interface SocketFile {
  readonly path: string;
  readonly device: number;
  readonly inode: number;
}

export interface BoundUnixSocket {
  readonly handle: SocketHandle;
  readonly file: SocketFile;
}

/** `sun_path` on Linux has 108 bytes, and the last one is NUL. */
const PATH_LIMIT_BYTES = 107;

/**
 * Binds to `path`, replacing what a process that was killed left there; rejects with a readable
 * message. The file appears in one step, so a client meets the old socket or the new one.
 */
export async function bindUnixSocket(path: string): Promise<BoundUnixSocket> {
  const endpoint = { kind: 'unix', path } as const;
  // libuv removes the file it bound to when it closes the handle, also when another process goes
  // on with the socket. Bound under another name, the file is ours to keep or remove.
  const birthName = join(dirname(path), `.${process.pid.toString(36)}`);
  const sizeBytes = Math.max(Buffer.byteLength(path), Buffer.byteLength(birthName));
  if (sizeBytes > PATH_LIMIT_BYTES) {
    throw new Error(
      `unix:${path} is too long: ${sizeBytes} bytes, with at least ${basename(birthName).length} for its last part, and a unix socket's name has at most ${PATH_LIMIT_BYTES}`,
    );
  }
  await refuseOccupied(path);
  try {
    rmSync(birthName, { force: true });
  } catch (error) {
    throw explainListenError(error as NodeJS.ErrnoException, endpoint);
  }
  const bound = bindPath(birthName);
  if (!bound.ok) throw explainListenError(bound.error, endpoint);
  const { handle } = bound;
  try {
    renameSync(birthName, path);
    const file = socketFileAt(path);
    if (!file) throw new Error('its file was removed at once');
    return { handle, file };
  } catch (error) {
    handle.close();
    throw explainListenError(error as NodeJS.ErrnoException, endpoint);
  }
}

/** Undefined when there is no socket at `path`. */
export function socketFileAt(path: string): SocketFile | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isSocket() ? { path, device: found.dev, inode: found.ino } : undefined;
}

/** Does nothing when the file has gone, or another has its name. */
export function removeSocketFile(file: SocketFile): void {
  const found = socketFileAt(file.path);
  if (found?.inode === file.inode && found.device === file.device) {
    rmSync(file.path, { force: true });
  }
}

/** A socket that refuses connections was left behind; anything else is somebody's. */
async function refuseOccupied(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return;
  if (!found.isSocket()) {
    throw new Error(`unix:${path} is a file and no socket; remove it or change the address`);
  }
  const isStale = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
  if (isStale) return;
  const inUse: NodeJS.ErrnoException = new Error('in use');
  inUse.code = 'EADDRINUSE';
  throw explainListenError(inUse, { kind: 'unix', path });
}
