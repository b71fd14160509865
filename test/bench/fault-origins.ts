/** Origins that go wrong by plan, as the contest sees them: a child process. */
import { fileURLToPath } from 'node:url';
import type { OriginsReport } from './fault-origin.ts';
import type { OriginPlan } from './fault-origin-server.ts';
import { startPinned } from './pinned-process.ts';

export interface FaultOrigins extends AsyncDisposable {
  /** What they have counted so far. */
  report(): Promise<OriginsReport>;
}

const PROGRAM = fileURLToPath(new URL('fault-origin.ts', import.meta.url));
const ANSWER_DEADLINE_MS = 10_000;

/** Starts them on `core`; resolves when all listen, rejects with what they complain of. */
export async function startFaultOrigins(
  plans: readonly OriginPlan[],
  core: number,
  signal: AbortSignal,
): Promise<FaultOrigins> {
  const command = { command: process.execPath, args: [PROGRAM, JSON.stringify(plans)] };
  const child = startPinned(command, core);
  let heard = Promise.withResolvers<unknown>();
  child.onMessage((message) => heard.resolve(message));
  const next = async () => {
    const timeUp = AbortSignal.timeout(ANSWER_DEADLINE_MS);
    const stop = () => heard.reject(new Error(`the origins do not answer: ${child.complaints}`));
    const given = AbortSignal.any([signal, timeUp]);
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
    async report() {
      const answer = next();
      child.send('report');
      return (await answer) as OriginsReport;
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
