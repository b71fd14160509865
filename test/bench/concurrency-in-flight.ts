/** So many requests at once in flight through a proxy, and all of them answered afterwards. */
import { setTimeout as sleep } from 'node:timers/promises';
import { obstacleOf, startCrowd, until } from './concurrency-crowd.ts';
import { readKernelBytes, readMemory, type TreeMemory } from './concurrency-memory.ts';
import { SETTLE_MS, startStage, type WorkerShares } from './concurrency-stage.ts';
import type { ConcurrentContestant } from './contestants/concurrent.ts';
import { readTree } from './cpu.ts';
import type { Surroundings } from './entrant.ts';

/** One proxy at one size. */
export interface InFlightHolding {
  readonly contestant: string;
  readonly workers: number;
  readonly requests: number;
  /** Counted at the same moment by clients, proxy and origins. */
  readonly heldByClients: number;
  readonly heldByProxy: number;
  readonly heldByOrigins: number;
  /** With 200 and the right body, after the origins were told to answer. */
  readonly answered: number;
  readonly failed: number;
  /** Until the origins held all. */
  readonly openingS: number;
  readonly idle: TreeMemory;
  readonly held: TreeMemory;
  /** What the kernel's memory for all of this machine grew by, clients and origins included. */
  readonly kernelBytes: number;
  /** CPU time of the proxy per request, from its connection to its answer. */
  readonly cpuUsPerRequest: number;
  readonly shares: WorkerShares;
}

/** Fewer than fit into the queue of a listener: the kernel drops what overflows it. */
const AHEAD = 2_000;

/** Rejects when a request fails, when the counts are not the same, or on abort. */
export async function holdInFlight(
  contestant: ConcurrentContestant,
  requests: number,
  workers: number,
  around: Surroundings,
): Promise<InFlightHolding> {
  const { signal } = around;
  await using stage = await startStage(contestant, workers, around);
  const { origins, entrant } = stage;
  const { pid } = entrant.process;
  const crowd = { path: 'held', size: requests, turn: 0 };
  await using clients = await startCrowd(entrant, crowd, signal);
  await sleep(SETTLE_MS, undefined, { signal });
  const idle = readMemory(pid);
  const idleKernelBytes = readKernelBytes();
  const cpuBefore = readTree(pid);

  const startMs = performance.now();
  await clients.open(requests, { settled: origins.held, ahead: AHEAD }, signal);
  const openingS = (performance.now() - startMs) / 1_000;
  await sleep(SETTLE_MS, undefined, { signal });
  const counts = async () => ({
    heldByClients: clients.counts().waiting,
    heldByProxy: (await stage.readCounts()).inFlight,
    heldByOrigins: origins.held(),
  });
  const counted = await counts();
  const held = readMemory(pid);
  const kernelBytes = readKernelBytes() - idleKernelBytes;
  const shares = await stage.readShares('inFlight');
  for (const each of [counted, await counts()]) {
    for (const count of Object.values(each)) {
      if (count === requests) continue;
      const { heldByClients, heldByProxy, heldByOrigins } = each;
      throw new Error(
        `of ${requests} in flight clients count ${heldByClients}, the proxy ${heldByProxy}, origins ${heldByOrigins}`,
      );
    }
  }

  origins.release();
  const all = {
    isReached: () => clients.counts().answered >= requests,
    obstacle: () => obstacleOf(clients.counts(), entrant),
    describe: () => `${clients.counts().answered} of ${requests} were answered`,
  };
  await until(all, signal);
  const cpuAfter = readTree(pid);
  const { answered, failed } = clients.counts();
  return {
    contestant: contestant.name,
    workers,
    requests,
    ...counted,
    answered,
    failed,
    openingS,
    idle,
    held,
    kernelBytes,
    cpuUsPerRequest:
      (cpuAfter.userUs + cpuAfter.systemUs - cpuBefore.userUs - cpuBefore.systemUs) / requests,
    shares,
  };
}
