/** The command line of the bench. */
import { parseArgs } from 'node:util';
import { type CacheCommand, cacheUsage, parseCacheCommand } from './cache-command-line.ts';
import {
  type CacheTiersCommand,
  cacheTiersUsage,
  parseCacheTiersCommand,
} from './cache-tiers-command-line.ts';
import { loadCases } from './cases.ts';
import {
  type ConcurrencyCommand,
  concurrencyUsage,
  parseConcurrencyCommand,
} from './concurrency-command-line.ts';
import { peers } from './contestants.ts';
import { type FaultCommand, faultUsage, parseFaultCommand } from './fault-command-line.ts';
import { generators } from './generators.ts';
import { HELD_CASE } from './held-load.ts';
import { type MillionCommand, millionUsage, parseMillionCommand } from './million-command-line.ts';
import { type OriginCommand, originUsage, parseOriginCommand } from './origin-command-line.ts';

export interface BenchCommand {
  readonly contest: ContestName;
  /** Names of cases, in the order they run. */
  readonly cases: readonly string[];
  /** Names of the peers Headgate is compared with. */
  readonly peers: readonly string[];
  readonly seconds: number;
  readonly rounds: number;
  readonly jsonFile: string | undefined;
}

const IN_FLIGHT_CASE = 'in-flight';

const CONTESTS = {
  proxy: {
    cases: [...loadCases.map((one) => one.name), IN_FLIGHT_CASE],
    peers: peers.map((one) => one.name),
    seconds: 3,
  },
  load: {
    cases: ['small-get', 'get-25-headers', 'get-64k', HELD_CASE],
    // The first one is ours.
    peers: generators.slice(1).map((one) => one.name),
    // Long enough for the start of a process not to count for much.
    seconds: 10,
  },
};

export type Command =
  | BenchCommand
  | FaultCommand
  | ConcurrencyCommand
  | MillionCommand
  | CacheCommand
  | CacheTiersCommand
  | OriginCommand;

type ContestName = keyof typeof CONTESTS;

export const usage = `usage: pnpm bench proxy|load [--case NAME]... [--peer NAME]... [--seconds N] [--rounds N] [--json FILE]

  --case     of proxy: ${CONTESTS.proxy.cases.join(', ')};
             of load: ${CONTESTS.load.cases.join(', ')} (all)
  --peer     of proxy: ${CONTESTS.proxy.peers.join(', ')};
             of load: ${CONTESTS.load.peers.join(', ')} (all)
  --seconds  length of a window, 1 to 60 (proxy 3, load 10)
  --rounds   windows per contestant and case, 1 to 100 (5)
  --json     also write every window to FILE

${faultUsage}
${concurrencyUsage}
${millionUsage}
${cacheUsage}
${cacheTiersUsage}
${originUsage}`;

/** Reads the arguments after the program; a problem is what to tell the user. */
export function parseCommandLine(args: readonly string[]): Command | { problem: string } {
  try {
    if (args[0] === 'faults') return parseFaultCommand(args.slice(1));
    if (args[0] === 'concurrency') return parseConcurrencyCommand(args.slice(1));
    if (args[0] === 'million') return parseMillionCommand(args.slice(1));
    if (args[0] === 'cache') return parseCacheCommand(args.slice(1));
    if (args[0] === 'cache-tiers') return parseCacheTiersCommand(args.slice(1));
    if (args[0] === 'origin') return parseOriginCommand(args.slice(1));
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        case: { type: 'string', multiple: true },
        peer: { type: 'string', multiple: true },
        seconds: { type: 'string' },
        rounds: { type: 'string', default: '5' },
        json: { type: 'string' },
      },
    });
    const [contest] = positionals;
    if (positionals.length !== 1 || (contest !== 'proxy' && contest !== 'load')) {
      throw new Error(
        'say what to bench: proxy, load, faults, concurrency, million, cache, cache-tiers or origin',
      );
    }
    const { cases, peers: all, seconds } = CONTESTS[contest];
    return {
      contest,
      cases: known('case', values.case ?? cases, cases),
      peers: known('peer', values.peer ?? all, all),
      seconds: wholeNumber('seconds', values.seconds ?? `${seconds}`, 60),
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
