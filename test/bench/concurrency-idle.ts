/** What ordinary traffic feels of so many idle connections, and what one of them takes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Crowd, obstacleOf, startCrowd } from './concurrency-crowd.ts';
import { readKernelBytes, readMemory, type TreeMemory } from './concurrency-memory.ts';
import { SETTLE_MS, type Stage, startStage, type WorkerShares } from './concurrency-stage.ts';
import { runTraffic, type Traffic } from './concurrency-traffic.ts';
import type { ConcurrentContestant } from './contestants/concurrent.ts';
import type { Surroundings } from './entrant.ts';

/** What was seen when all were open. */
interface Opening {
  /** Counted at the same moment by clients and proxy, which counts what else is connected too. */
  readonly openByClients: number;
  readonly openAtProxy: number;
  readonly openingS: number;
  readonly idle: TreeMemory;
  readonly held: TreeMemory;
  /** What the kernel's memory for all of this machine grew by, sockets of clients included. */
  readonly kernelBytes: number;
  readonly shares: WorkerShares;
}

/** One proxy. Memory is that of the first round: what was once used is seldom given back. */
export interface IdleHolding extends Opening {
  readonly contestant: string;
  readonly workers: number;
  readonly connections: number;
  /** Windows without and with idle connections, in turn. */
  readonly without: readonly Traffic[];
  readonly beside: readonly Traffic[];
}

export interface TrafficPace {
  readonly ratePerS: number;
  readonly seconds: number;
  /** Windows of each kind, 1 or more. */
  readonly rounds: number;
}

/** So few that origins answer at once: what a proxy does when they do not is no matter here. */
const AHEAD = 200;
/** Connections of the traffic, and of whoever reads the counts. */
const LEFT_OVER = 50;
const CLOSING_ATTEMPTS = 30;

/** Rejects when a connection is refused or closed, or on abort. */
export async function holdIdle(
  contestant: ConcurrentContestant,
  connections: number,
  workers: number,
  pace: TrafficPace,
  around: Surroundings,
): Promise<IdleHolding> {
  const { folder, signal } = around;
  await using stage = await startStage(contestant, workers, around);
  const { entrant } = stage;
  const rate = ['--rate', `${pace.ratePerS}`];
  const traffic = () => runTraffic(entrant.url, rate, pace.seconds, { folder, signal });
  const without: Traffic[] = [];
  const beside: Traffic[] = [];
  const openings: Opening[] = [];
  for (let round = 1; round <= pace.rounds; round++) {
    without.push(await traffic());
    const crowd = { path: 'idle', size: connections, turn: round - 1 };
    await using clients = await startCrowd(entrant, crowd, signal);
    openings.push(await openAll(stage, clients, connections, signal));
    beside.push(await traffic());
    checkAllOpen(stage, clients, connections);
    await clients[Symbol.asyncDispose]();
    await allGone(stage, signal);
  }
  const [first] = openings as [Opening];
  return { contestant: contestant.name, workers, connections, ...first, without, beside };
}

async function openAll(
  stage: Stage,
  clients: Crowd,
  connections: number,
  signal: AbortSignal,
): Promise<Opening> {
  const { pid } = stage.entrant.process;
  await sleep(SETTLE_MS, undefined, { signal });
  const idle = readMemory(pid);
  const idleKernelBytes = readKernelBytes();
  const startMs = performance.now();
  const opening = { settled: () => clients.counts().answered, ahead: AHEAD };
  await clients.open(connections, opening, signal);
  const openingS = (performance.now() - startMs) / 1_000;
  await sleep(SETTLE_MS, undefined, { signal });
  checkAllOpen(stage, clients, connections);
  const { connections: openAtProxy } = await stage.readCounts();
  if (!(openAtProxy >= connections)) {
    throw new Error(`the proxy counts ${openAtProxy} connections of ${connections}`);
  }
  return {
    openByClients: clients.counts().open,
    openAtProxy,
    openingS,
    idle,
    held: readMemory(pid),
    kernelBytes: readKernelBytes() - idleKernelBytes,
    shares: await stage.readShares('connections'),
  };
}

function checkAllOpen({ entrant }: Stage, clients: Crowd, connections: number): void {
  const counts = clients.counts();
  const problem = obstacleOf(counts, entrant);
  if (problem || counts.open !== connections) {
    throw new Error(`${counts.open} of ${connections} are open: ${problem ?? 'some were closed'}`);
  }
}

/** The next window without them must not pay for their end. */
async function allGone(stage: Stage, signal: AbortSignal): Promise<void> {
  for (let attempt = 0; attempt < CLOSING_ATTEMPTS; attempt++) {
    if ((await stage.readCounts()).connections < LEFT_OVER) return;
    await sleep(SETTLE_MS, undefined, { signal });
  }
  throw new Error('the proxy still counts connections whose clients have gone');
}
