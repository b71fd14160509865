/** The processes of this machine: from /proc where there is one, elsewhere from `ps`. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessFacts {
  readonly pid: number;
  readonly parentPid: number;
  /** What it calls itself, which differs from `pid` inside a container. */
  readonly ownPid: number;
  /** Tells it from another process that gets its pid later. */
  readonly startedAt: string;
  /** One letter, as `ps` shows it: R runs, S sleeps, T is stopped, Z has ended. */
  readonly state: string;
  readonly args: readonly string[];
  /** Path of the program; undefined for a process of another user. */
  readonly program: string | undefined;
  /** Its NODE_OPTIONS; undefined for none, or for a process of another user. */
  readonly nodeOptions: string | undefined;
  /** It does something about SIGUSR1; undefined where the system does not tell. */
  readonly catchesUsr1: boolean | undefined;
  /** Names the network it sees; undefined where the system does not tell. */
  readonly network: string | undefined;
}

/** Pid, parent, state, start as `Sun Nov 22 02:19:13 2026`, and the command line. */
const PS_LINE = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/;
/** Bit of SIGUSR1, signal 10, in the masks of /proc. */
const USR1_BIT = 1n << 9n;

/** All processes that can be read, by their pid. */
export function listProcesses(): Map<number, ProcessFacts> {
  const facts = hasProc() ? listFromProc() : listFromPs();
  return new Map(facts.map((one) => [one.pid, one]));
}

/** Undefined when there is no such process, or no longer. */
export function readProcess(pid: number): ProcessFacts | undefined {
  return hasProc() ? readFromProc(pid) : listFromPs().find((facts) => facts.pid === pid);
}

function hasProc(): boolean {
  return existsSync('/proc/self/status');
}

function listFromProc(): ProcessFacts[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readFromProc(Number(name)))
    .filter((facts) => facts !== undefined);
}

function readFromProc(pid: number): ProcessFacts | undefined {
  const folder = `/proc/${pid}`;
  const status = attempt(() => readFileSync(`${folder}/status`, 'utf8'));
  const commandLine = attempt(() => readFileSync(`${folder}/cmdline`, 'utf8'));
  if (status === undefined || commandLine === undefined) return undefined;
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
  const stat = attempt(() => readFileSync(`${folder}/stat`, 'utf8')) ?? '';
  const environment = attempt(() => readFileSync(`${folder}/environ`, 'utf8'));
  return {
    pid,
    parentPid: Number(field('PPid')),
    ownPid: Number(field('NSpid').split(/\s+/).at(-1) || pid),
    // The 22nd field; the second is a name in brackets, which may have anything in it.
    startedAt: stat.slice(stat.lastIndexOf(')')).split(' ')[20] ?? '',
    state: field('State').slice(0, 1),
    args: commandLine.replace(/\0$/, '').split('\0'),
    program: attempt(() => readlinkSync(`${folder}/exe`)),
    nodeOptions: environment
      ?.split('\0')
      .find((line) => line.startsWith('NODE_OPTIONS='))
      ?.slice('NODE_OPTIONS='.length),
    catchesUsr1: (BigInt(`0x${field('SigCgt')}`) & USR1_BIT) !== 0n,
    network: attempt(() => readlinkSync(`${folder}/ns/net`)),
  };
}

/** Arguments with spaces come out as several, which is close enough to find a script by. */
export function listFromPs(): ProcessFacts[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,state=,lstart=,args='], {
    encoding: 'utf8',
  });
  return lines.split('\n').flatMap((line) => {
    const [, pid, parentPid, state, startedAt = '', command] = PS_LINE.exec(line) ?? [];
    if (command === undefined) return [];
    const args = command.split(/\s+/);
    return [
      {
        pid: Number(pid),
        parentPid: Number(parentPid),
        ownPid: Number(pid),
        startedAt,
        state: (state as string).slice(0, 1),
        args,
        program: args[0],
        nodeOptions: undefined,
        catchesUsr1: undefined,
        network: undefined,
      },
    ];
  });
}

/** Processes come and go, and those of others are closed. */
function attempt<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
