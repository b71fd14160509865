/** Several processes of one application that share a Redis. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Stampede, StampedeReport } from './cache-program.ts';
import { soon } from './eventually.ts';

const PROGRAM = fileURLToPath(new URL('cache-program.ts', import.meta.url));

/** See {@link startCacheProcesses}. */
export interface CacheProcesses extends AsyncDisposable {
  /** Has each process make the calls of `order`, all at the same time; a report of each. */
  stampede(order: Stampede): Promise<readonly StampedeReport[]>;
}

/** Starts `count` processes, and waits until their caches are in step. */
export async function startCacheProcesses(
  count: number,
  { redisUrl, timeoutMs }: { readonly redisUrl: string; readonly timeoutMs: number },
): Promise<CacheProcesses> {
  const children = Array.from({ length: count }, () => fork(PROGRAM, [redisUrl, `${timeoutMs}`]));

  const stop = async () => {
    await Promise.all(children.map((child) => end(child)));
  };

  try {
    await Promise.all(children.map((child) => nextMessage(child, 'the start of a process')));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    stampede(order) {
      const reports = children.map((child) => nextMessage(child, 'the end of a stampede'));
      for (const child of children) child.send(order);
      return Promise.all(reports) as Promise<StampedeReport[]>;
    },
    [Symbol.asyncDispose]: stop,
  };
}

async function nextMessage(child: ChildProcess, what: string): Promise<unknown> {
  const listening = new AbortController();
  const { signal } = listening;
  const ended = once(child, 'exit', { signal }).then(([code, reason]) => {
    throw new Error(`a cache process ended with ${reason ?? code}`);
  });
  try {
    const [message] = await soon(Promise.race([once(child, 'message', { signal }), ended]), what);
    return message;
  } finally {
    listening.abort();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  await soon(exited, 'the end of a cache process').finally(() => child.kill('SIGKILL'));
}
