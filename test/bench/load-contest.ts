/** The contest of load generators: what a request costs whoever sends it. */
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { loadCases } from './cases.ts';
import type { BenchCommand } from './command-line.ts';
import { shuffled } from './contest.ts';
import type { Surroundings } from './entrant.ts';
import { createPortFinder } from './free-ports.ts';
import { type Generator, type GeneratorLoad, generators } from './generators.ts';
import { HELD_CASE, heldTable, runHeldLoad } from './held-load.ts';
import { describeMachine, type Machine, moveToCore } from './machine.ts';
import { startOrigins } from './origin.ts';
import type { ContestOptions } from './proxy-contest.ts';
import { withRange } from './report.ts';
import { spread } from './summary.ts';
import { formatTable } from './table.ts';
import { CONTESTANT_CORE, LOAD_CORE } from './window.ts';

/** One run of one generator, from its start to its end. */
interface GeneratorRun {
  readonly generator: string;
  /** Counted from 1. */
  readonly round: number;
  readonly requests: number;
  /** CPU time of all its processes, their start included. */
  readonly userUs: number;
  readonly systemUs: number;
  /** Why it does not count; undefined when it does. */
  readonly invalid: string | undefined;
}

export interface LoadContestRecord {
  readonly date: string;
  readonly command: BenchCommand;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string | null>>;
  readonly cases: Readonly<Record<string, unknown>>;
}

/** Rejects when the machine lacks something, the origins do not start, or `signal` aborts. */
export async function runLoadContest(
  command: BenchCommand,
  { folder, signal, print }: ContestOptions,
): Promise<LoadContestRecord> {
  const machine = describeMachine();
  const ours = generators[0] as Generator;
  const wanted = generators.filter((one) => one === ours || command.peers.includes(one.name));
  const versions = Object.fromEntries(wanted.map((one) => [one.name, one.version() ?? null]));
  const date = new Date().toISOString();
  const { cores, model, kernel, node, originNginx } = machine;
  print(`${date}, ${cores} cores (${model}), Linux ${kernel}, Node ${node}`);
  print(`generators on core ${CONTESTANT_CORE}, nginx ${originNginx} on core ${LOAD_CORE}`);
  for (const [name, version] of Object.entries(versions)) {
    print(
      version === null ? `! ${name} is not installed and takes no part` : `  ${name} (${version})`,
    );
  }
  const present = wanted.filter((one) => versions[one.name] !== null);
  const ports = createPortFinder(Math.random);
  const cases: Record<string, unknown> = {};
  for (const name of command.cases) {
    const around = { folder: join(folder, name), core: CONTESTANT_CORE, ports, signal };
    await mkdir(around.folder);
    if (name === HELD_CASE) {
      const held = await runHeldLoad(around);
      cases[name] = held;
      print(`\n${heldTable(held)}`);
    } else {
      const runs = await runCase(name, command, present, around);
      cases[name] = runs;
      print(`\n${casesTable(name, runs, ours.name)}`);
    }
  }
  return { date, command, machine, versions, cases };
}

async function runCase(
  name: string,
  { rounds, seconds }: BenchCommand,
  present: readonly Generator[],
  around: Surroundings,
): Promise<GeneratorRun[]> {
  const loadCase = loadCases.find((one) => one.name === name);
  if (!loadCase) throw new Error(`there is no case ${name}`);
  moveToCore(LOAD_CORE);
  await using origins = await startOrigins(around, LOAD_CORE);
  const { connections, headers, path } = loadCase;
  const load = { url: `http://${origins.addresses[0]}${path}`, connections, headers, seconds };
  const runs: GeneratorRun[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const generator of shuffled(present)) {
      runs.push(await runOnce(generator, round, load, around));
    }
  }
  const place = (run: GeneratorRun) => present.findIndex((one) => one.name === run.generator);
  return runs.sort((a, b) => place(a) - place(b) || a.round - b.round);
}

/** `time` of bash counts the process and all it has waited for. */
async function runOnce(
  generator: Generator,
  round: number,
  load: GeneratorLoad,
  { folder, signal }: Surroundings,
): Promise<GeneratorRun> {
  const file = join(folder, `${generator.name}.json`);
  const { command, args } = generator.command(load, file);
  const script = `TIMEFORMAT='cpu %U %S'; time taskset -c ${CONTESTANT_CORE} "$0" "$@"`;
  const child = spawn('bash', ['-c', script, command, ...args], {
    signal,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: (load.seconds + 30) * 1_000,
    killSignal: 'SIGKILL',
  });
  const failed = new Promise<never>((_resolve, reject) => child.once('error', reject));
  const [output, complaints] = await Promise.race([
    Promise.all([text(child.stdout), text(child.stderr)]),
    failed,
  ]);
  const [, userS, systemS] = /cpu ([\d.]+) ([\d.]+)/.exec(complaints) ?? [];
  const figures = { userUs: Number(userS) * 1e6, systemUs: Number(systemS) * 1e6 };
  try {
    const requests = generator.requests(output, file);
    return { generator: generator.name, round, requests, ...figures, invalid: undefined };
  } catch (error) {
    const invalid = `${(error as Error).message} ${complaints}`.trim();
    return { generator: generator.name, round, requests: 0, ...figures, invalid };
  }
}

const HEAD = ['generator', 'user µs', 'system µs', 'total µs/request', 'ours:theirs', 'requests'];

function casesTable(name: string, runs: readonly GeneratorRun[], ours: string): string {
  const rows = [...Map.groupBy(runs, (run) => run.generator)].map(([generator, all]) => {
    const valid = all.filter((run) => run.invalid === undefined);
    const ratios = valid.flatMap((theirs) => {
      const our = runs.find((one) => one.generator === ours && one.round === theirs.round);
      return our && our.invalid === undefined ? [totalUs(our) / totalUs(theirs)] : [];
    });
    return [
      generator,
      spread(valid.map((run) => run.userUs / run.requests)).median.toFixed(1),
      spread(valid.map((run) => run.systemUs / run.requests)).median.toFixed(1),
      withRange(spread(valid.map(totalUs)), 1),
      withRange(spread(ratios), 2),
      spread(valid.map((run) => run.requests)).median.toFixed(0),
    ];
  });
  const invalid = runs
    .filter((run) => run.invalid !== undefined)
    .map((run) => `! ${run.generator}, round ${run.round}, does not count: ${run.invalid}`);
  const summary = loadCases.find((one) => one.name === name)?.summary;
  return [`${name}: ${summary}`, formatTable(HEAD, rows), ...invalid].join('\n');
}

function totalUs(run: GeneratorRun): number {
  return (run.userUs + run.systemUs) / run.requests;
}
