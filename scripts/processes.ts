/** Child processes of the sample stack: started apart from the terminal, stopped in order. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { StackProcess } from './stack.ts';

export interface RunningProcess {
  readonly pid: number;
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  /** Asks it to drain (SIGTERM) and waits; kills it when that takes too long. */
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** Longer than any app's own drain deadline. */
const STOP_DEADLINE_MS = 40_000;

/**
 * Starts one process in a group of its own, so that Ctrl-C reaches it only through `stop`. It has
 * an IPC channel and nothing on it: the apps drain when it closes, even if this process is killed.
 */
export function startProcess(
  definition: StackProcess,
  onLine: (line: string) => void,
): RunningProcess {
  const child = spawn(
    process.execPath,
    [`apps/${definition.app}/src/main.ts`, ...definition.args],
    {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, ...definition.env },
    },
  );
  if (child.stderr) createInterface({ input: child.stderr }).on('line', onLine);
  const exited = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    child.once('error', (error) => resolve(error.message));
  });
  return {
    pid: child.pid ?? 0,
    exited,
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
      await exited;
      clearTimeout(timer);
    },
    kill: (signal) => void child.kill(signal),
  };
}

/** Asks until `url` answers 200 or `isOver` says nobody waits any longer. */
export async function waitUntilReady(url: string, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const isReady = await fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.ok;
      },
      () => false,
    );
    if (isReady) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
