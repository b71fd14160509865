/** Several processes of one application that share a Redis. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Purge } from '@headgate/cache';
import type { CacheOrder, Stampede, StampedeReport } from './cache-program.ts';
import { soon } from './eventually.ts';

const PROGRAM = fileURLToPath(new URL('cache-program.ts', import.meta.url));

/** See {@link startCacheProcesses}. */
export interface CacheProcesses extends AsyncDisposable {
  /** Has each process make the calls of `order`, all at the same time; a report of each. */
  stampede(order: Stampede): Promise<readonly StampedeReport[]>;
  /** What each process has in its memory; null for nothing. */
  peek(key: string): Promise<readonly unknown[]>;
  /** Has one process purge. */
  purge(process: number, purge: Purge): Promise<unknown>;
}

/** Starts `count` processes, and waits until their caches are in step. */
export async function startCacheProcesses(
  count: number,
  { redisUrl, timeoutMs }: { readonly redisUrl: string; readonly timeoutMs: number },
): Promise<CacheProcesses> {
  const children = Array.from({ length: count }, () => fork(PROGRAM, [redisUrl, `${timeoutMs}`]));

  const all = (what: CacheOrder) => Promise.all(children.map((child) => order(child, what)));
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
    stampede: (stampede) => all({ kind: 'stampede', ...stampede }) as Promise<StampedeReport[]>,
    peek: (key) => all({ kind: 'peek', key }),
    async purge(process, purge) {
      const child = children[process];
      if (child === undefined) throw new RangeError(`there is no process ${process}`);
      return order(child, { kind: 'purge', purge });
    },
    [Symbol.asyncDispose]: stop,
  };
}

function order(child: ChildProcess, what: CacheOrder): Promise<unknown> {
  const answer = nextMessage(child, `the answer to "${what.kind}"`);
  child.send(what);
  return answer;
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
