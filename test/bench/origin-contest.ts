/** The origin contest: every case in turn, a table after each, and all figures at the end. */
import { cpus, release } from 'node:os';
import type { ContestResult } from './contest.ts';
import { commandVersion } from './contestants/contestant.ts';
import { createPortFinder } from './free-ports.ts';
import { moveToCore } from './machine.ts';
import { type OriginCase, originCases } from './origin-cases.ts';
import type { OriginCommand } from './origin-command-line.ts';
import { runCost } from './origin-cost.ts';
import { type SeededDatabase, startSeededDatabase } from './origin-database.ts';
import type { OriginSurroundings } from './origin-entrant.ts';
import { costTable, waitingTable } from './origin-report.ts';
import { runWaiting, type WaitingResult } from './origin-waiting.ts';
import type { ContestOptions } from './proxy-contest.ts';
import { CONTESTANT_CORE, LOAD_CORE } from './window.ts';

export type OriginResult =
  | ({ readonly kind: 'cost' } & ContestResult)
  | ({ readonly kind: 'waiting' } & WaitingResult);

/** What the JSON file holds. */
export interface OriginRecord {
  readonly date: string;
  readonly command: OriginCommand;
  readonly machine: string;
  /** Name of the case and contestant to its versions; null for one of which something is missing. */
  readonly versions: Readonly<Record<string, string | null>>;
  readonly cases: Readonly<Record<string, OriginResult>>;
}

/** Rejects when the machine lacks something, the database does not start, or `signal` aborts. */
export async function runOriginContest(
  command: OriginCommand,
  { signal, print }: Pick<ContestOptions, 'signal' | 'print'>,
): Promise<OriginRecord> {
  const wrk = checkMachine();
  const date = new Date().toISOString();
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Linux ${release()}, Node ${process.version}`;
  moveToCore(LOAD_CORE);
  print(
    `${date}, ${machine}\norigins on core ${CONTESTANT_CORE}; load (wrk ${wrk}), partner and PostgreSQL on core ${LOAD_CORE}`,
  );
  const versions: Record<string, string | null> = {};
  const cases: Record<string, OriginResult> = {};
  await using stack = new AsyncDisposableStack();
  let database: SeededDatabase | undefined;
  const around = { ports: createPortFinder(Math.random), signal };
  for (const one of originCases.filter(({ name }) => command.cases.includes(name))) {
    print('');
    const taking = takingPart(one, command.peers, versions, print);
    if (taking.kind === 'cost' && taking.hasDatabase) {
      database ??= stack.use(await startSeededDatabase());
    }
    signal.throwIfAborted();
    const { result, table } = await runCase(taking, database?.url ?? '', command, around);
    cases[one.name] = result;
    print(table);
  }
  return { date, command, machine, versions, cases };
}

/** The case with those that were asked for and are installed; says who they are, and who is not. */
function takingPart(
  one: OriginCase,
  peers: readonly string[],
  versions: Record<string, string | null>,
  print: (text: string) => void,
): OriginCase {
  const isThere = ({ name, isOurs, program }: OriginCase['entries'][number]) => {
    if (!isOurs && !peers.includes(name)) return false;
    const version = program.version() ?? null;
    versions[`${one.name} ${name}`] = version;
    print(
      version === null
        ? `! ${name} is not installed and takes no part in ${one.name}`
        : `  ${name} (${version})`,
    );
    return version !== null;
  };
  return one.kind === 'cost'
    ? { ...one, entries: one.entries.filter(isThere) }
    : { ...one, entries: one.entries.filter(isThere) };
}

async function runCase(
  one: OriginCase,
  databaseUrl: string,
  command: OriginCommand,
  around: OriginSurroundings,
): Promise<{ readonly result: OriginResult; readonly table: string }> {
  switch (one.kind) {
    case 'cost': {
      const result = await runCost(one, databaseUrl, command, around);
      return { result: { kind: one.kind, ...result }, table: costTable(one, result) };
    }
    case 'waiting': {
      const result = await runWaiting(one, command, around);
      return { result: { kind: one.kind, ...result }, table: waitingTable(one, result) };
    }
  }
}

/** The version of wrk; throws what is missing. */
function checkMachine(): string {
  const wrk = commandVersion('wrk', ['-v'], /wrk (\S+)/);
  const taskset = commandVersion('taskset', ['--version'], /(\d\S*)/);
  if (wrk === undefined || taskset === undefined) {
    throw new Error('install wrk and util-linux (taskset): every case needs them');
  }
  if (cpus().length < 2) {
    throw new Error('this contest needs two cores: one for the origin, one for what it asks');
  }
  return wrk;
}
