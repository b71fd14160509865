/** For tests: a program that says what it does on stdout, and what is said by those it starts. */
import type { ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ListenEndpoint } from './messages.ts';

/** Long enough for any machine; nothing here takes long unless it is broken. */
const DEADLINE_MS = 20_000;

export class RunningProgram {
  readonly child: ChildProcess;
  readonly #lines: string[] = [];
  #seen = 0;

  constructor(child: ChildProcess) {
    this.child = child;
    if (!child.stdout) throw new Error('its stdout must be a pipe');
    createInterface({ input: child.stdout }).on('line', (line) => this.#lines.push(line));
  }

  /** The match of the next line that matches; lines before it are skipped. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    return until(() => {
      for (let index = this.#seen; index < this.#lines.length; index++) {
        const match = pattern.exec(this.#lines[index] ?? '');
        if (!match) continue;
        this.#seen = index + 1;
        return match;
      }
      throw new Error(`nothing like ${pattern} in:\n${this.#lines.join('\n')}`);
    });
  }
}

/** Repeats `check` until it no longer throws. */
export async function until<T>(check: () => T | Promise<T>): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(10);
  }
}

/** What whoever accepts there says, or the code of the error. */
export async function ask(endpoint: ListenEndpoint): Promise<string> {
  const socket =
    endpoint.kind === 'unix' ? connect(endpoint.path) : connect(endpoint.port, endpoint.host);
  return text(socket).catch((error) => error.code);
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
