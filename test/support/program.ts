/** Programs that are not ours, or not the edge: started, listened to and ended with a test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, soon } from './eventually.ts';

export interface ProgramOptions {
  /** Beside the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `command`; `ENOENT` and early ends show when something is awaited of it. */
export function startProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Program {
  const env = { ...process.env, ...options.env };
  return new Program(spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env }), command);
}

export class Program implements AsyncDisposable {
  readonly child: ChildProcess;
  /** All it has written, to standard output and standard error. */
  output = '';
  readonly #command: string;
  readonly #closed: Promise<void>;
  #end: string | undefined;

  constructor(child: ChildProcess, command: string) {
    this.child = child;
    this.#command = command;
    const keep = (chunk: Buffer) => {
      this.output += chunk;
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    this.#closed = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#end = error.message;
        resolve();
      });
      child.once('close', (code, signal) => {
        this.#end ??= `it ended with ${signal ?? code}`;
        resolve();
      });
    });
  }

  /** The first match of `pattern` in what it writes; rejects when it ends without. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const match = await eventually(() => {
      const found = pattern.exec(this.output);
      if (!found && this.#end === undefined) throw new Error(this.#complaint(`say ${pattern}`));
      return found;
    });
    if (!match) throw new Error(this.#complaint(`say ${pattern}`));
    return match;
  }

  /** Waits until connections to `port` are accepted; rejects when it ends without. */
  async accepts(port: number): Promise<void> {
    const isOpen = await eventually(async () => {
      if (this.#end !== undefined) return false;
      if (!(await mayConnect(port))) throw new Error(this.#complaint(`listen on ${port}`));
      return true;
    });
    if (!isOpen) throw new Error(this.#complaint(`listen on ${port}`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGTERM');
    await soon(this.#closed, `the end of ${this.#command}`).finally(() =>
      this.child.kill('SIGKILL'),
    );
  }

  #complaint(what: string): string {
    return `${this.#command} did not ${what}: ${this.#end ?? 'it runs'}\n${this.output.slice(-2000)}`;
  }
}

/** A folder that is removed with all that is in it. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'headgate-test-'));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}

function mayConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
