/** The command line of `headgate`: arguments in, one command or one readable complaint out. */
import { parseArgs } from 'node:util';
import { type CtlAction, completeWait, parseAction, parseWorkers } from './ctl/arguments.ts';

export type Command =
  | RunCommand
  | { readonly name: 'check'; readonly file: string }
  | { readonly name: 'show'; readonly file: string; readonly isJson: boolean }
  | {
      readonly name: 'explain';
      readonly file: string;
      readonly method: string;
      readonly url: string;
      /** Names and values alternating. */
      readonly headers: readonly string[];
    }
  | DiffCommand
  | CtlCommand
  | { readonly name: 'help' }
  | { readonly name: 'version' }
  | { readonly name: 'usage'; readonly problem: string };

export interface RunCommand {
  readonly name: 'run';
  readonly file: string;
  /** One process without a supervisor. */
  readonly isSingle: boolean;
  /** Reload when the file changes. */
  readonly isWatching: boolean;
  /** In place of the configured number. */
  readonly workers?: number;
  /** Where the process id of the supervisor goes. */
  readonly pidFile?: string;
}

export interface DiffCommand {
  readonly name: 'diff';
  /** The configuration that is to come. */
  readonly file: string;
  /** The file to compare with; without one, a running edge. */
  readonly against?: string;
  /** Where that edge is asked; without it, where `file` has its admin listener. */
  readonly adminAddress?: string;
  readonly token?: string;
  readonly isJson: boolean;
}

export interface CtlCommand {
  readonly name: 'ctl';
  readonly action: CtlAction;
  /** Where the edge is asked; without it, where `configFile` has its admin listener. */
  readonly adminAddress?: string;
  readonly configFile?: string;
  readonly token?: string;
  readonly isJson: boolean;
}

export const helpText = `headgate: an edge proxy for APIs

  headgate run [--config FILE]              start; SIGTERM drains, SIGHUP reloads
    --workers N        worker processes in place of the setting
    --single           one process without a supervisor
    --watch            reload when the file changes
    --pid-file FILE    write the process id there
  headgate check [--config FILE]            validate; exit 1 with every problem
  headgate show [--config FILE] [--json]    the effective settings and where each comes from
  headgate explain [--config FILE] METHOD URL [-H 'name: value']...
                                            which route and service a request would meet
  headgate diff [--config NEW] [--against OLD | --admin ADDRESS] [--json]
                                            what NEW changes; exit 0 nothing, 1 something, 2 trouble
  headgate ctl [--config FILE | --admin ADDRESS] [--token TOKEN] [--json] COMMAND
    status | workers | services | cache | audit
                                            look at a running edge
    drain SERVICE UPSTREAM [--wait [TIME]]  nothing new goes there; wait until nothing is in flight
    enable SERVICE UPSTREAM                 take it in again
    disable SERVICE UPSTREAM                as drain, and no health checks
    weight SERVICE UPSTREAM N|default       another share of the requests
    purge --url URL | --prefix URL | --tag TAG... | --all
                                            have the cache forget
    reload | restart | scale N              the config file again, all workers anew, N workers
  headgate --help | --version

FILE is .yaml, .json or .ts; without --config it is headgate.config.ts, .yaml or .json here.
ADDRESS is host:port or unix:/path; HEADGATE_ADMIN_ADDRESS and HEADGATE_ADMIN_TOKEN are defaults.
`;

const commands = ['run', 'check', 'show', 'explain', 'diff', 'ctl'] as const;

/** Which commands have which option; `--config`, `--help` and `--version` are everybody's. */
const optionsOf = {
  header: ['explain'],
  json: ['show', 'diff', 'ctl'],
  against: ['diff'],
  admin: ['diff', 'ctl'],
  token: ['diff', 'ctl'],
  wait: ['ctl'],
  url: ['ctl'],
  prefix: ['ctl'],
  tag: ['ctl'],
  all: ['ctl'],
  single: ['run'],
  watch: ['run'],
  workers: ['run'],
  'pid-file': ['run'],
} as const;

type Options = ReturnType<typeof parse>['values'];

