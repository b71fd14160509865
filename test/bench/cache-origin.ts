/** The origins of a cache contest, as the contest sees them: a child process that counts. */
import { fileURLToPath } from 'node:url';
import { startAnsweringChild } from './answering-child.ts';
import type { TargetCounts } from './cache-origin-server.ts';
import type { Surroundings } from './entrant.ts';
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
  const timeoutMs = ANSWER_DEADLINE_MS;
  const child = await startAnsweringChild({ args, core: LOAD_CORE, signal, timeoutMs });
  return {
    addresses: taken.map((port) => `127.0.0.1:${port}`),
    async counts(target) {
      return (await child.ask(target)) as TargetCounts;
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
