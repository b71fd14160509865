/** The command line of the concurrency contest. */
import { parseArgs } from 'node:util';
import { concurrentContestants } from './concurrency-contestants.ts';

export interface ConcurrencyCommand {
  readonly contest: 'concurrency';
  /** In flight at once; 0 leaves this part out. */
  readonly requests: number;
  /** Idle connections at once; 0 leaves this part out. */
  readonly idle: number;
  /** Names of the peers Headgate is compared with. */
  readonly peers: readonly string[];
  /** Short windows, to see that everything works. */
  readonly isQuick: boolean;
  readonly jsonFile: string | undefined;
}

const FULL = { requests: 50_000, idle: 100_000 };
const QUICK = { requests: 2_000, idle: 5_000 };
const MAX = 200_000;
// The first one is ours.
const PEERS = concurrentContestants(1)
  .slice(1)
  .map(({ name }) => name);

export const concurrencyUsage = `usage: pnpm bench concurrency [--requests N] [--idle N] [--peer NAME]... [--quick] [--json FILE]

  --requests  in flight at once through one proxy, 0 to ${MAX} (${FULL.requests}); 0 leaves it out
  --idle      connections at once that say nothing, 0 to ${MAX} (${FULL.idle}); 0 leaves it out
  --peer      ${PEERS.join(', ')} (all)
  --quick     ${QUICK.requests} and ${QUICK.idle}, and short windows: to see that everything works
  --json      also write everything to FILE
`;

/** Reads the arguments after `concurrency`; throws what to tell the user. */
export function parseConcurrencyCommand(args: readonly string[]): ConcurrencyCommand {
  const { values } = parseArgs({
    args: [...args],
    options: {
      requests: { type: 'string' },
      idle: { type: 'string' },
      peer: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  });
  const usual = values.quick ? QUICK : FULL;
  const requests = count('requests', values.requests ?? `${usual.requests}`);
  const idle = count('idle', values.idle ?? `${usual.idle}`);
  if (requests === 0 && idle === 0) throw new Error('--requests 0 --idle 0: nothing is left to do');
  const names = values.peer ?? PEERS;
  const stranger = names.find((name) => !PEERS.includes(name));
  if (stranger !== undefined) {
    throw new Error(`--peer ${stranger}: expected one of ${PEERS.join(', ')}`);
  }
  return {
    contest: 'concurrency',
    requests,
    idle,
    peers: PEERS.filter((name) => names.includes(name)),
    isQuick: values.quick,
    jsonFile: values.json,
  };
}

function count(option: string, text: string): number {
  const value = Number(text);
  if (text !== '' && Number.isInteger(value) && value >= 0 && value <= MAX) return value;
  throw new Error(`--${option} ${text}: expected a whole number from 0 to ${MAX}`);
}
