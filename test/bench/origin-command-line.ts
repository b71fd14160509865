/** The command line of the origin contest. */
import { parseArgs } from 'node:util';
import { originCases } from './origin-cases.ts';

export interface OriginCommand {
  readonly contest: 'origin';
  /** Names of cases, in the order they run. */
  readonly cases: readonly string[];
  /** Names of the entries ours are compared with. */
  readonly peers: readonly string[];
  readonly rounds: number;
  /** Of a window. */
  readonly seconds: number;
  /** The most requests that wait at once. */
  readonly maxWaiting: number;
  readonly jsonFile: string | undefined;
}

const CASES = originCases.map(({ name }) => name);
const PEERS = [
  ...new Set(
    originCases.flatMap(({ entries }) =>
      entries.filter(({ isOurs }) => !isOurs).map(({ name }) => name),
    ),
  ),
];
const USUAL = { rounds: '5', seconds: '4', maxWaiting: 10_000 };
const QUICK = { rounds: '1', seconds: '1', maxWaiting: 200 };

export const originUsage = `usage: pnpm bench origin [--case NAME]... [--peer NAME]... [--rounds N] [--seconds N] [--quick] [--json FILE]

  --case     ${CASES.join(', ')} (all)
  --peer     ${PEERS.join(', ')} (all)
  --rounds   windows per contestant and case, 1 to 100 (${USUAL.rounds})
  --seconds  length of a window, 1 to 60 (${USUAL.seconds})
  --quick    one window of a second each, ${QUICK.maxWaiting} waiting requests: to see that everything works
  --json     also write everything to FILE
`;

/** Reads the arguments after `origin`; throws what to tell the user. */
export function parseOriginCommand(args: readonly string[]): OriginCommand {
  const { values } = parseArgs({
    args: [...args],
    options: {
      case: { type: 'string', multiple: true },
      peer: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  });
  const usual = values.quick ? QUICK : USUAL;
  return {
    contest: 'origin',
    cases: known('case', values.case ?? CASES, CASES),
    peers: known('peer', values.peer ?? PEERS, PEERS),
    rounds: wholeNumber('rounds', values.rounds ?? usual.rounds, 100),
    seconds: wholeNumber('seconds', values.seconds ?? usual.seconds, 60),
    maxWaiting: usual.maxWaiting,
    jsonFile: values.json,
  };
}

function known(option: string, names: readonly string[], all: readonly string[]): string[] {
  const stranger = names.find((name) => !all.includes(name));
  if (stranger !== undefined) {
    throw new Error(`--${option} ${stranger}: expected one of ${all.join(', ')}`);
  }
  return all.filter((name) => names.includes(name));
}

function wholeNumber(option: string, text: string, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new Error(`--${option} ${text}: expected a whole number from 1 to ${max}`);
}
