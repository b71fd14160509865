/** Origins that go wrong by plan, as the contest sees them: a child process. */
import { fileURLToPath } from 'node:url';
import { startAnsweringChild } from './answering-child.ts';
import type { OriginsReport } from './fault-origin.ts';
import type { OriginPlan } from './fault-origin-server.ts';

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
  const args = [PROGRAM, JSON.stringify(plans)];
  const timeoutMs = ANSWER_DEADLINE_MS;
  const child = await startAnsweringChild({ args, core, signal, timeoutMs });
  return {
    async report() {
      return (await child.ask('report')) as OriginsReport;
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
