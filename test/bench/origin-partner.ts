/** The partner of the origin contest, as the contest sees it: a child process that counts. */
import { fileURLToPath } from 'node:url';
import { startAnsweringChild } from './answering-child.ts';
import type { PortFinder } from './free-ports.ts';
import type { PartnerCounts } from './origin-partner-server.ts';
import { LOAD_CORE } from './window.ts';

export interface CountingPartner extends AsyncDisposable {
  /** `http://host:port`. */
  readonly url: string;
  counts(): Promise<PartnerCounts>;
  /** Answers everything that is held, and holds nothing from then on. */
  release(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('origin-partner-server.ts', import.meta.url));
/** It may be writing ten thousand answers. */
const ANSWER_DEADLINE_MS = 30_000;

/** Starts it beside the load; it listens when this resolves. */
export async function startCountingPartner({
  ports,
  signal,
}: {
  readonly ports: PortFinder;
  readonly signal: AbortSignal;
}): Promise<CountingPartner> {
  const port = await ports.next();
  const child = await startAnsweringChild({
    args: [PROGRAM, `${port}`],
    core: LOAD_CORE,
    signal,
    timeoutMs: ANSWER_DEADLINE_MS,
  });
  return {
    url: `http://127.0.0.1:${port}`,
    counts: async () => (await child.ask('counts')) as PartnerCounts,
    async release() {
      await child.ask('release');
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
