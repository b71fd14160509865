/** The command line of the simulator. */
import { parseArgs } from 'node:util';
import { policyNames } from '@headgate/balancer';
import { scenarios } from './scenarios.ts';
import type { Contestant } from './simulate.ts';

export interface SimulateCommand {
  /** Names of scenarios, in the order they run. */
  readonly names: readonly string[];
  /** The first is the one the goals are for. */
  readonly contestants: readonly Contestant[];
  readonly seeds: number;
  readonly jsonFile: string | undefined;
  readonly isListing: boolean;
  readonly isUpdatingGolden: boolean;
}

const contestants: readonly Contestant[] = [...policyNames, 'plain'];

export const usage = `usage: pnpm simulate [SCENARIO]... [--policy NAME]... [--seeds N] [--json FILE]

  SCENARIO         name, or its beginning: black-hole is black-hole, black-hole-retry … (all)
  --list           say what there is, run nothing
  --policy         ${contestants.join(', ')}
                   (least-connections, plain; plain is least connections that learns nothing)
  --seeds          repeat with other requests, 1 to 100; figures are those of all runs together (1)
  --json           also write every figure to FILE
  --update-golden  write the figures the test holds every run against
`;

/** Reads the arguments after the program; a problem is what to tell the user. */
export function parseCommandLine(args: readonly string[]): SimulateCommand | { problem: string } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        list: { type: 'boolean', default: false },
        policy: { type: 'string', multiple: true },
        seeds: { type: 'string', default: '1' },
        json: { type: 'string' },
        'update-golden': { type: 'boolean', default: false },
      },
    });
    return {
      names: chosenNames(positionals),
      contestants: (values.policy ?? ['least-connections', 'plain']).map(contestantOf),
      seeds: seedCount(values.seeds),
      jsonFile: values.json,
      isListing: values.list,
      isUpdatingGolden: values['update-golden'],
    };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

function chosenNames(beginnings: readonly string[]): string[] {
  const all = scenarios.map(({ name }) => name);
  if (beginnings.length === 0) return all;
  return beginnings.flatMap((beginning) => {
    const chosen = all.filter((name) => name.startsWith(beginning));
    if (chosen.length === 0) {
      throw new Error(`there is no scenario "${beginning}"; there are ${all.join(', ')}`);
    }
    return chosen;
  });
}

function contestantOf(name: string): Contestant {
  const found = contestants.find((one) => one === name);
  if (!found) throw new Error(`there is no policy "${name}"; there are ${contestants.join(', ')}`);
  return found;
}

function seedCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 100) {
    throw new Error(`--seeds is "${text}"; give a whole number from 1 to 100`);
  }
  return count;
}
