/** Starting a worker's process, and the channel to it. */
import { fork, type SendHandle, type Serializable } from 'node:child_process';
import type { SocketHandle } from './listen-sockets.ts';
import type { ToSupervisor, ToWorker } from './messages.ts';

/** The program of the workers. */
export interface WorkerProgram {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Options of node itself; those of this process when left out. */
  readonly execArgv?: readonly string[];
}

/** How a process ended. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not even be started. */
  readonly error?: string;
}

/** What is heard from a process. */
export interface ForkListener {
  message(message: ToSupervisor, handle: SocketHandle | undefined): void;
  /** It has ended, and everything it sent has been heard. */
  gone(exit: WorkerExit): void;
}

export interface ForkedProcess {
  readonly pid: number | undefined;
  /**
   * Throws when the message cannot be cloned. One to a process that has ended is lost; the handle
   * is not closed.
   */
  send(message: ToWorker, handle?: SocketHandle): void;
  kill(signal: NodeJS.Signals): void;
}

export type Fork = (worker: number, listener: ForkListener) => ForkedProcess;

/** Environment variable that tells a program that it is a worker: its number. */
export const WORKER_VARIABLE = 'HEADGATE_WORKER';

/** A worker that closes its channel and stays can no longer be told anything. */
const DISCONNECTED_FOR_MS = 2_000;

/** Forks `program`; its output goes where that of this process goes. */
export function forkProgram(program: WorkerProgram): Fork {
  return (worker, listener) => {
    try {
      return forkWorker(program, worker, listener);
    } catch (error) {
      return neverStarted(listener, error as Error);
    }
  };
}

function forkWorker(program: WorkerProgram, worker: number, listener: ForkListener): ForkedProcess {
  const { file, args, env, execArgv } = program;
  const child = fork(file, args, {
    env: { ...env, [WORKER_VARIABLE]: String(worker) },
    ...(execArgv && { execArgv: [...execArgv] }),
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  if (child.pid === undefined) {
    return neverStarted(listener, new Promise((resolve) => child.once('error', resolve)));
  }
  child.on('message', (message, handle) => {
    listener.message(message as ToSupervisor, handle as unknown as SocketHandle | undefined);
  });
  // A signal or message that comes too late; 'close' follows.
  child.on('error', () => {});
  let killer: NodeJS.Timeout | undefined;
  child.once('disconnect', () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    killer = setTimeout(() => child.kill('SIGKILL'), DISCONNECTED_FOR_MS);
  });
  // Not 'exit': that may come before the last messages, and a connection that was taken just
  // before the end would be given to a second worker.
  child.once('close', (code, signal) => {
    clearTimeout(killer);
    listener.gone({ code, signal });
  });
  return {
    pid: child.pid,
    send(message, handle) {
      if (!child.connected) return;
      child.send(message as Serializable, handle as unknown as SendHandle, {}, () => {});
    },
    kill: (signal) => void child.kill(signal),
  };
}

/** For want of memory, processes or descriptors. */
function neverStarted(listener: ForkListener, why: Error | Promise<Error>): ForkedProcess {
  void Promise.resolve(why).then(({ message: error }) => {
    listener.gone({ code: null, signal: null, error });
  });
  return { pid: undefined, send() {}, kill() {} };
}
