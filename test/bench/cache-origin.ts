/** The origins of a cache contest, as the contest sees them: a child process that counts. */
import { fileURLToPath } from 'node:url';
import type { TargetCounts } from './cache-origin-server.ts';
import type { Surroundings } from './entrant.ts';
import { startPinned } from './pinned-process.ts';
import { LOAD_CORE } from './window.ts';

export interface CountingOrigins extends AsyncDisposable {
  /** `host:port` of each. */
  readonly addresses: readonly string[];
  /** How often all of them together were asked for `target` so far. */
  counts(target: string): Promise<TargetCounts>;
}

const PROGRAM = fileURLToPath(new URL('cache-origin-server.ts', import.meta.url));
/** With two there is another one to try again with. */
const ORIGINS = 2;
const ANSWER_DEADLINE_MS = 30_000;

/** Starts them beside the load; they listen when this resolves. */
export async function startCountingOrigins({
  ports,
  signal,
}: Pick<Surroundings, 'ports' | 'signal'>): Promise<CountingOrigins> {
  const taken: number[] = [];
  while (taken.length < ORIGINS) taken.push(await ports.next());
  const args = [PROGRAM, ...taken.map(String)];
  const child = startPinned({ command: process.execPath, args }, LOAD_CORE);
  let heard = Promise.withResolvers<unknown>();
  child.onMessage((message) => heard.resolve(message));
  const next = async () => {
    const given = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_DEADLINE_MS)]);
    const stop = () => heard.reject(new Error(`the origins do not answer: ${child.complaints}`));
    if (given.aborted) stop();
    given.addEventListener('abort', stop, { once: true });
    try {
      return await heard.promise;
    } finally {
      given.removeEventListener('abort', stop);
      heard = Promise.withResolvers();
    }
  };
  try {
    await next();
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
  return {
    addresses: taken.map((port) => `127.0.0.1:${port}`),
    async counts(target) {
      const answer = next();
      child.send(target);
      return (await answer) as TargetCounts;
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
