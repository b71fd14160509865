/** The command line of `headgate-profile`: arguments in, one command or one complaint out. */
import { parseArgs } from 'node:util';

export type Command =
  | { readonly name: 'profile'; readonly run: RunArguments }
  | { readonly name: 'help' }
  | { readonly name: 'version' }
  | { readonly name: 'usage'; readonly problem: string };

export interface RunArguments {
  readonly pids: readonly number[];
  readonly names: readonly string[];
  readonly durationMs: number;
  readonly warmUpMs: number;
  /** Microseconds between two samples. */
  readonly intervalUs: number;
  /** False: compiled code stays, and functions inlined in others count for those. */
  readonly mayRecompile: boolean;
  /** Undefined: a new one below `headgate-profile`. */
  readonly folder?: string;
  /** Arguments of headgate-load; undefined: whoever sends load, it is not this command. */
  readonly load?: readonly string[];
}

export const helpText = `headgate-profile: CPU profiles of Node processes that are running

  headgate-profile --pid 1234 [options]             a process, and its children
  headgate-profile --name items [options]           all whose script is items, or in a folder items
  headgate-profile … -- http://127.0.0.1:8080/items/5 --rate 500
                                                    under load: what follows is for headgate-load

  --pid 1234  --name NAME  may be repeated, and mixed
  --seconds 10             length of the profile
  --interval-us 1000       time between samples
  --keep-code              do not make V8 compile all code anew, which tells inlined functions apart
  --out FOLDER             default: a new folder below headgate-profile
  --warm-up 2              seconds of load before the profile

Nothing is restarted. Ctrl-C ends the profile early and keeps what there is.
`;

/** Parses `argv` without the interpreter and script. */
export function parseCommand(argv: readonly string[]): Command {
  try {
    return parse(argv);
  } catch (error) {
    return { name: 'usage', problem: (error as Error).message };
  }
}

function parse(argv: readonly string[]): Command {
  const end = argv.indexOf('--');
  const load = end < 0 ? undefined : argv.slice(end + 1);
  const { values } = parseArgs({
    args: end < 0 ? [...argv] : argv.slice(0, end),
    options: {
      pid: { type: 'string', multiple: true },
      name: { type: 'string', multiple: true },
      seconds: { type: 'string' },
      'interval-us': { type: 'string' },
      'warm-up': { type: 'string' },
      'keep-code': { type: 'boolean' },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    },
  });
  if (values.help) return { name: 'help' };
  if (values.version) return { name: 'version' };
  const { pid = [], name: names = [], out: folder } = values;
  if (pid.length + names.length === 0) throw new TypeError('--pid or --name says what to profile');
  if (load?.length === 0) throw new TypeError('a scenario file or a URL is missing after --');
  return {
    name: 'profile',
    run: {
      pids: pid.map((text) => count(text, '--pid', 2 ** 31)),
      names,
      durationMs: Math.round(1000 * positive(values.seconds ?? '10', '--seconds', 3600)),
      warmUpMs: Math.round(1000 * positive(values['warm-up'] ?? '2', '--warm-up', 3600)),
      intervalUs: count(values['interval-us'] ?? '1000', '--interval-us', 1_000_000),
      mayRecompile: !values['keep-code'],
      ...(folder === undefined ? {} : { folder }),
      ...(load === undefined ? {} : { load }),
    },
  };
}

function count(text: string, option: string, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) {
    throw new TypeError(`${option} takes a whole number from 1 to ${max}, not "${text}"`);
  }
  return value;
}

function positive(text: string, option: string, max: number): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (value <= 0 || value > max) {
    throw new TypeError(`${option} takes seconds, at most ${max}, not "${text}"`);
  }
  return value;
}
