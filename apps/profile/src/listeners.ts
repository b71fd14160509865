/** Which ports a process listens on, and who listens on a port. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';

export interface Listener {
  readonly host: string;
  readonly port: number;
}

const TABLES = ['tcp', 'tcp6'];
const LISTEN_STATE = '0A';

/** TCP ports that `pid` listens on; undefined where the system does not tell (all but Linux). */
export function listenersOf(pid: number): Listener[] | undefined {
  if (!existsSync(`/proc/${pid}/net/tcp`)) return undefined;
  const sockets = socketsOf(pid);
  return TABLES.flatMap((table) =>
    readTable(`/proc/${pid}/net/${table}`).filter(({ inode }) => sockets.has(inode)),
  );
}

/** Which of `pids` listens on a port of this machine; undefined where the system does not tell. */
export function holderOf(port: number, pids: Iterable<number>): number | undefined {
  const inodes = TABLES.flatMap((table) => readTable(`/proc/self/net/${table}`))
    .filter((listener) => listener.port === port)
    .map(({ inode }) => inode);
  for (const pid of pids) {
    const sockets = socketsOf(pid);
    if (inodes.some((inode) => sockets.has(inode))) return pid;
  }
  return undefined;
}

/** Resolves with whether anything accepts connections there. */
export function isListening({ host, port }: Listener): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

/** Inodes of the sockets it has open; none when the process has ended, or belongs to another. */
function socketsOf(pid: number): Set<string> {
  const folder = `/proc/${pid}/fd`;
  const inodes = new Set<string>();
  try {
    for (const fd of readdirSync(folder)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkTarget(`${folder}/${fd}`))?.[1];
      if (inode !== undefined) inodes.add(inode);
    }
  } catch {
    return inodes;
  }
  return inodes;
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed since the folder was read.
    return '';
  }
}

function readTable(file: string): (Listener & { readonly inode: string })[] {
  let lines: string[];
  try {
    lines = readFileSync(file, 'utf8').split('\n').slice(1);
  } catch {
    return [];
  }
  return lines.flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    if (state !== LISTEN_STATE) return [];
    return [{ host: hostOf(address), port: Number.parseInt(port, 16), inode }];
  });
}

/** An address to connect to: that of all interfaces stands for the loopback. */
function hostOf(hex: string): string {
  if (hex.length > 8) return '::1';
  const bytes = hex.match(/../g)?.map((byte) => Number.parseInt(byte, 16)) ?? [];
  const address = bytes.reverse().join('.');
  return address === '0.0.0.0' ? '127.0.0.1' : address;
}
