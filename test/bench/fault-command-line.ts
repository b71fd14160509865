/** The command line of the faults contest. */
import { parseArgs } from 'node:util';
import { faultPeers } from './fault-peers.ts';
import { faultScenarios } from './fault-scenarios.ts';

export interface FaultCommand {
  readonly contest: 'faults';
  /** Names, in the order they run. */
  readonly scenarios: readonly string[];
  /** Names of the peers Headgate is compared with. */
  readonly peers: readonly string[];
  readonly rounds: number;
  /** What all times of a scenario are multiplied by. */
  readonly secondsScale: number;
  readonly jsonFile: string | undefined;
}

const QUICK_SCALE = 0.3;
const SCENARIOS = faultScenarios.map(({ name }) => name);
const PEERS = faultPeers.map(({ name }) => name);

export const faultUsage = `usage: pnpm bench faults [--scenario NAME]... [--peer NAME]... [--rounds N] [--quick | --seconds-scale X] [--json FILE]

  --scenario       ${SCENARIOS.join(', ')} (all)
  --peer           ${PEERS.join(', ')} (all)
  --rounds         runs per contestant and scenario, 1 to 100 (5)
  --quick          runs of 18 s, to see that everything works
  --seconds-scale  multiplies the 60 s of a run and the times of its fault, 0.05 to 10 (1)
  --json           also write every run to FILE
`;

/** Reads the arguments after `faults`; throws what to tell the user. */
export function parseFaultCommand(args: readonly string[]): FaultCommand {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string', multiple: true },
      peer: { type: 'string', multiple: true },
      rounds: { type: 'string', default: '5' },
      quick: { type: 'boolean', default: false },
      'seconds-scale': { type: 'string' },
      json: { type: 'string' },
    },
  });
  if (values.quick && values['seconds-scale'] !== undefined) {
    throw new Error('--quick is a --seconds-scale: say one of them');
  }
  const scale = values['seconds-scale'] ?? String(values.quick ? QUICK_SCALE : 1);
  return {
    contest: 'faults',
    scenarios: named('scenario', values.scenario ?? SCENARIOS, SCENARIOS),
    peers: named('peer', values.peer ?? PEERS, PEERS),
    rounds: numberIn('rounds', values.rounds, 1, 100, Number.isInteger),
    secondsScale: numberIn('seconds-scale', scale, 0.05, 10, Number.isFinite),
    jsonFile: values.json,
  };
}

function named(option: string, names: readonly string[], all: readonly string[]): string[] {
  const stranger = names.find((name) => !all.includes(name));
  if (stranger !== undefined) {
    throw new Error(`--${option} ${stranger}: expected one of ${all.join(', ')}`);
  }
  return all.filter((name) => names.includes(name));
}

function numberIn(
  option: string,
  text: string,
  min: number,
  max: number,
  isRight: (value: number) => boolean,
): number {
  const value = Number(text);
  if (isRight(value) && value >= min && value <= max) return value;
  const kind = isRight === Number.isInteger ? 'whole number' : 'number';
  throw new Error(`--${option} ${text}: expected a ${kind} from ${min} to ${max}`);
}
