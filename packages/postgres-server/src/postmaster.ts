// Owns one running server: its process, its readiness and its ends.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Guard } from './guard.ts';
import type { Owner } from './owner.ts';

/**
 * How a server ends. `fast`: statements are aborted, everything is written. `immediate`: as if
 * the machine had stopped, children included. `kill`: SIGKILL for the main process, as the kernel
 * does when memory is short.
 */
export type StopMode = 'fast' | 'immediate' | 'kill';

const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const;
const READY = /database system is ready to accept/;
const START_TIMEOUT_MS = 60_000;

/** What every program of PostgreSQL is started with. */
export interface ProgramPlace {
  readonly owner: Owner | undefined;
  readonly guard: Guard;
  /** Working folder; `owner` may enter it. */
  readonly folder: string;
  readonly onLog: (line: string) => void;
}

/** A server process that accepts connections. */
export interface Postmaster {
  readonly pid: number;
  /** Resolves when it and all its children have ended. */
  readonly closed: Promise<void>;
  /** Ends it; resolves when it and all its children have ended. */
  stop(mode: StopMode): Promise<void>;
  /** Waits until a line of its log matches; rejects when it ends without. */
  says(pattern: RegExp): Promise<void>;
}

/** Starts `program` to its end; rejects with what it wrote when it fails. */
export async function runProgram(
  place: ProgramPlace,
  program: string,
  args: readonly string[],
  { input = '' } = {},
): Promise<void> {
  const child = spawnProgram(place, program, args);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk;
    });
  }
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} ended with ${signal ?? code}: ${output.trim()}`);
}

/** Starts the server program and waits until it accepts connections; rejects with its log. */
export async function startPostmaster(
  place: ProgramPlace,
  program: string,
  args: readonly string[],
): Promise<Postmaster> {
  const child = spawnProgram(place, program, args);
  child.stdin?.end();
  child.stdout?.resume();
  const lines: string[] = [];
  const listeners = new Set<() => void>();
  const notify = () => {
    for (const listener of listeners) listener();
  };
  if (child.stderr) {
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      if (lines.length > 200) lines.shift();
      place.onLog(line);
      notify();
    });
  }
  let isClosed = false;
  let failure: unknown;
  // Its children hold its standard error: it closes when the last of them has ended.
  const closed = once(child, 'close')
    .then(
      () => {},
      (error: unknown) => {
        failure = error;
      },
    )
    .finally(() => {
      isClosed = true;
      notify();
    });

  const says = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        listeners.delete(look);
        act();
      };
      const fail = (what: string) =>
        settle(() => {
          const message = `PostgreSQL ${what}:\n${lines.slice(-20).join('\n')}`;
          reject(new Error(message, { cause: failure }));
        });
      const look = () => {
        if (lines.some((line) => pattern.test(line))) settle(resolve);
        else if (isClosed) fail('ended');
      };
      const timer = setTimeout(() => fail(`did not say ${pattern} in time`), START_TIMEOUT_MS);
      listeners.add(look);
      look();
    });
  const stop = async (mode: StopMode) => {
    child.kill(SIGNALS[mode]);
    await closed;
  };

  try {
    await says(READY);
  } catch (error) {
    await stop('immediate');
    throw error;
  }
  return { pid: child.pid as number, closed, stop, says };
}

function spawnProgram(
  { owner, guard, folder }: ProgramPlace,
  program: string,
  args: readonly string[],
): ChildProcess {
  const child = spawn(program, args, {
    ...owner,
    cwd: folder,
    // Ctrl-C in the terminal is for whoever started us.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    // The locale and the PG* variables of whoever runs this are not the server's.
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
  });
  if (child.pid !== undefined) child.once('exit', guard.watch(child.pid));
  return child;
}
