/**
 * Upgrade without a closed port: a supervisor starts a second one from the program on disk and
 * passes its listening sockets on. Both accept until the old one is told to drain its workers; it
 * keeps its sockets, so it can take over again until it is stopped.
 */
import { type ChildProcess, type SendHandle, spawn } from 'node:child_process';
import {
  FIRST_DESCRIPTOR,
  INHERIT_VARIABLE,
  type Inheritance,
  withoutInheritance,
} from './inherited.ts';
import type { SocketDescriptor, SocketHandle } from './listen-sockets.ts';
import type { HandOverNote } from './messages.ts';

/** What a supervisor is started with. */
interface SupervisorCommand {
  /** Path of the Node to run it with. */
  readonly node: string;
  readonly execArgv: readonly string[];
  /** The program's file, and its arguments. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export interface UpgraderOptions {
  readonly command: SupervisorCommand;
  /** From the start until the successor must be ready. */
  readonly readyTimeoutMs: number;
  /** From the order to stop until a successor that was not ready in time is killed. */
  readonly killAfterMs: number;
  /** A successor that was ready has ended: this supervisor is on its own again. */
  readonly onSuccessorGone: (pid: number) => void;
}

export interface UpgradeOptions {
  /** For the successor, as plain data: what it cannot read from its configuration. */
  readonly state?: unknown;
  readonly signal?: AbortSignal;
}

export type UpgradeResult =
  | { readonly ok: true; readonly pid: number }
  | { readonly ok: false; readonly why: string };

/** Starts successors, one at a time. Lives as long as the supervisor, and leaves its successor running. */
export class Upgrader {
  readonly #options: UpgraderOptions;
  #successor: ChildProcess | undefined;
  #isReady = false;
  /** Connections that are not on their way yet. */
  readonly #passing = new Set<SocketHandle>();
  #whenPassed: (() => void) | undefined;

  constructor(options: UpgraderOptions) {
    this.#options = options;
  }

  /** Process id of a successor that is ready and has not ended. */
  get successor(): number | undefined {
    return this.#isReady ? this.#successor?.pid : undefined;
  }

  /**
   * Resolves when the successor serves; or when it could not, and has gone, and all is as before.
   * An abort of the signal gives it up.
   */
  async upgrade(
    sockets: readonly SocketDescriptor[],
    { state, signal }: UpgradeOptions = {},
  ): Promise<UpgradeResult> {
    if (this.#successor) {
      const why = `process ${this.#successor.pid} is the successor already; stop it or this one first`;
      return { ok: false, why };
    }
    let child: ChildProcess;
    try {
      child = this.#spawn(sockets, state);
    } catch (error) {
      // Such as an environment that is too large, with the state in it.
      return { ok: false, why: `the successor cannot be started: ${(error as Error).message}` };
    }
    this.#successor = child;
    const why = await this.#whyNotReady(child, signal);
    if (why === undefined && child.pid !== undefined) {
      this.#isReady = true;
      child.unref();
      child.channel?.unref();
      return { ok: true, pid: child.pid };
    }
    await this.#end(child);
    this.#successor = undefined;
    return { ok: false, why: why ?? 'the successor has no process id' };
  }

