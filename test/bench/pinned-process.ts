/** Child processes bound to cores, and stopped with everything they have started. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { readTree } from './cpu.ts';

/** What to run: a command of the PATH, and its surroundings. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface PinnedProcess extends AsyncDisposable {
  readonly pid: number;
  readonly isRunning: boolean;
  /** The last of what it wrote to standard error, to say why it failed. */
  readonly complaints: string;
  /** Sends a message to a Node process. */
  send(message: string): void;
  /** Called with every message of a Node process. */
  onMessage(listener: (message: unknown) => void): void;
}

const STOP_DEADLINE_MS = 3_000;
const KEPT_COMPLAINTS = 2_000;

/**
 * Starts a command on a core, or on a list such as `0,1`, in a process group of its own so that Ctrl-C ends it only through
 * disposal: SIGTERM, and SIGKILL by process id for what is left after `STOP_DEADLINE_MS`.
 */
export function startPinned(
  { command, args, env }: Command,
  cores: number | string,
): PinnedProcess {
  // The channel carries the messages of Node processes; Headgate also drains when it closes.
  const child = spawn('taskset', ['-c', String(cores), command, ...args], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, ...env },
  });
  let isRunning = true;
  let complaints = '';
  const ended = once(child, 'exit').then(
    () => {
      isRunning = false;
    },
    (error: Error) => {
      isRunning = false;
      complaints = error.message;
    },
  );
  child.stderr?.on('data', (chunk) => {
    complaints = (complaints + chunk).slice(-KEPT_COMPLAINTS);
  });
  const pid = child.pid ?? 0;
  return {
    pid,
    get isRunning() {
      return isRunning;
    },
    get complaints() {
      return complaints.trim();
    },
    send: (message) => void child.send(message, () => {}),
    onMessage: (listener) => void child.on('message', listener),
    async [Symbol.asyncDispose]() {
      const { pids } = readTree(pid);
      if (isRunning) child.kill('SIGTERM');
      await Promise.race([ended, sleep(STOP_DEADLINE_MS, undefined, { ref: false })]);
      for (const one of pids) killIfThere(one);
      await ended;
    },
  };
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself, as it should.
  }
}
