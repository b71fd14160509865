/** The faults contest: every scenario in turn, all contestants in every round, a table after each. */
import { mkdir, rm } from 'node:fs/promises';
import { availableParallelism, cpus, release } from 'node:os';
import { join } from 'node:path';
import { type Failure, shuffled } from './contest.ts';
import type { Contestant } from './contestants/contestant.ts';
import { commandVersion } from './contestants/contestant.ts';
import type { Surroundings } from './entrant.ts';
import type { FaultCommand } from './fault-command-line.ts';
import { contestantsOf } from './fault-contestants.ts';
import { type FaultFigures, figuresOf } from './fault-figures.ts';
import { faultTable } from './fault-report.ts';
import { type FaultRun, runFault } from './fault-run.ts';
import { type FaultScenario, faultScenarios, scaled, type Timeline } from './fault-scenarios.ts';
import { createPortFinder } from './free-ports.ts';
import { moveToCore } from './machine.ts';
import type { ContestOptions } from './proxy-contest.ts';
import { CONTESTANT_CORE, LOAD_CORE } from './window.ts';

interface ScenarioRecord {
  readonly timeline: Timeline;
  readonly oracle: FaultScenario['oracle'] | null;
  readonly figures: readonly FaultFigures[];
  readonly failures: readonly Failure[];
  readonly runs: readonly FaultRun[];
}

/** What the JSON file holds. */
export interface FaultRecord {
  readonly date: string;
  readonly command: FaultCommand;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string | null>>;
  readonly scenarios: Readonly<Record<string, ScenarioRecord>>;
}

/** Rejects when the machine lacks something, or on abort. */
export async function runFaultContest(
  command: FaultCommand,
  { folder, signal, print }: ContestOptions,
): Promise<FaultRecord> {
  if (availableParallelism() < 2 || !commandVersion('taskset', ['--version'], /(\d\S*)/)) {
    throw new Error('a contest needs taskset, and two cores: one for the contestant, one for load');
  }
  const date = new Date().toISOString();
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), Linux ${release()}, Node ${process.version}`;
  moveToCore(LOAD_CORE);
  print(`${date}, ${machine}`);
  print(`contestants on core ${CONTESTANT_CORE}; load and origins on core ${LOAD_CORE}`);
  const versions: Record<string, string | null> = {};
  const scenarios: Record<string, ScenarioRecord> = {};
  for (const scenario of faultScenarios.filter(({ name }) => command.scenarios.includes(name))) {
    const present: Contestant[] = [];
    for (const contestant of contestantsOf(scenario, command.peers)) {
      const { name } = contestant;
      if (!(name in versions)) {
        versions[name] = contestant.version() ?? null;
        print(`  ${name} (${versions[name] ?? 'not installed, takes no part'})`);
      }
      if (versions[name] !== null) present.push(contestant);
    }
    const ports = createPortFinder(Math.random);
    const around = { folder: join(folder, scenario.name), core: CONTESTANT_CORE, ports, signal };
    await mkdir(around.folder);
    const timeline = scaled(scenario.timeline, command.secondsScale);
    const { runs, failures } = await runScenario(scenario, timeline, present, command, around);
    await rm(around.folder, { recursive: true, force: true });
    const figures = present.flatMap(({ name }) => {
      const own = runs.filter(({ contestant }) => contestant === name);
      return own.length > 0 ? [figuresOf(scenario, timeline, own)] : [];
    });
    scenarios[scenario.name] = {
      timeline,
      oracle: scenario.oracle ?? null,
      figures,
      failures,
      runs,
    };
    print(`\n${faultTable(scenario, timeline, figures, failures)}`);
  }
  return { date, command, machine, versions, scenarios };
}

/** Every round has one run for each, in a new order. Who fails once takes no part any more. */
async function runScenario(
  scenario: FaultScenario,
  timeline: Timeline,
  contestants: readonly Contestant[],
  { rounds }: FaultCommand,
  around: Surroundings,
): Promise<{ runs: FaultRun[]; failures: Failure[] }> {
  const runs: FaultRun[] = [];
  const failures: Failure[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of shuffled(contestants)) {
      const { name } = contestant;
      if (failures.some((one) => one.contestant === name)) continue;
      try {
        runs.push(await runFault(scenario, timeline, contestant, round, around));
      } catch (error) {
        around.signal.throwIfAborted();
        const reason = error instanceof Error ? error.message : String(error);
        failures.push({ contestant: name, reason });
      }
    }
  }
  return { runs, failures };
}
