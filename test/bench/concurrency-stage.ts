/** A proxy between origins that hold requests and clients that wait, ready to be measured. */

import { type CountingOrigins, startCountingOrigins } from './concurrency-crowd.ts';
import { readSocketCounts } from './concurrency-memory.ts';
import { runTraffic } from './concurrency-traffic.ts';
import type { ConcurrentContestant, ProxyCounts } from './contestants/concurrent.ts';
import { type Entrant, type Surroundings, startEntrant } from './entrant.ts';
import { waitForAnswer } from './wait-for-answer.ts';

export interface Stage extends AsyncDisposable {
  readonly origins: CountingOrigins;
  readonly entrant: Entrant;
  /** What the proxy itself counts, now. */
  readCounts(): Promise<ProxyCounts>;
  /** How what it holds is spread over its workers; sockets where it does not tell. */
  readShares(what: keyof ProxyCounts): Promise<WorkerShares>;
}

export interface WorkerShares {
  readonly unit: 'requests in flight' | 'connections' | 'open sockets';
  readonly counts: readonly number[];
}

const UNITS = { inFlight: 'requests in flight', connections: 'connections' } as const;

/** For collectors and timers to come to rest before memory is read. */
export const SETTLE_MS = 2_000;

const WARM_UP_SECONDS = 3;
const WARM_UP_USERS_PER_WORKER = 32;
const STATUS_TIMEOUT_MS = 10_000;

/** What any traffic takes is no cost of what is held, so there has been some when this resolves. */
export async function startStage(
  contestant: ConcurrentContestant,
  workers: number,
  around: Surroundings,
): Promise<Stage> {
  await using started = new AsyncDisposableStack();
  const { folder, signal } = around;
  const { status } = contestant;
  const origins = started.use(await startCountingOrigins(around));
  const entrant = started.use(await startEntrant(contestant, origins.addresses, around));
  await waitForAnswer(entrant.adminUrl + status.readyPath, entrant.process, signal);
  const users = ['--users', `${workers * WARM_UP_USERS_PER_WORKER}`];
  await runTraffic(entrant.url, users, WARM_UP_SECONDS, { folder, signal });
  const owned = started.move();
  const page = (path: string) => readPage(entrant.adminUrl + path, signal);
  return {
    origins,
    entrant,
    async readCounts() {
      const text = await page(status.path);
      if (text === undefined) throw new Error(`${contestant.name} has no counts at ${status.path}`);
      return status.read(text);
    },
    async readShares(what) {
      const text = status.workers && (await page(status.workers.path));
      if (!status.workers || text === undefined) {
        return { unit: 'open sockets', counts: readSocketCounts(entrant.process.pid) };
      }
      const counts = status.workers.read(text).map((worker) => worker[what]);
      return { unit: UNITS[what], counts };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Undefined unless it is answered with 200. */
async function readPage(url: string, signal: AbortSignal): Promise<string | undefined> {
  const answer = await fetch(url, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(STATUS_TIMEOUT_MS)]),
  });
  const text = await answer.text();
  return answer.status === 200 ? text : undefined;
}