/** Parses `argv` without the interpreter and script; `findConfig` names the default file. */
export function parseCommand(
  argv: readonly string[],
  findConfig: () => string | undefined,
): Command {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(argv);
  } catch (error) {
    return usage((error as Error).message);
  }
  const { values, positionals } = parsed;
  const [word, ...rest] = positionals;
  if (values.help || word === 'help') return { name: 'help' };
  if (values.version) return { name: 'version' };
  const name = commands.find((command) => command === word);
  if (name === undefined) {
    return usage(word === undefined ? 'a command is missing' : `there is no command "${word}"`);
  }
  const foreign = foreignOption(name, values);
  if (foreign !== undefined) return usage(`${name} has no ${foreign}`);
  if (name === 'ctl') return ctl(rest, values, findConfig);
  const file = values.config ?? findConfig();
  if (file === undefined) return usage('no --config given and no headgate.config.* found here');
  if (name === 'explain') return explain(file, rest, values.header ?? []);
  if (rest.length > 0) return usage(`${name} takes no argument "${rest[0]}"`);
  if (name === 'run') return run(file, values);
  if (name === 'diff') return diff(file, values);
  return name === 'show' ? { name, file, isJson: values.json ?? false } : { name, file };
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: completeWait(argv),
    allowPositionals: true,
    options: {
      config: { type: 'string', short: 'c' },
      header: { type: 'string', short: 'H', multiple: true },
      json: { type: 'boolean' },
      against: { type: 'string' },
      admin: { type: 'string' },
      token: { type: 'string' },
      wait: { type: 'string' },
      url: { type: 'string' },
      prefix: { type: 'string' },
      tag: { type: 'string', multiple: true },
      all: { type: 'boolean' },
      single: { type: 'boolean' },
      watch: { type: 'boolean' },
      workers: { type: 'string' },
      'pid-file': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    },
  });
}

function foreignOption(name: (typeof commands)[number], values: Options): string | undefined {
  for (const [option, owners] of Object.entries(optionsOf)) {
    const isOwn = (owners as readonly string[]).includes(name);
    if (!isOwn && values[option as keyof typeof optionsOf] !== undefined) {
      return option === 'header' ? '-H' : `--${option}`;
    }
  }
  return undefined;
}

function run(file: string, values: Options): Command {
  const { single, watch, workers: text, 'pid-file': pidFile } = values;
  const workers = text === undefined ? undefined : parseWorkers(text);
  if (text !== undefined && workers === undefined) {
    return usage(`--workers takes a whole number from 1, got "${text}"`);
  }
  if (single && workers !== undefined && workers > 1) {
    return usage('--single is one process; leave out --workers');
  }
  return {
    name: 'run',
    file,
    isSingle: single ?? false,
    isWatching: watch ?? false,
    ...(workers !== undefined && { workers }),
    ...(pidFile !== undefined && { pidFile }),
  };
}

function diff(file: string, { against, admin, token, json }: Options): Command {
  if (against !== undefined && admin !== undefined) {
    return usage('diff compares with --against FILE or with the edge at --admin, not both');
  }
  return {
    name: 'diff',
    file,
    isJson: json ?? false,
    ...(against !== undefined && { against }),
    ...(admin !== undefined && { adminAddress: admin }),
    ...(token !== undefined && { token }),
  };
}

function ctl(
  rest: readonly string[],
  { admin, config, token, json, ...options }: Options,
  findConfig: () => string | undefined,
): Command {
  const parsed = parseAction(rest, options);
  if (!parsed.ok) return usage(parsed.problem);
  const configFile = config ?? (admin === undefined ? findConfig() : undefined);
  return {
    name: 'ctl',
    action: parsed.action,
    isJson: json ?? false,
    ...(admin !== undefined && { adminAddress: admin }),
    ...(configFile !== undefined && { configFile }),
    ...(token !== undefined && { token }),
  };
}

function explain(file: string, rest: readonly string[], fields: readonly string[]): Command {
  const [method, url, extra] = rest;
  if (method === undefined || url === undefined || extra !== undefined) {
    return usage('explain takes a method and a URL, such as: explain GET http://host/items/5');
  }
  const headers: string[] = [];
  for (const field of fields) {
    const colon = field.indexOf(':');
    const name = field.slice(0, Math.max(0, colon)).trim();
    if (name === '') return usage(`-H takes 'name: value', got "${field}"`);
    headers.push(name, field.slice(colon + 1).trim());
  }
  return { name: 'explain', file, method: method.toUpperCase(), url, headers };
}

function usage(problem: string): Command {
  return { name: 'usage', problem };
}
