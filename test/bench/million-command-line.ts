/** The command line of the million contest. */
import { parseArgs } from 'node:util';
import { millionPeers } from './million-stacks.ts';

export interface MillionCommand {
  readonly contest: 'million';
  /** Calls of ours, in all rounds together. */
  readonly calls: number;
  /** Calls of each peer, in all rounds together. */
  readonly peerCalls: number;
  /** Names of the stacks Headgate is compared with. */
  readonly peers: readonly string[];
  readonly rounds: number;
  readonly jsonFile: string | undefined;
}

const CALLS = 1_000_000;
const PEER_CALLS = 20_000;
const QUICK_CALLS = 2_000;
/** Fewer are no figure: a clock tick of 10 ms would show. */
const LEAST_CALLS = 100;
const NAMES = millionPeers.map(({ name }) => name);

export const millionUsage = `usage: pnpm bench million [--calls N] [--peer NAME]... [--no-peers] [--rounds N] [--quick] [--json FILE]

  --calls     calls of ours in all rounds, ${LEAST_CALLS} to 10000000 (${CALLS}); peers get at most ${PEER_CALLS}
  --peer      ${NAMES.join(', ')} (all)
  --no-peers  ours alone
  --rounds    turns of everyone, which share the calls, 1 to 20 (5)
  --quick     ${QUICK_CALLS} calls of everyone in one round, to see that everything works
  --json      also write every run to FILE
`;

/** Reads the arguments after `million`; throws what to tell the user. */
export function parseMillionCommand(args: readonly string[]): MillionCommand {
  const { values } = parseArgs({
    args: [...args],
    options: {
      calls: { type: 'string' },
      peer: { type: 'string', multiple: true },
      'no-peers': { type: 'boolean', default: false },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  });
  if (values.quick && (values.calls !== undefined || values.rounds !== undefined)) {
    throw new Error('--quick has calls and rounds of its own: leave out --calls and --rounds');
  }
  if (values['no-peers'] && values.peer !== undefined) {
    throw new Error('--peer and --no-peers: say one of them');
  }
  const asked = values['no-peers'] ? [] : (values.peer ?? NAMES);
  const stranger = asked.find((name) => !NAMES.includes(name));
  if (stranger !== undefined) {
    throw new Error(`--peer ${stranger}: expected one of ${NAMES.join(', ')}`);
  }
  const calls = values.quick
    ? QUICK_CALLS
    : wholeNumber('calls', values.calls ?? `${CALLS}`, LEAST_CALLS, 10_000_000);
  return {
    contest: 'million',
    calls,
    peerCalls: Math.min(calls, PEER_CALLS),
    peers: NAMES.filter((name) => asked.includes(name)),
    rounds: wholeNumber('rounds', values.rounds ?? (values.quick ? '1' : '5'), 1, 20),
    jsonFile: values.json,
  };
}

function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`--${option} ${text}: expected a whole number from ${min} to ${max}`);
}
