/** What processes have cost so far, read from `/proc`: CPU time, memory, and who runs on a core. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  /** CPU time since the process started, in clock ticks of `ticksPerSecond`. */
  readonly userTicks: number;
  readonly systemTicks: number;
}

export interface TreeUse {
  /** The process and all its descendants, in ascending order; empty when it is gone. */
  readonly pids: readonly number[];
  readonly userUs: number;
  readonly systemUs: number;
  /** The sum of resident memory; pages that processes have in common count once for each. */
  readonly rssBytes: number;
}

/** Parses `/proc/PID/stat` (proc(5)); the command name in it may hold spaces and parentheses. */
export function parseProcessStat(text: string): ProcessStat {
  const afterName = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid: Number.parseInt(text, 10),
    parentPid: Number(afterName[1]),
    userTicks: Number(afterName[11]),
    systemTicks: Number(afterName[12]),
  };
}

/** Resident memory in bytes from `/proc/PID/status`; 0 for a process that has ended. */
export function parseRssBytes(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

/**
 * Ticks one core was not idle since boot, from `/proc/stat`. Guest time is part of user time there
 * and not added again; stolen time counts, since nobody here could use it.
 */
export function parseCoreBusyTicks(stat: string, core: number): number {
  const line = stat.split('\n').find((one) => one.startsWith(`cpu${core} `));
  if (!line) throw new Error(`/proc/stat has no core ${core}`);
  const [user, nice, system, , , irq, softirq, steal] = line.split(' ').slice(1).map(Number);
  return [user, nice, system, irq, softirq, steal].reduce<number>((sum, n) => sum + (n ?? 0), 0);
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Time one core was not idle since boot, in microseconds. */
export function readCoreBusyUs(core: number): number {
  return ticksToUs(parseCoreBusyTicks(readFileSync('/proc/stat', 'utf8'), core));
}

/** Adds up a process and its descendants. */
export function readTree(rootPid: number): TreeUse {
  const stats = new Map<number, ProcessStat>();
  for (const name of readdirSync('/proc')) {
    const text = /^\d+$/.test(name) && readIfThere(`/proc/${name}/stat`);
    if (text) stats.set(Number(name), parseProcessStat(text));
  }
  const tree = [...stats.values()]
    .filter((one) => isWithin(one.pid, rootPid, stats))
    .sort((a, b) => a.pid - b.pid);
  return {
    pids: tree.map((one) => one.pid),
    userUs: ticksToUs(tree.reduce((sum, one) => sum + one.userTicks, 0)),
    systemUs: ticksToUs(tree.reduce((sum, one) => sum + one.systemTicks, 0)),
    rssBytes: tree.reduce(
      (sum, one) => sum + parseRssBytes(readIfThere(`/proc/${one.pid}/status`)),
      0,
    ),
  };
}

function isWithin(pid: number, rootPid: number, stats: Map<number, ProcessStat>): boolean {
  for (let at: number | undefined = pid; at; at = stats.get(at)?.parentPid) {
    if (at === rootPid) return stats.has(rootPid);
  }
  return false;
}

/** Processes may end between being listed and being read. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function ticksToUs(ticks: number): number {
  return (ticks / ticksPerSecond) * 1e6;
}
