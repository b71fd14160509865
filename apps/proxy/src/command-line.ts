/** The command line of `headgate`: arguments in, one command or one readable complaint out. */
import { parseArgs } from 'node:util';

export type Command =
  | { readonly name: 'run' | 'check'; readonly file: string }
  | { readonly name: 'show'; readonly file: string; readonly isJson: boolean }
  | {
      readonly name: 'explain';
      readonly file: string;
      readonly method: string;
      readonly url: string;
      /** Names and values alternating. */
      readonly headers: readonly string[];
    }
  | { readonly name: 'help' }
  | { readonly name: 'version' }
  | { readonly name: 'usage'; readonly problem: string };

export const helpText = `headgate: an edge proxy for APIs

  headgate run --config FILE                start; SIGTERM drains, SIGHUP reloads
  headgate check --config FILE              validate; exit 1 with every problem
  headgate show --config FILE [--json]      the effective settings and where each comes from
  headgate explain --config FILE METHOD URL [-H 'name: value']...
                                            which route and service a request would meet
  headgate --help | --version

FILE is .yaml, .json or .ts; without --config it is headgate.config.ts, .yaml or .json here.
`;

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
  const [name, ...rest] = positionals;
  if (values.help || name === 'help') return { name: 'help' };
  if (values.version) return { name: 'version' };
  if (name !== 'run' && name !== 'check' && name !== 'show' && name !== 'explain') {
    return usage(name === undefined ? 'a command is missing' : `there is no command "${name}"`);
  }
  if (values.json && name !== 'show') return usage(`${name} has no --json`);
  if (values.header && name !== 'explain') return usage(`${name} has no -H`);
  const file = values.config ?? findConfig();
  if (file === undefined) return usage('no --config given and no headgate.config.* found here');
  if (name === 'explain') return explain(file, rest, values.header ?? []);
  if (rest.length > 0) return usage(`${name} takes no argument "${rest[0]}"`);
  return name === 'show' ? { name, file, isJson: values.json ?? false } : { name, file };
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      config: { type: 'string', short: 'c' },
      header: { type: 'string', short: 'H', multiple: true },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    },
  });
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
