/** The concurrency contest: requests in flight at each size, then idle connections, a table each. */
import { mkdir } from 'node:fs/promises';
import { availableParallelism, cpus, release } from 'node:os';
import { join } from 'node:path';
import type { ConcurrencyCommand } from './concurrency-command-line.ts';
import { concurrentContestants } from './concurrency-contestants.ts';
import { holdIdle, type IdleHolding, type TrafficPace } from './concurrency-idle.ts';
import { holdInFlight, type InFlightHolding } from './concurrency-in-flight.ts';
import { readOpenFilesLimit } from './concurrency-memory.ts';
import { idleTable, inFlightTable } from './concurrency-report.ts';
import type { Failure } from './contest.ts';
import type { ConcurrentContestant } from './contestants/concurrent.ts';
import { commandVersion } from './contestants/contestant.ts';
import type { Surroundings } from './entrant.ts';
import { createPortFinder } from './free-ports.ts';
import { moveToCore } from './machine.ts';
import type { ContestOptions } from './proxy-contest.ts';
import { CONTESTANT_CORE, LOAD_CORE } from './window.ts';

/** One table. */
export interface ConcurrencyResult<Holding> {
  readonly size: number;
  readonly holdings: readonly Holding[];
  /** Who could not take part, and why. */
  readonly failures: readonly Failure[];
}

/** What the JSON file holds. */
export interface ConcurrencyRecord {
  readonly date: string;
  readonly command: ConcurrencyCommand;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string | null>>;
  readonly inFlight: readonly ConcurrencyResult<InFlightHolding>[];
  readonly idle: readonly ConcurrencyResult<IdleHolding>[];
}

/** The largest size everybody can hold. */
const COMMON_REQUESTS = 9_000;
/** Two sockets each, with a quarter of the open files to spare for workers that have more. */
const REQUESTS_PER_WORKER = 7_200;
const IDLE_PER_WORKER = 2 * REQUESTS_PER_WORKER;
const MIN_WORKERS = 2;
const OPEN_FILES = 20_000;

const PACE: TrafficPace = { ratePerS: 500, seconds: 10, rounds: 2 };
const QUICK_PACE: TrafficPace = { ratePerS: 500, seconds: 3, rounds: 1 };

/** Rejects when the machine lacks something, or on abort. */
export async function runConcurrencyContest(
  command: ConcurrencyCommand,
  { folder, signal, print }: ContestOptions,
): Promise<ConcurrencyRecord> {
  checkMachine(command);
  const date = new Date().toISOString();
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), Linux ${release()}, Node ${process.version}`;
  moveToCore(LOAD_CORE);
  print(`${date}, ${machine}`);
  print(`contestants on core ${CONTESTANT_CORE}; clients and origins on core ${LOAD_CORE}`);
  const versions: Record<string, string | null> = {};
  for (const one of wanted(command, MIN_WORKERS)) {
    versions[one.name] = one.version() ?? null;
    print(`  ${one.name} (${versions[one.name] ?? 'not installed, takes no part'})`);
  }
  const present = (workers: number) =>
    wanted(command, workers).filter(({ name }) => versions[name] !== null);
  const ports = createPortFinder(Math.random);
  const around = async (name: string): Promise<Surroundings> => {
    const own = join(folder, name);
    await mkdir(own);
    return { folder: own, core: CONTESTANT_CORE, ports, signal };
  };

  const inFlight: ConcurrencyResult<InFlightHolding>[] = [];
  for (const size of sizesOf(command.requests)) {
    const workers = workersFor(size, REQUESTS_PER_WORKER);
    const place = await around(`in-flight-${size}`);
    const result = await everybody(size, present(workers), 'maxInFlight', signal, (one) =>
      holdInFlight(one, size, workers, place),
    );
    inFlight.push(result);
    print(`\n${inFlightTable(result, workers)}`);
  }
  const idle: ConcurrencyResult<IdleHolding>[] = [];
  if (command.idle > 0) {
    const workers = workersFor(command.idle, IDLE_PER_WORKER);
    const pace = command.isQuick ? QUICK_PACE : PACE;
    const place = await around('idle');
    const result = await everybody(command.idle, present(workers), 'maxIdle', signal, (one) =>
      holdIdle(one, command.idle, workers, pace, place),
    );
    idle.push(result);
    print(`\n${idleTable(result, workers, pace)}`);
  }
  return { date, command, machine, versions, inFlight, idle };
}

/** One after the other, so that each has the machine to itself. */
async function everybody<Holding>(
  size: number,
  contestants: readonly ConcurrentContestant[],
  most: 'maxInFlight' | 'maxIdle',
  signal: AbortSignal,
  hold: (contestant: ConcurrentContestant) => Promise<Holding>,
): Promise<ConcurrencyResult<Holding>> {
  const holdings: Holding[] = [];
  const failures: Failure[] = [];
  for (const contestant of contestants) {
    const { name } = contestant;
    if (contestant[most] < size) {
      const reason = `takes no part: its one process holds ${contestant[most]} at most`;
      failures.push({ contestant: name, reason });
      continue;
    }
    try {
      holdings.push(await hold(contestant));
    } catch (error) {
      signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      failures.push({ contestant: name, reason: `failed: ${reason}` });
    }
  }
  return { size, holdings, failures };
}

function wanted({ peers }: ConcurrencyCommand, workers: number): ConcurrentContestant[] {
  const [ours, ...others] = concurrentContestants(workers);
  return [ours, ...others.filter(({ name }) => peers.includes(name))];
}

/** The size everybody can hold comes first, where more than that is asked for. */
function sizesOf(requests: number): number[] {
  if (requests === 0) return [];
  return requests > COMMON_REQUESTS ? [COMMON_REQUESTS, requests] : [requests];
}

/** At least two, or nothing would be seen of how they share. */
function workersFor(size: number, perWorker: number): number {
  return Math.max(MIN_WORKERS, Math.ceil(size / perWorker));
}

function checkMachine({ isQuick }: ConcurrencyCommand): void {
  if (availableParallelism() < 2 || !commandVersion('taskset', ['--version'], /(\d\S*)/)) {
    throw new Error('a contest needs taskset, and two cores: one for the contestant, one for load');
  }
  const limit = readOpenFilesLimit();
  if (!isQuick && limit < OPEN_FILES) {
    throw new Error(
      `a process may open ${limit} files here, and has to open ${OPEN_FILES}: raise ulimit -n, or add --quick`,
    );
  }
}
