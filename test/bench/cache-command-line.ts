/** The command line of the cache contest. */
import { parseArgs } from 'node:util';
import { cacheCases } from './cache-cases.ts';
import { cachePeers } from './cache-contestants.ts';

export interface CacheCommand {
  readonly contest: 'cache';
  /** Names of cases, in the order they run. */
  readonly cases: readonly string[];
  /** Names of the peers Headgate is compared with. */
  readonly peers: readonly string[];
  readonly rounds: number;
  /** Of a window of hits; what is stale is asked for about as long. */
  readonly seconds: number;
  /** Of a herd. */
  readonly clients: number;
  readonly jsonFile: string | undefined;
}

const CASES = cacheCases.map(({ name }) => name);
const PEERS = cachePeers.map(({ name }) => name);
const DEFAULTS = { rounds: '5', seconds: '3', clients: '5000' };
/** What Headgate holds in flight unless it is told otherwise. */
const MAX_CLIENTS = 9_000;

export const cacheUsage = `usage: pnpm bench cache [--case NAME]... [--peer NAME]... [--rounds N] [--seconds N] [--clients N] [--json FILE]

  --case     ${CASES.join(', ')} (all)
  --peer     ${PEERS.join(', ')} (all)
  --rounds   turns per contestant and case, 1 to 100 (${DEFAULTS.rounds})
  --seconds  length of a window of hits, and of what is asked for while it is stale, 1 to 60 (${DEFAULTS.seconds})
  --clients  of a herd, 1 to ${MAX_CLIENTS} (${DEFAULTS.clients})
  --json     also write every turn to FILE
`;

/** Reads the arguments after `cache`; throws what to tell the user. */
export function parseCacheCommand(args: readonly string[]): CacheCommand {
  const { values } = parseArgs({
    args: [...args],
    options: {
      case: { type: 'string', multiple: true },
      peer: { type: 'string', multiple: true },
      rounds: { type: 'string', default: DEFAULTS.rounds },
      seconds: { type: 'string', default: DEFAULTS.seconds },
      clients: { type: 'string', default: DEFAULTS.clients },
      json: { type: 'string' },
    },
  });
  return {
    contest: 'cache',
    cases: known('case', values.case ?? CASES, CASES),
    peers: known('peer', values.peer ?? PEERS, PEERS),
    rounds: wholeNumber('rounds', values.rounds, 100),
    seconds: wholeNumber('seconds', values.seconds, 60),
    clients: wholeNumber('clients', values.clients, MAX_CLIENTS),
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
