/** The whole contest: every case in turn, a table after each, and all windows at the end. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadCases } from './cases.ts';
import type { BenchCommand } from './command-line.ts';
import { type ContestResult, runContest } from './contest.ts';
import type { Contestant } from './contestants/contestant.ts';
import { ours, peers } from './contestants.ts';
import type { Surroundings } from './entrant.ts';
import { createPortFinder } from './free-ports.ts';
import { type InFlightResult, runInFlight } from './in-flight.ts';
import { describeMachine, type Machine, moveToCore } from './machine.ts';
import { startOrigins } from './origin.ts';
import { inFlightTable, loadTable } from './report.ts';
import { CONTESTANT_CORE, LOAD_CORE } from './window.ts';

export interface ContestOptions {
  /** Everything is written below it; the caller removes it. */
  readonly folder: string;
  /** Ends the contest: what runs is stopped, and the promise rejects. */
  readonly signal: AbortSignal;
  readonly print: (text: string) => void;
}

/** What the JSON file holds. */
export interface ContestRecord {
  readonly date: string;
  readonly command: BenchCommand;
  readonly machine: Machine;
  /** Name of the contestant to its version; null for one that is not installed. */
  readonly versions: Readonly<Record<string, string | null>>;
  readonly cases: Readonly<Record<string, ContestResult | InFlightResult>>;
}

/** Rejects when the machine lacks something, the origins do not start, or `signal` aborts. */
export async function runProxyContest(
  command: BenchCommand,
  { folder, signal, print }: ContestOptions,
): Promise<ContestRecord> {
  const machine = describeMachine();
  moveToCore(LOAD_CORE);
  const wanted = [ours, ...peers.filter((peer) => command.peers.includes(peer.name))];
  const versions = Object.fromEntries(wanted.map((one) => [one.name, one.version() ?? null]));
  const contestants = wanted.filter((one) => versions[one.name] !== null);
  const date = new Date().toISOString();
  print(heading(date, machine, versions));

  const ports = createPortFinder(Math.random);
  const cases: Record<string, ContestResult | InFlightResult> = {};
  for (const name of command.cases) {
    const around = { folder: join(folder, name), core: CONTESTANT_CORE, ports, signal };
    await mkdir(around.folder);
    const { result, table } = await runCase(name, command, contestants, around);
    cases[name] = result;
    print(`\n${table}`);
  }
  return { date, command, machine, versions, cases };
}

async function runCase(
  name: string,
  command: BenchCommand,
  contestants: readonly Contestant[],
  around: Surroundings,
): Promise<{ result: ContestResult | InFlightResult; table: string }> {
  const loadCase = loadCases.find((one) => one.name === name);
  if (!loadCase) {
    const result = await runInFlight(contestants, command.rounds, around);
    return { result, table: inFlightTable(result, ours.name) };
  }
  await using origins = await startOrigins(around, LOAD_CORE);
  const { addresses } = origins;
  const result = await runContest(loadCase, contestants, command, addresses, around);
  return { result, table: loadTable(loadCase, result, ours.name) };
}

function heading(date: string, machine: Machine, versions: ContestRecord['versions']): string {
  const { cores, model, kernel, node, wrk, originNginx } = machine;
  const names = Object.entries(versions);
  const present = names.filter(([, version]) => version !== null);
  const missing = names.filter(([, version]) => version === null);
  return [
    `${date}, ${cores} cores (${model}), Linux ${kernel}, Node ${node}`,
    `load by wrk ${wrk} on origins of nginx ${originNginx}, both on core ${LOAD_CORE}; contestants on core ${CONTESTANT_CORE}`,
    `contestants: ${present.map(([name, version]) => `${name} (${version})`).join(', ')}`,
    ...missing.map(([name]) => `! ${name} is not installed and takes no part`),
  ].join('\n');
}
