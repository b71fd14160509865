/** Requests that all wait for a partner at once, and what one of them takes of the origin's memory. */
import { setTimeout as sleep } from 'node:timers/promises';
import { obstacleOf, startCrowd, until } from './concurrency-crowd.ts';
import { readMemory } from './concurrency-memory.ts';
import type { Failure } from './contest.ts';
import type { WaitingCase, WaitingEntry } from './origin-cases.ts';
import {
  type OriginEntrant,
  type OriginSurroundings,
  startOriginEntrant,
} from './origin-entrant.ts';
import { startCountingPartner } from './origin-partner.ts';
import { LOAD_CORE } from './window.ts';
import { runWrk } from './wrk.ts';

export interface WaitingResult {
  readonly holdings: readonly Holding[];
  /** Who could not take part, and why. */
  readonly failures: readonly Failure[];
}

/** One origin with all its requests waiting. */
export interface Holding {
  readonly contestant: string;
  /** Counted from 1. */
  readonly round: number;
  /** Sent by clients and not answered; all were answered well afterwards. */
  readonly requests: number;
  /** Of these the partner had so many; the others waited in the origin. */
  readonly heldByPartner: number;
  readonly openingS: number;
  /** After traffic and a collection. */
  readonly idleRssBytes: number;
  readonly heldRssBytes: number;
  /** The same after a collection. */
  readonly collectedRssBytes: number;
}

const MAX_ROUNDS = 3;
/** Nobody gives up. */
const PARTNER_TIMEOUT_S = 600;
/** What any traffic takes is no cost of what waits, so there is some first. */
const WARM_UP = { connections: 64, seconds: 3, headers: [] };
/** For collectors, timers and the kernel to come to rest before memory is read. */
const SETTLE_MS = 2_000;
/** Fewer than fit into the queue of a listener: the kernel drops what overflows it. */
const AHEAD = 1_000;
const COLLECT_TIMEOUT_MS = 60_000;
const REASON_LENGTH = 500;

/** One after the other, so that each has the machine to itself. */
export async function runWaiting(
  { entries }: WaitingCase,
  { rounds, maxWaiting }: { readonly rounds: number; readonly maxWaiting: number },
  around: OriginSurroundings,
): Promise<WaitingResult> {
  const holdings: Holding[] = [];
  const failures: Failure[] = [];
  for (const entry of entries) {
    for (let round = 1; round <= Math.min(rounds, MAX_ROUNDS); round++) {
      const requests = Math.min(entry.requests, maxWaiting);
      try {
        holdings.push(await hold({ ...entry, requests }, round, around));
      } catch (error) {
        around.signal.throwIfAborted();
        const reason = error instanceof Error ? error.message : String(error);
        failures.push({ contestant: entry.name, reason: reason.slice(0, REASON_LENGTH) });
      }
    }
  }
  return { holdings, failures };
}

async function hold(
  entry: WaitingEntry,
  round: number,
  around: OriginSurroundings,
): Promise<Holding> {
  const { signal } = around;
  const { requests, partnerConnections } = entry;
  await using partner = await startCountingPartner(around);
  const place = {
    partnerUrl: partner.url,
    partnerConnections,
    partnerTimeoutS: PARTNER_TIMEOUT_S,
    databaseUrl: '',
  };
  await using entrant = await startOriginEntrant(entry, place, around);
  await warmUp(entrant, signal);
  const { pid } = entrant.process;
  const idleRssBytes = await collectedRss(entrant, signal);

  const crowd = { path: 'held', size: requests, turn: 0 };
  await using clients = await startCrowd(entrant, crowd, signal);
  const startMs = performance.now();
  const waiting = () => clients.counts().waiting;
  await clients.open(requests, { settled: waiting, ahead: AHEAD }, signal);
  const expected = Math.min(requests, partnerConnections);
  const heldByPartner = await heldCount(expected, partner.counts, entrant, signal);
  const openingS = (performance.now() - startMs) / 1_000;
  await sleep(SETTLE_MS, undefined, { signal });
  const heldRssBytes = readMemory(pid).rssBytes;
  const collectedRssBytes = await collectedRss(entrant, signal);
  const { held } = await partner.counts();
  if (waiting() !== requests || held !== expected) {
    throw new Error(`of ${requests} clients ${waiting()} wait, ${held} at the partner`);
  }

  await partner.release();
  const all = {
    isReached: () => clients.counts().answered >= requests,
    obstacle: () => obstacleOf(clients.counts(), entrant),
    describe: () => `${clients.counts().answered} of ${requests} were answered`,
  };
  await until(all, signal);
  return {
    contestant: entry.name,
    round,
    requests,
    heldByPartner,
    openingS,
    idleRssBytes,
    heldRssBytes,
    collectedRssBytes,
  };
}

async function warmUp(entrant: OriginEntrant, signal: AbortSignal): Promise<void> {
  const url = `${entrant.url}/warm/traffic/1`;
  const { requests, complaint } = await runWrk({ ...WARM_UP, url }, LOAD_CORE, signal);
  if (complaint !== undefined || requests === 0) {
    throw new Error(`does not answer before anything is held: ${complaint ?? 'no answer'}`);
  }
}

/** Resident memory after its garbage is collected, and everything sent before has been read. */
async function collectedRss(entrant: OriginEntrant, signal: AbortSignal): Promise<number> {
  const { status } = await fetch(`${entrant.url}/collect`, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(COLLECT_TIMEOUT_MS)]),
  });
  if (status !== 204) throw new Error(`does not collect its garbage: status ${status}`);
  await sleep(SETTLE_MS, undefined, { signal });
  return readMemory(entrant.process.pid).rssBytes;
}

/** Resolves when the partner holds `expected`; rejects when it holds more, or on abort. */
async function heldCount(
  expected: number,
  counts: () => Promise<{ readonly held: number }>,
  { process }: OriginEntrant,
  signal: AbortSignal,
): Promise<number> {
  for (;;) {
    const { held } = await counts();
    if (held >= expected) return held;
    if (!process.isRunning) throw new Error(`it ended. ${process.complaints}`);
    await sleep(SETTLE_MS / 10, undefined, { signal });
  }
}
