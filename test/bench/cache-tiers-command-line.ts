/** The command line of the bench of the data cache. */
import { parseArgs } from 'node:util';

export interface CacheTiersCommand {
  readonly contest: 'cache-tiers';
  /** Of everything; figures are their medians. */
  readonly rounds: number;
  /** Calls of each kind in one round. */
  readonly calls: number;
  readonly jsonFile: string | undefined;
}

const CALLS = 100_000;
const QUICK_CALLS = 2_000;

export const cacheTiersUsage = `usage: pnpm bench cache-tiers [--rounds N] [--calls N] [--quick] [--json FILE]

  --rounds  1 to 100 (9)
  --calls   calls of each kind in one round, 100 to 1000000 (${CALLS})
  --quick   ${QUICK_CALLS} calls in one round, to see that everything works
  --json    also write every round to FILE
`;

/** Reads the arguments after `cache-tiers`; throws what to tell the user. */
export function parseCacheTiersCommand(args: readonly string[]): CacheTiersCommand {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      calls: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  });
  if (values.quick && (values.calls !== undefined || values.rounds !== undefined)) {
    throw new Error('--quick has calls and rounds of its own: leave out --calls and --rounds');
  }
  const { quick } = values;
  return {
    contest: 'cache-tiers',
    rounds: wholeNumber('rounds', values.rounds ?? (quick ? '1' : '9'), 1, 100),
    calls: wholeNumber('calls', values.calls ?? `${quick ? QUICK_CALLS : CALLS}`, 100, 1_000_000),
    jsonFile: values.json,
  };
}

function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`--${option} ${text}: expected a whole number from ${min} to ${max}`);
}
