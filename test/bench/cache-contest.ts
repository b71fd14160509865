/** The cache contest: every case in turn, a table after each, and all turns at the end. */
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { type CacheCase, cacheCases } from './cache-cases.ts';
import type { CacheCommand } from './cache-command-line.ts';
import { type CacheContestant, cachePeers, ourCache } from './cache-contestants.ts';
import { type HerdRun, runHerds } from './cache-herd.ts';
import { runHits } from './cache-hits.ts';
import { type CountingOrigins, startCountingOrigins } from './cache-origin.ts';
import { herdTable, hitsTable, staleTable } from './cache-report.ts';
import { runStale, type StaleRun } from './cache-stale.ts';
import type { TurnsResult } from './cache-turns.ts';
import { commandVersion } from './contestants/contestant.ts';
import type { Surroundings } from './entrant.ts';
import { createPortFinder } from './free-ports.ts';
import { moveToCore } from './machine.ts';
import type { ContestOptions } from './proxy-contest.ts';
import { CONTESTANT_CORE, LOAD_CORE, type Window } from './window.ts';

/** What a case came to. */
export type CacheResult =
  | ({ readonly kind: 'hits' } & TurnsResult<Window>)
  | ({ readonly kind: 'herd' } & TurnsResult<HerdRun>)
  | ({ readonly kind: 'stale' } & TurnsResult<StaleRun>);

/** What the JSON file holds. */
export interface CacheRecord {
  readonly date: string;
  readonly command: CacheCommand;
  readonly machine: string;
  /** Name of the contestant to its version; null for one that is not installed. */
  readonly versions: Readonly<Record<string, string | null>>;
  readonly cases: Readonly<Record<string, CacheResult>>;
}

/** A file system in memory: nobody's cache is slowed by a disk. */
const MEMORY_FOLDER = '/dev/shm';

/** Rejects when the machine lacks something, the origins do not start, or `signal` aborts. */
export async function runCacheContest(
  command: CacheCommand,
  { folder: ordinaryFolder, signal, print }: ContestOptions,
): Promise<CacheRecord> {
  const cases = cacheCases.filter(({ name }) => command.cases.includes(name));
  const wrk = commandVersion('wrk', ['-v'], /wrk (\S+)/);
  checkMachine(cases, wrk);
  const date = new Date().toISOString();
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Linux ${release()}, Node ${process.version}`;
  moveToCore(LOAD_CORE);
  await using stack = new AsyncDisposableStack();
  const inMemory = hasMemoryFolder() ? await mkdtemp(join(MEMORY_FOLDER, 'headgate-bench-')) : '';
  if (inMemory) stack.defer(() => rm(inMemory, { recursive: true, force: true }));
  const folder = inMemory || ordinaryFolder;

  const wanted = [ourCache, ...cachePeers.filter(({ name }) => command.peers.includes(name))];
  const versions = Object.fromEntries(wanted.map((one) => [one.name, one.version() ?? null]));
  const contestants = wanted.filter(({ name }) => versions[name] !== null);
  print(
    [
      `${date}, ${machine}`,
      `contestants on core ${CONTESTANT_CORE}; load (wrk ${wrk ?? 'is not installed'}) and origins on core ${LOAD_CORE}`,
      `files of caches in ${inMemory ? 'memory' : 'an ordinary folder, which may be on a disk'}`,
      `contestants: ${contestants.map(({ name }) => `${name} (${versions[name]})`).join(', ')}`,
      ...wanted
        .filter((one) => !contestants.includes(one))
        .map(({ name }) => `! ${name} is not installed and takes no part`),
    ].join('\n'),
  );

  const ports = createPortFinder(Math.random);
  const origins = stack.use(await startCountingOrigins({ ports, signal }));
  const results: Record<string, CacheResult> = {};
  for (const one of cases) {
    const around = { folder: join(folder, one.name), core: CONTESTANT_CORE, ports, signal };
    await mkdir(around.folder);
    const taking = contestants.filter(({ kinds }) => kinds.includes(one.kind));
    const { result, table } = await runCase(one, taking, command, origins, around);
    results[one.name] = result;
    print(`\n${table}`);
  }
  return { date, command, machine, versions, cases: results };
}

async function runCase(
  one: CacheCase,
  contestants: readonly CacheContestant[],
  command: CacheCommand,
  origins: CountingOrigins,
  around: Surroundings,
): Promise<{ result: CacheResult; table: string }> {
  switch (one.kind) {
    case 'hits': {
      const result = await runHits(one, contestants, command, origins, around);
      return { result: { kind: one.kind, ...result }, table: hitsTable(one, result) };
    }
    case 'herd': {
      const result = await runHerds(one, contestants, command, origins, around);
      const table = herdTable(one, command.clients, result);
      return { result: { kind: one.kind, ...result }, table };
    }
    case 'stale': {
      const result = await runStale(contestants, command, origins, around);
      return { result: { kind: one.kind, ...result }, table: staleTable(one, result) };
    }
  }
}

function checkMachine(cases: readonly CacheCase[], wrk: string | undefined): void {
  if (cpus().length < 2 || !commandVersion('taskset', ['--version'], /(\d\S*)/)) {
    throw new Error('a contest needs taskset, and two cores: one for the contestant, one for load');
  }
  if (!wrk && cases.some(({ kind }) => kind === 'hits')) {
    throw new Error('install wrk: it asks for what is cached; or leave its cases out with --case');
  }
}

function hasMemoryFolder(): boolean {
  try {
    accessSync(MEMORY_FOLDER, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
