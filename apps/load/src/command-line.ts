/** The command line of `headgate-load`: arguments in, one command or one readable complaint out. */
import { parseArgs } from 'node:util';
import { parseDuration, parseSize } from '@headgate/config';

export type Command =
  | { readonly name: 'run'; readonly run: RunArguments }
  | {
      readonly name: 'compare';
      /** One or more results of each side. */
      readonly base: readonly string[];
      readonly next: readonly string[];
      /** 0.05 for 5 %. */
      readonly maxRegression: number;
    }
  | { readonly name: 'report'; readonly file: string; readonly out: string }
  | { readonly name: 'help' }
  | { readonly name: 'version' }
  | { readonly name: 'usage'; readonly problem: string };

/** What the command line says; the rest comes from the scenario, or is a default. */
export interface RunArguments {
  /** A scenario file or a URL. */
  readonly subject: string;
  readonly target?: string;
  /** `2000`, or `100..2000` for a ramp over the whole run. */
  readonly rate?: readonly [from: number, to: number];
  readonly users?: readonly [from: number, to: number];
  readonly hold?: number;
  readonly isIdle: boolean;
  readonly trace?: string;
  readonly thinkMs?: number;
  readonly durationMs?: number;
  readonly spacing?: 'poisson' | 'even';
  readonly seed?: number;
  readonly timeoutMs?: number;
  readonly maxInFlight?: number;
  readonly workers?: number;
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly events: boolean;
  readonly http2: boolean;
  readonly isChurning: boolean;
  readonly slowBytesPerS?: number;
  readonly sourceAddresses: readonly string[];
  readonly ownedHosts: readonly string[];
  readonly thresholds: readonly string[];
  readonly jsonFile?: string;
  readonly htmlFile?: string;
  readonly scrape: readonly string[];
  /** Undefined: no live page. */
  readonly pagePort?: number;
}

export const helpText = `headgate-load: load tests with an open model, a live page and thresholds

  headgate-load SCENARIO.ts|URL [options]   run; exit 0, or 1 when a threshold is not met
  headgate-load compare BASE.json[,…] NEXT.json[,…] [--fail-above 5%]
                                            exit 1 when NEXT is slower beyond doubt
  headgate-load report RESULT.json --html FILE
  headgate-load --help | --version

How much load
  --rate 2000 | 100..2000    arrivals per second, whatever the server does; or a ramp over the run
  --users 50 | 1..50         instead: users, each starting again when its request has ended
  --think 1s                 pause of a user between two requests
  --hold 50000 [--idle]      instead: so many requests in flight; or idle connections
  --trace FILE               instead: arrivals at the times of a file, one a line
  --for 30s                  length of the run (30s)
  --spacing poisson|even     of arrivals (poisson)
  --seed 1                   the same seed gives the same arrivals
  --timeout 10s              time limit of a request; failures count as this in the percentiles
  --max-in-flight 20000      arrivals beyond are dropped, and counted
  --workers 2                processes (as many as the load needs)

What is sent
  --target URL               in place of the target of the scenario
  --method POST  --body TEXT | @FILE  -H 'name: value'
  --events                   the URL is a stream of server-sent events
  --http2                    HTTP/2, by prior knowledge on http://
  --new-connections          a connection for each request
  --slow 1KiB                clients that send and read so many bytes per second
  --from 127.0.0.2-127.0.0.9 source addresses (spread by itself where many are held)
  --i-own-this-host HOST     without it, only this machine is loaded

What comes out
  --threshold 'p99 < 200ms'  exit 1 unless it is met; may be repeated
  --json FILE  --html FILE   the result; a report that opens offline
  --scrape URL               metrics of the system under test; may be repeated
  --page 9091 | off          port of the live page
`;

const DEFAULT_PAGE_PORT = 9091;

/** Parses `argv` without the interpreter and script. */
export function parseCommand(argv: readonly string[]): Command {
  try {
    return parse(argv);
  } catch (error) {
    return { name: 'usage', problem: (error as Error).message };
  }
}

const OPTIONS = {
  target: { type: 'string' },
  rate: { type: 'string' },
  users: { type: 'string' },
  think: { type: 'string' },
  hold: { type: 'string' },
  idle: { type: 'boolean' },
  trace: { type: 'string' },
  for: { type: 'string' },
  spacing: { type: 'string' },
  seed: { type: 'string' },
  timeout: { type: 'string' },
  'max-in-flight': { type: 'string' },
  workers: { type: 'string' },
  method: { type: 'string' },
  header: { type: 'string', short: 'H', multiple: true },
  body: { type: 'string' },
  events: { type: 'boolean' },
  http2: { type: 'boolean' },
  'new-connections': { type: 'boolean' },
  slow: { type: 'string' },
  from: { type: 'string' },
  'i-own-this-host': { type: 'string', multiple: true },
  threshold: { type: 'string', multiple: true },
  json: { type: 'string' },
  html: { type: 'string' },
  scrape: { type: 'string', multiple: true },
  page: { type: 'string' },
  'fail-above': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

function parse(argv: readonly string[]): Command {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: OPTIONS,
  });
  if (values.help) return { name: 'help' };
  if (values.version) return { name: 'version' };
  const [subject, ...rest] = positionals;
  if (subject === undefined) throw new TypeError('a scenario file or a URL is missing');
  if (subject === 'compare') return compareCommand(rest, values);
  if (subject === 'report') {
    const [file, extra] = rest;
    if (file === undefined || extra !== undefined || values.html === undefined) {
      throw new TypeError('report takes a result and --html FILE');
    }
    return { name: 'report', file, out: values.html };
  }
  if (rest.length > 0) throw new TypeError(`one scenario or URL at a time, not also "${rest[0]}"`);
  if (values['fail-above'] !== undefined) throw new TypeError('--fail-above belongs to compare');
  return { name: 'run', run: runArguments(subject, values) };
}

