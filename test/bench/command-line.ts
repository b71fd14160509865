/** The command line of the bench. */
import { parseArgs } from 'node:util';
import { loadCases } from './cases.ts';
import { peers } from './contestants.ts';

export interface BenchCommand {
  /** Names of cases, in the order they run. */
  readonly cases: readonly string[];
  /** Names of the peers Headgate is compared with. */
  readonly peers: readonly string[];
  readonly seconds: number;
  readonly rounds: number;
  readonly jsonFile: string | undefined;
}

const IN_FLIGHT_CASE = 'in-flight';

const CASES = [...loadCases.map((one) => one.name), IN_FLIGHT_CASE];
const PEERS = peers.map((one) => one.name);

export const usage = `usage: pnpm bench proxy [--case NAME]... [--peer NAME]... [--seconds N] [--rounds N] [--json FILE]

  --case     one of ${CASES.join(', ')} (all)
  --peer     one of ${PEERS.join(', ')} (all)
  --seconds  length of a window, 1 to 60 (3)
  --rounds   windows per contestant and case, 1 to 100 (5)
  --json     also write every window to FILE
`;

/** Reads the arguments after the program; a problem is what to tell the user. */
export function parseCommandLine(args: readonly string[]): BenchCommand | { problem: string } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        case: { type: 'string', multiple: true, default: CASES },
        peer: { type: 'string', multiple: true, default: PEERS },
        seconds: { type: 'string', default: '3' },
        rounds: { type: 'string', default: '5' },
        json: { type: 'string' },
      },
    });
    if (positionals.join(' ') !== 'proxy') throw new Error('say what to bench: proxy');
    return {
      cases: known('case', values.case, CASES),
      peers: known('peer', values.peer, PEERS),
      seconds: wholeNumber('seconds', values.seconds, 60),
      rounds: wholeNumber('rounds', values.rounds, 100),
      jsonFile: values.json,
    };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

function known(option: string, names: readonly string[], all: readonly string[]): string[] {
  const stranger = names.find((name) => !all.includes(name));
  if (stranger) throw new Error(`--${option} ${stranger}: expected one of ${all.join(', ')}`);
  return all.filter((name) => names.includes(name));
}

function wholeNumber(option: string, text: string, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new Error(`--${option} ${text}: expected a whole number from 1 to ${max}`);
}
