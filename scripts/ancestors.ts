/**
 * Notices when a process above this one has gone. `npx` does not pass signals on: killed itself,
 * it would leave the stack running under nobody.
 */
import { readFileSync } from 'node:fs';

const POLL_MS = 500;

/** Calls `onGone` once; where /proc is missing, only the direct parent is watched. */
export function watchAncestors(onGone: () => void): void {
  const ancestors = listAncestors();
  const timer = setInterval(() => {
    if (ancestors.every(isAlive)) return;
    clearInterval(timer);
    onGone();
  }, POLL_MS);
  timer.unref();
}

function listAncestors(): number[] {
  const found: number[] = [];
  const session = sessionOf(process.pid);
  for (let pid = process.ppid; pid > 1; pid = parentOf(pid)) {
    // Beyond the session are the terminal and its like, which outlive no command of ours.
    if (found.length > 0 && sessionOf(pid) !== session) break;
    found.push(pid);
  }
  return found;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function parentOf(pid: number): number {
  return Number(statOf(pid)[1] ?? 0);
}

function sessionOf(pid: number): number {
  return Number(statOf(pid)[3] ?? 0);
}

/** The fields of /proc/PID/stat after the command name: state, parent, group, session, … */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
