/** A worker as the coordinator sees it: a child process that takes and sends messages. */
import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FromWorker, ToWorker } from './messages.ts';

export interface WorkerProcess {
  send(message: ToWorker): void;
  /** Ends the process, whatever it does; resolves when it is gone. */
  kill(): Promise<void>;
}

export interface WorkerProcessOptions {
  readonly onMessage: (message: FromWorker) => void;
  /** It ended; expected only after `done`. */
  readonly onExit: (how: string) => void;
}

/** Starts a worker; what its flows print goes to standard error. */
export function startWorkerProcess(options: WorkerProcessOptions): WorkerProcess {
  const main = fileURLToPath(new URL(`worker-main${extname(import.meta.url)}`, import.meta.url));
  const child: ChildProcess = fork(main, [], {
    serialization: 'advanced',
    stdio: ['ignore', 2, 'inherit', 'ipc'],
    execArgv: process.execArgv.filter((argument) => !argument.startsWith('--test')),
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.on('message', options.onMessage);
  child.once('exit', (code, signal) => options.onExit(signal ?? `exit code ${code}`));
  child.once('error', (error) => options.onExit(error.message));
  return {
    send(message) {
      // A worker that is gone has been reported as such.
      if (child.connected) child.send(message, () => {});
    },
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
