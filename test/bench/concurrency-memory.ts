/** What processes and the kernel hold, read from `/proc`. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readTree } from './cpu.ts';

export interface TreeMemory {
  /** Proportional: a page that several processes share counts once, in parts. */
  readonly pssBytes: number;
  /** Resident: a page that several processes share counts once for each. */
  readonly rssBytes: number;
}

/** Of a process and all its descendants; what has ended counts as nothing. */
export function readMemory(rootPid: number): TreeMemory {
  const rollups = readTree(rootPid).pids.map((pid) => readIfThere(`/proc/${pid}/smaps_rollup`));
  const sum = (field: string) =>
    rollups.reduce((total, text) => total + parseRollupBytes(text, field), 0);
  return { pssBytes: sum('Pss'), rssBytes: sum('Rss') };
}

/** One field of `/proc/PID/smaps_rollup` (proc(5)) in bytes; 0 when it is not there. */
export function parseRollupBytes(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
}

/** What the kernel of this machine keeps for sockets and files, buffers of TCP included. */
export function readKernelBytes(): number {
  const read = (file: string) => readFileSync(`/proc/${file}`, 'utf8');
  return parseSlabBytes(read('meminfo')) + parseTcpBufferBytes(read('net/sockstat'));
}

/** Objects of the kernel in use, from `/proc/meminfo`. */
export function parseSlabBytes(meminfo: string): number {
  return Number(/^SUnreclaim:\s+(\d+) kB$/m.exec(meminfo)?.[1] ?? 0) * 1024;
}

const PAGE_BYTES = 4096;

/** From `/proc/net/sockstat`, where the field counts pages. */
export function parseTcpBufferBytes(sockstat: string): number {
  return Number(/^TCP: .*\bmem (\d+)/m.exec(sockstat)?.[1] ?? 0) * PAGE_BYTES;
}

/** Open sockets of each process of a tree; the first one is left out where it has descendants. */
export function readSocketCounts(rootPid: number): number[] {
  const { pids } = readTree(rootPid);
  const workers = pids.length > 1 ? pids.filter((pid) => pid !== rootPid) : pids;
  return workers.map((pid) => {
    const folder = `/proc/${pid}/fd`;
    return filesIn(folder).filter((name) => isSocket(`${folder}/${name}`)).length;
  });
}

/** The most files a process may open here, from the hard limit of this one. */
export function readOpenFilesLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const [, text = ''] = /^Max open files\s+\S+\s+(\S+)/m.exec(limits) ?? [];
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text);
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:');
  } catch {
    return false;
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