function compareCommand(rest: readonly string[], values: Values): Command {
  const [base, next, extra] = rest;
  if (base === undefined || next === undefined || extra !== undefined) {
    throw new TypeError('compare takes two results (or lists of them, with commas)');
  }
  const text = values['fail-above'] ?? '5%';
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  if (percent === undefined)
    throw new TypeError(`--fail-above takes a share such as 5%, not "${text}"`);
  return {
    name: 'compare',
    base: base.split(','),
    next: next.split(','),
    maxRegression: Number(percent) / 100,
  };
}

function runArguments(subject: string, values: Values): RunArguments {
  const models = (['rate', 'users', 'hold', 'trace'] as const).filter((name) => values[name]);
  if (models.length > 1)
    throw new TypeError(`--${models[0]} and --${models[1]}: one load at a time`);
  if (values.idle && values.hold === undefined) throw new TypeError('--idle belongs to --hold');
  const { spacing } = values;
  if (spacing !== undefined && spacing !== 'poisson' && spacing !== 'even') {
    throw new TypeError(`--spacing is poisson or even, not "${spacing}"`);
  }
  const pagePort =
    values.page === 'off'
      ? undefined
      : (count(values.page, '--page', 0, 65_535) ?? DEFAULT_PAGE_PORT);
  return dropUndefined({
    subject,
    target: values.target,
    rate: levels(values.rate, '--rate'),
    users: levels(values.users, '--users'),
    hold: count(values.hold, '--hold', 1, 200_000),
    isIdle: values.idle ?? false,
    trace: values.trace,
    thinkMs: milliseconds(values.think, '--think'),
    durationMs: milliseconds(values.for, '--for'),
    spacing,
    seed: count(values.seed, '--seed', 0, 2 ** 32 - 1),
    timeoutMs: milliseconds(values.timeout, '--timeout'),
    maxInFlight: count(values['max-in-flight'], '--max-in-flight', 1, 1_000_000),
    workers: count(values.workers, '--workers', 1, 256),
    method: values.method?.toUpperCase(),
    headers: fields(values.header ?? []),
    body: values.body,
    events: values.events ?? false,
    http2: values.http2 ?? false,
    isChurning: values['new-connections'] ?? false,
    slowBytesPerS: bytes(values.slow, '--slow'),
    sourceAddresses: addresses(values.from),
    ownedHosts: values['i-own-this-host'] ?? [],
    thresholds: values.threshold ?? [],
    jsonFile: values.json,
    htmlFile: values.html,
    scrape: values.scrape ?? [],
    pagePort,
  });
}

type Defined<Value> = { [Key in keyof Value]: Exclude<Value[Key], undefined> };

/** Absent rather than undefined. */
function dropUndefined<Value extends object>(value: Value): Defined<Value> {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries) as Defined<Value>;
}

function levels(text: string | undefined, option: string): [number, number] | undefined {
  if (text === undefined) return undefined;
  const [, from, to = from] = /^(\d+(?:\.\d+)?)(?:\.\.(\d+(?:\.\d+)?))?$/.exec(text) ?? [];
  if (from === undefined) throw new TypeError(`${option} takes 2000 or 100..2000, not "${text}"`);
  return [Number(from), Number(to)];
}

function count(
  text: string | undefined,
  option: string,
  min: number,
  max: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new TypeError(`${option} takes a whole number from ${min} to ${max}, not "${text}"`);
  }
  return value;
}

function milliseconds(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const durationMs = parseDuration(text);
  if (durationMs === undefined) {
    throw new TypeError(`${option} takes a duration such as 250ms, 2s or 1m, not "${text}"`);
  }
  return durationMs;
}

function bytes(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const sizeBytes = parseSize(text);
  if (!sizeBytes) throw new TypeError(`${option} takes a size such as 500B or 1KiB, not "${text}"`);
  return sizeBytes;
}

function fields(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim();
    if (name === '') throw new TypeError(`-H takes 'name: value', got "${line}"`);
    headers[name] = line.slice(colon + 1).trim();
  }
  return headers;
}

function addresses(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const pattern = /^127\.0\.0\.(\d{1,3})(?:-127\.0\.0\.(\d{1,3}))?$/;
  const [, first, last = first] = pattern.exec(text) ?? [];
  const from = Number(first);
  const to = Number(last);
  if (!(from >= 1 && to >= from && to <= 254)) {
    throw new TypeError(`--from takes 127.0.0.2 or 127.0.0.2-127.0.0.9, not "${text}"`);
  }
  return Array.from({ length: to - from + 1 }, (_, i) => `127.0.0.${from + i}`);
}
