/** What a request in flight costs in memory: thousands held at once by origins that wait. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Failure } from './contest.ts';
import type { Contestant } from './contestants/contestant.ts';
import { readTree } from './cpu.ts';
import { type Entrant, type Surroundings, startEntrant } from './entrant.ts';
import { type PinnedProcess, startPinned } from './pinned-process.ts';
import { LOAD_CORE } from './window.ts';
import { runWrk } from './wrk.ts';

export const IN_FLIGHT = 8_000;

/** One contestant, once. */
interface Holding {
  readonly contestant: string;
  /** Counted from 1. */
  readonly round: number;
  readonly idleRssBytes: number;
  readonly heldRssBytes: number;
  readonly bytesPerRequest: number;
}

export interface InFlightResult {
  readonly holdings: readonly Holding[];
  readonly failures: readonly Failure[];
}

const ORIGIN = new URL('holders/origin.ts', import.meta.url);
const CLIENTS = new URL('holders/clients.ts', import.meta.url);

/** Four processes with 4,000 connections each, well within 20,000 open files. */
const ORIGIN_HOSTS = ['127.0.0.2', '127.0.0.3'];
const CLIENT_PROCESSES = 2;
const DEADLINE_MS = 60_000;
const POLL_MS = 100;
/** For collectors and timers to come to rest before memory is read. */
const SETTLE_MS = 1_000;
const WARM_UP_SECONDS = 1;

/**
 * Every round starts everybody anew and one after the other: memory that was once used is seldom
 * given back, so a second turn of the same process would look cheap.
 */
export async function runInFlight(
  contestants: readonly Contestant[],
  rounds: number,
  surroundings: Surroundings,
): Promise<InFlightResult> {
  const holdings: Holding[] = [];
  const failures: Failure[] = [];
  for (let round = 1; round <= rounds; round++) {
    const around = { ...surroundings, folder: join(surroundings.folder, `round-${round}`) };
    for (const contestant of contestants) {
      try {
        holdings.push(await hold(contestant, round, around));
      } catch (error) {
        surroundings.signal.throwIfAborted();
        const reason = error instanceof Error ? error.message : String(error);
        failures.push({ contestant: contestant.name, reason: `round ${round}: ${reason}` });
      }
    }
  }
  return { holdings, failures };
}

async function hold(
  contestant: Contestant,
  round: number,
  surroundings: Surroundings,
): Promise<Holding> {
  const { ports, signal } = surroundings;
  await using started = new AsyncDisposableStack();
  const origins: PinnedProcess[] = [];
  const addresses: string[] = [];
  for (const host of ORIGIN_HOSTS) {
    const port = await ports.next();
    origins.push(started.use(startProgram(ORIGIN, [host, String(port)])));
    addresses.push(`${host}:${port}`);
  }
  const entrant = started.use(await startEntrant(contestant, addresses, surroundings));
  const idleRssBytes = await idleMemory(entrant, signal);

  const held = latest(origins, 0);
  const clients = startClients(entrant, started);
  const progress = latest(clients, { answered: 0, failed: 0 });
  const failed = () => sum(progress.map((one) => one.failed));
  const over = () => failed() > 0 || !entrant.process.isRunning;
  await until(() => sum(held) >= IN_FLIGHT || over(), signal);
  if (sum(held) < IN_FLIGHT) {
    throw new Error(`held ${sum(held)} of ${IN_FLIGHT}, ${failed()} failed`);
  }
  await sleep(SETTLE_MS, undefined, { signal });
  const heldRssBytes = readTree(entrant.process.pid).rssBytes;

  for (const origin of origins) origin.send('release');
  const answered = () => sum(progress.map((one) => one.answered));
  await until(() => answered() + failed() >= IN_FLIGHT || !entrant.process.isRunning, signal);
  if (answered() < IN_FLIGHT) throw new Error(`answered ${answered()} of ${IN_FLIGHT}`);
  return {
    contestant: contestant.name,
    round,
    idleRssBytes,
    heldRssBytes,
    bytesPerRequest: (heldRssBytes - idleRssBytes) / IN_FLIGHT,
  };
}

/** After some traffic: what any traffic takes is no cost of requests in flight. */
async function idleMemory(entrant: Entrant, signal: AbortSignal): Promise<number> {
  const load = {
    url: `${entrant.url}/now`,
    connections: 64,
    seconds: WARM_UP_SECONDS,
    headers: [],
  };
  await runWrk(load, LOAD_CORE, signal);
  await sleep(SETTLE_MS, undefined, { signal });
  return readTree(entrant.process.pid).rssBytes;
}

function startClients(entrant: Entrant, started: AsyncDisposableStack): PinnedProcess[] {
  const { hostname, port } = new URL(entrant.url);
  return Array.from({ length: CLIENT_PROCESSES }, () =>
    started.use(startProgram(CLIENTS, [hostname, port, String(IN_FLIGHT / CLIENT_PROCESSES)])),
  );
}

function startProgram(program: URL, args: readonly string[]): PinnedProcess {
  const path = fileURLToPath(program);
  return startPinned({ command: process.execPath, args: [path, ...args] }, LOAD_CORE);
}

/** The last message of each process, kept up to date. */
function latest<T>(processes: readonly PinnedProcess[], initial: T): T[] {
  const messages = processes.map(() => initial);
  processes.forEach((one, index) => {
    one.onMessage((message) => {
      messages[index] = message as T;
    });
  });
  return messages;
}

async function until(isDone: () => boolean, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!isDone() && performance.now() < deadline) await sleep(POLL_MS, undefined, { signal });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
