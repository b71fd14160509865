/**
 * Sockets that were open before this process was: from systemd (socket activation, sd_listen_fds),
 * or from the supervisor this one is to succeed.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import type { AdoptedSocket, SocketDescriptor } from './listen-sockets.ts';
import type { ListenEndpoint } from './messages.ts';
import { boundAddress, handleOfDescriptor } from './socket-handle.ts';

/** Says what a supervisor passes on to its successor: an `Inheritance` as JSON. */
export const INHERIT_VARIABLE = 'HEADGATE_INHERIT';

/** What a supervisor passes on to its successor. */
export interface Inheritance {
  /** Process id of the one that passes them on. */
  readonly from: number;
  readonly sockets: readonly SocketDescriptor[];
  /** What the program knows beside its configuration, as plain data. */
  readonly state?: unknown;
}

export interface Inherited {
  readonly sockets: readonly AdoptedSocket[];
  /** What could not be used and why, for the log. */
  readonly problems: readonly string[];
}

/** Meant for one process and misleading in any other. */
const PASSED_ON = [
  INHERIT_VARIABLE,
  'LISTEN_FDNAMES',
  'LISTEN_FDS',
  'LISTEN_PID',
  'LISTEN_PIDFDID',
] as const;

/** Only the supervisor talks to systemd. */
const NOTIFYING = ['NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC'] as const;

/** Those before it are stdin, stdout and stderr. */
export const FIRST_DESCRIPTOR = 3;

/** `env` for a successor: without what says which sockets were passed to this process. */
export function withoutInheritance(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return without(env, PASSED_ON);
}

/** `env` for workers: without inherited sockets and without systemd's notification socket. */
export function workerEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return without(env, [...PASSED_ON, ...NOTIFYING]);
}

function without(env: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));
}

/**
 * The sockets that `env` says were passed to the process called `pid`. To be called once: a
 * descriptor must not be adopted twice. Never throws; what cannot be used is in `problems`.
 */
export function inheritedSockets(env: NodeJS.ProcessEnv, pid: number): Inherited {
  const inheritance = env[INHERIT_VARIABLE];
  if (inheritance !== undefined) return fromPredecessor(inheritance);
  return env.LISTEN_FDS === undefined ? { sockets: [], problems: [] } : fromSystemd(env, pid);
}

function fromPredecessor(text: string): Inherited {
  try {
    const { sockets } = JSON.parse(text) as Inheritance;
    return { sockets, problems: [] };
  } catch (error) {
    const why = (error as Error).message;
    return { sockets: [], problems: [`${INHERIT_VARIABLE} is ignored, it cannot be read: ${why}`] };
  }
}

function fromSystemd(env: NodeJS.ProcessEnv, pid: number): Inherited {
  const { LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES } = env;
  if (Number(LISTEN_PID) !== pid) {
    const whose = LISTEN_PID === undefined ? 'of no process' : `of process ${LISTEN_PID}`;
    const why = `they are ${whose}, and this is ${pid}; start it without a shell or npm in between`;
    return { sockets: [], problems: [`the sockets in LISTEN_FDS are ignored: ${why}`] };
  }
  const count = Number(LISTEN_FDS);
  if (!Number.isInteger(count) || count < 0) {
    return { sockets: [], problems: [`LISTEN_FDS is ignored: "${LISTEN_FDS}" is no count`] };
  }
  const names = LISTEN_FDNAMES?.split(':') ?? [];
  const sockets: AdoptedSocket[] = [];
  const problems: string[] = [];
  for (let index = 0; index < count; index++) {
    const fd = FIRST_DESCRIPTOR + index;
    const found = inspect(fd, names[index]);
    if (typeof found === 'string') problems.push(`socket ${fd} from systemd is ignored: ${found}`);
    else sockets.push(found);
  }
  return { sockets, problems };
}

/** Or what is wrong with it. */
function inspect(fd: number, name: string | undefined): AdoptedSocket | string {
  const made = handleOfDescriptor(fd);
  if (!made.ok) return 'it is no stream socket; use ListenStream= in the socket unit';
  const { handle } = made;
  const endpoint = boundAddress(handle) ?? unixAddress(fd);
  if (endpoint) return { fd, endpoint, handle, mayRemoveFile: false, ...(name && { key: name }) };
  handle.close();
  return 'its address is not known; it must have a path and be of the same network namespace';
}

/** Node does not tell the path of a unix socket; the kernel lists them by inode. */
function unixAddress(fd: number): ListenEndpoint | undefined {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1];
    for (const line of readFileSync('/proc/self/net/unix', 'utf8').split('\n')) {
      // Num: RefCount Protocol Flags Type St Inode Path
      const found = /^\S+ \S+ \S+ \S+ \S+ \S+ +(\d+) (\/.*)$/.exec(line);
      if (found?.[1] === inode && found?.[2]) return { kind: 'unix', path: found[2] };
    }
  } catch {
    // No /proc: the address stays unknown.
  }
  return undefined;
}