  /**
   * Passes a connection at rest on to the successor; the handle is closed here when it is on its
   * way. False, and nothing has happened, when there is no successor.
   */
  handOver(handle: SocketHandle, note: HandOverNote): boolean {
    const child = this.#successor;
    if (!this.#isReady || !child?.connected) return false;
    const message: Passed = { type: PASSED, note };
    this.#passing.add(handle);
    child.send(message, handle as unknown as SendHandle, {}, () => {
      if (!this.#passing.delete(handle)) return;
      handle.close();
      if (this.#passing.size === 0) this.#whenPassed?.();
    });
    return true;
  }

  /** Resolves when every connection that was passed on is on its way. */
  async passedOn(): Promise<void> {
    if (this.#passing.size === 0 || !this.#successor?.connected) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenPassed = resolve;
    await promise;
  }

  #spawn(sockets: readonly SocketDescriptor[], state: unknown): ChildProcess {
    const { node, execArgv, args, env } = this.#options.command;
    const inheritance: Inheritance = {
      from: process.pid,
      sockets: sockets.map((socket, index) => ({ ...socket, fd: FIRST_DESCRIPTOR + index })),
      state,
    };
    const { WATCHDOG_PID: _itIsNotTheSuccessor, ...passedOn } = withoutInheritance(env);
    return spawn(node, [...execArgv, ...args], {
      stdio: ['ignore', 'inherit', 'inherit', ...sockets.map(({ fd }) => fd), 'ipc'],
      env: { ...passedOn, [INHERIT_VARIABLE]: JSON.stringify(inheritance) },
      // Ctrl-C on the terminal ends the old one; the new one is to stay.
      detached: true,
    });
  }

  /** Undefined once it is ready. */
  #whyNotReady(child: ChildProcess, signal: AbortSignal | undefined): Promise<string | undefined> {
    const { readyTimeoutMs } = this.#options;
    return new Promise((resolve) => {
      const settle = (why?: string) => {
        clearTimeout(late);
        signal?.removeEventListener('abort', giveUp);
        resolve(why);
      };
      const giveUp = () => settle('it was given up because this supervisor is stopping');
      const late = setTimeout(
        () => settle(`the successor was not ready after ${readyTimeoutMs} ms, and was stopped`),
        readyTimeoutMs,
      );
      child.on('message', (message) => {
        if (message === READY) settle();
      });
      child.on('error', ({ message }) => settle(`the successor cannot be started: ${message}`));
      child.once('exit', (code, killedBy) => {
        const how = killedBy ? `was killed by ${killedBy}` : `exited with code ${code}`;
        settle(`the successor ${how} before it was ready; its output says why`);
        this.#onExit(child);
      });
      signal?.addEventListener('abort', giveUp, { once: true });
      if (signal?.aborted) giveUp();
    });
  }

  #onExit(child: ChildProcess): void {
    if (!this.#isReady || child.pid === undefined) return;
    this.#isReady = false;
    this.#successor = undefined;
    // Nobody says what has become of these. Some may be in other hands, so they cannot be served here.
    for (const handle of this.#passing) handle.close();
    this.#passing.clear();
    this.#whenPassed?.();
    this.#options.onSuccessorGone(child.pid);
  }

  /** Resolves when it has gone. */
  async #end(child: ChildProcess): Promise<void> {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), this.#options.killAfterMs);
    await exited;
    clearTimeout(kill);
  }
}

/** The supervisor that started this one to be succeeded by it. */
export interface Predecessor {
  readonly pid: number;
  /** What it has passed on beside sockets. */
  readonly state: unknown;
  isAlive(): boolean;
  /** Tells it that this one serves. */
  reportReady(): Promise<void>;
  /** Connections it passes on as its workers drain. */
  onConnection(take: (handle: SocketHandle, note: HandOverNote) => void): void;
}

const READY = 'headgate-successor-ready';
const PASSED = 'headgate-connection';

/** The connection comes with it. */
interface Passed {
  readonly type: typeof PASSED;
  readonly note: HandOverNote;
}

/** Undefined in a process that was not started by an upgrade. */
export function predecessorOf(env: NodeJS.ProcessEnv): Predecessor | undefined {
  if (!wasUpgraded(env)) return undefined;
  const { from: pid, state } = JSON.parse(env[INHERIT_VARIABLE] ?? '{}') as Inheritance;
  return {
    pid,
    state,
    // Who loses its parent gets another.
    isAlive: () => process.ppid === pid,
    async reportReady() {
      if (!process.connected) return;
      await new Promise((resolve) => process.send?.(READY, resolve));
    },
    onConnection(take) {
      process.on('message', (message, handle) => {
        const { type, note } = message as Partial<Passed>;
        if (type === PASSED && note && handle) take(handle as unknown as SocketHandle, note);
      });
      // It is no reason for this process to live.
      process.channel?.unref();
    },
  };
}

/** Whether this process was started by an upgrade: a channel that closes is then no order to stop. */
export function wasUpgraded(env: NodeJS.ProcessEnv): boolean {
  return env[INHERIT_VARIABLE] !== undefined;
}
