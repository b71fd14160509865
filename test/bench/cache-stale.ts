/** What waits for a refresh: entries that are stale while they are asked for, beside fresh ones. */
import { setTimeout as sleep } from 'node:timers/promises';
import { REFRESH_MS } from './cache-cases.ts';
import { askInTurn, type Clients, openClients, type Sample } from './cache-clients.ts';
import { type Reply, requestFor } from './cache-connection.ts';
import type { CacheContestant } from './cache-contestants.ts';
import { type Latencies, latenciesOf } from './cache-latencies.ts';
import type { CountingOrigins } from './cache-origin.ts';
import { type TurnsResult, takeTurns } from './cache-turns.ts';
import type { Pace } from './contest.ts';
import type { Entrant, Surroundings } from './entrant.ts';

export interface StaleRun {
  readonly contestant: string;
  readonly round: number;
  /** Entries that became stale, were asked for, and were refreshed. */
  readonly entries: number;
  /** Requests the origin got for them, beyond the one that filled each. */
  readonly refreshes: number;
  readonly stale: Latencies;
  readonly hits: Latencies;
  readonly ratio: number;
}

const CLIENTS = 16;
/** Shorter than the refresh: all who ask meanwhile find what is stale. */
const WAVE_MS = REFRESH_MS * 0.75;
/** Two waves, and a refresh between them. */
const ENTRIES_PER_SECOND = 2;
/** Entries are fresh for one second, which is up to two for those who count in whole ones. */
const UNTIL_STALE_MS = 2_200;
const REFRESH_DEADLINE_MS = 10_000;

/** Waves of requests for a stale entry and, once it is fresh, for a fresh one: in turn, for noise. */
export async function runStale(
  contestants: readonly CacheContestant[],
  { rounds, seconds }: Pace,
  origins: CountingOrigins,
  around: Surroundings,
): Promise<TurnsResult<StaleRun>> {
  const { signal } = around;
  let turn = 0;
  return takeTurns(
    {
      contestants,
      rounds,
      async prepare(entrant) {
        await measure(entrant, `warm-up-${entrant.name}`, 1);
      },
      async take(entrant, round) {
        const name = `${entrant.name}-${round}`;
        const figures = await measure(entrant, name, seconds * ENTRIES_PER_SECOND);
        return { contestant: entrant.name, round, ...figures };
      },
    },
    origins,
    around,
  );

  async function measure({ url }: Entrant, name: string, entries: number) {
    const plan = { url, count: CLIENTS, firstTarget: '/small', turn: turn++ };
    await using clients = await openClients(plan, signal);
    const targets = Array.from({ length: entries }, (_, index) => `/stale/${name}-${index}`);
    for (const target of targets) await expectNth(clients, requestFor(url, target), 1);
    await sleep(UNTIL_STALE_MS, undefined, { signal });
    const stale: Sample[] = [];
    const hits: Sample[] = [];
    let fetches = 0;
    for (const target of targets) {
      const request = requestFor(url, target);
      stale.push(...(await wave(clients, request, 1)));
      await expectNth(clients, request, 2);
      hits.push(...(await wave(clients, request, 2)));
      fetches += (await origins.counts(target)).fetches;
    }
    const [staleLatencies, hitLatencies] = [stale, hits].map((samples) =>
      latenciesOf(samples.map(({ latencyMs }) => latencyMs)),
    ) as [Latencies, Latencies];
    return {
      entries,
      refreshes: fetches - entries,
      stale: staleLatencies,
      hits: hitLatencies,
      ratio: staleLatencies.p99Ms / hitLatencies.p99Ms,
    };
  }

  /** The samples that were answered with the nth answer of the origin; ends when a later one comes. */
  async function wave(clients: Clients, request: string, nth: number): Promise<Sample[]> {
    const plan = { request, lengthMs: WAVE_MS, isOver: (reply: Reply) => nthOf(reply) !== nth };
    const samples = await askInTurn(clients, plan, signal);
    return samples.filter(({ reply }) => nthOf(reply) === nth);
  }

  /** Resolves when that is what is answered; rejects for a later one. */
  async function expectNth({ connections }: Clients, request: string, nth: number) {
    const isOver = (reply: Reply) => nthOf(reply) >= nth;
    const plan = { request, lengthMs: REFRESH_DEADLINE_MS, isOver };
    const samples = await askInTurn({ connections: connections.slice(0, 1) }, plan, signal);
    const last = samples.at(-1);
    const found = last ? nthOf(last.reply) : 0;
    if (found !== nth) throw new Error(`answer ${found} of the origin came, not answer ${nth}`);
  }
}

/** Which answer of the origin it is; throws when it is none. */
function nthOf({ status, body }: Reply): number {
  const nth = /^\{"nth":(\d+),/.exec(body)?.[1];
  if (status === 200 && nth !== undefined) return Number(nth);
  throw new Error(status === 0 ? 'a connection broke' : `a request was answered ${status}`);
}
