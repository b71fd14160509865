/** The command line of the simulator. */
import { parseArgs } from 'node:util';
import { policyNames } from '@headgate/balancer';
import { parseDurationMs, parseFault, parseRates, parseServiceTime } from './described-load.ts';
import { guess } from './nearest-name.ts';
import type { OwnLoad } from './own-service.ts';
import { scenarios } from './scenarios.ts';
import type { Contestant } from './simulate.ts';

/** What to do. */
export type SimulateCommand =
  | { readonly kind: 'list' }
  | { readonly kind: 'update-golden' }
  | ({
      readonly kind: 'scenarios';
      /** In the order they run. */
      readonly names: readonly string[];
    } & Presentation)
  | ({
      readonly kind: 'own';
      readonly configFile: string;
      readonly load: OwnLoad;
    } & Presentation);

interface Presentation {
  /** The first is the one the goals are for; undefined for the usual ones. */
  readonly contestants: readonly Contestant[] | undefined;
  readonly seeds: number;
  readonly jsonFile: string | undefined;
  readonly chartFile: string | undefined;
}

const contestants: readonly Contestant[] = [...policyNames, 'plain'];

/** More would take minutes. */
const MOST_REQUESTS = 2_000_000;

const options = {
  list: { type: 'boolean' },
  policy: { type: 'string', multiple: true },
  seeds: { type: 'string', default: '1' },
  json: { type: 'string' },
  chart: { type: 'string' },
  'update-golden': { type: 'boolean' },
  config: { type: 'string' },
  service: { type: 'string' },
  rate: { type: 'string', multiple: true },
  for: { type: 'string' },
  'service-time': { type: 'string' },
  workers: { type: 'string', multiple: true },
  fault: { type: 'string', multiple: true },
  'error-status': { type: 'string' },
  'cross-zone': { type: 'string' },
  proxies: { type: 'string' },
  'load-reports': { type: 'boolean' },
} as const;

/** Those that only make sense with --config. */
const ownOptions = [
  'service',
  'rate',
  'for',
  'service-time',
  'workers',
  'fault',
  'error-status',
  'cross-zone',
  'proxies',
  'load-reports',
] as const;

export const usage = `usage: pnpm simulate [SCENARIO]... [options]
       pnpm simulate --config FILE --rate N [options]

  SCENARIO         name, or its beginning: black-hole is black-hole, black-hole-retry … (all)
  --list           say what there is, run nothing
  --policy NAME    ${contestants.join(', ')}
                   (least-connections and plain, which is the same without all it learns)
  --seeds N        repeat with other requests, 1 to 100; figures are those of all runs together (1)
  --json FILE      also write every figure
  --chart FILE     also draw every run, as one page of HTML
  --update-golden  write the figures the tests hold every run against

Your own configuration, under a load you describe:
  --config FILE    upstreams, weights, zones, limits, retries, hedging and policy are taken from it
  --service NAME   which service of it (the only one)
  --rate N         requests per second; again for a part of the time: --rate '2400 from 10s to 20s'
  --for TIME       how long (60s)
  --service-time   exp 20ms, constant 20ms, lognormal 20ms sigma 1, mix 99% 10ms 1% 500ms (exp 20ms)
  --workers N      requests an upstream works on at once; again for one: --workers 'URL 8' (4)
  --fault TEXT     URL or all, then slow x10, failing 50%, paused or down, then from 20s to 40s
  --error-status   what a failing upstream answers (503)
  --cross-zone     how much longer the way to another zone and back takes (1ms)
  --proxies N      how many proxies share the load and the upstreams (1)
  --load-reports   upstreams say how much they have in flight
`;

/** Reads the arguments after the program; a problem is what to tell the user. */
export function parseCommandLine(args: readonly string[]): SimulateCommand | { problem: string } {
  try {
    checkOptionNames(args);
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options });
    if (values.list) return { kind: 'list' };
    if (values['update-golden']) return { kind: 'update-golden' };
    const presentation = {
      contestants: values.policy?.map(contestantOf),
      seeds: wholeNumber('seeds', values.seeds, 1, 100),
      jsonFile: values.json,
      chartFile: values.chart,
    };
    if (values.config === undefined) {
      const lonely = ownOptions.find((name) => values[name] !== undefined);
      if (lonely) throw new Error(`--${lonely} goes with --config FILE, scenarios have their own`);
      return { kind: 'scenarios', names: chosenNames(positionals), ...presentation };
    }
    if (positionals.length > 0) {
      throw new Error(`"${positionals[0]}": with --config there are no scenarios; leave one out`);
    }
    return { kind: 'own', configFile: values.config, load: ownLoadOf(values), ...presentation };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

interface OwnValues {
  readonly service?: string | undefined;
  readonly rate?: string[] | undefined;
  readonly for?: string | undefined;
  readonly 'service-time'?: string | undefined;
  readonly workers?: string[] | undefined;
  readonly fault?: string[] | undefined;
  readonly 'error-status'?: string | undefined;
  readonly 'cross-zone'?: string | undefined;
  readonly proxies?: string | undefined;
  readonly 'load-reports'?: boolean | undefined;
}

function ownLoadOf(values: OwnValues): OwnLoad {
  const lengthMs = parseDurationMs(values.for ?? '60s', '--for');
  if (!values.rate) throw new Error('--config needs --rate: how many requests come per second?');
  const phases = parseRates(values.rate, lengthMs);
  let beginMs = 0;
  const requests = phases.reduce((sum, { untilMs, ratePerSecond }) => {
    const count = ((untilMs - beginMs) * ratePerSecond) / 1_000;
    beginMs = untilMs;
    return sum + count;
  }, 0);
  if (requests > MOST_REQUESTS) {
    throw new Error(
      `--rate and --for make ${Math.round(requests)} requests; at most ${MOST_REQUESTS} are simulated, shorten the time`,
    );
  }
  const serviceTimeText = values['service-time'] ?? 'exp 20ms';
  return {
    service: values.service,
    phases,
    serviceTimeText,
    serviceTime: parseServiceTime(serviceTimeText),
    ...workersIn(values.workers ?? []),
    faults: (values.fault ?? []).map((text) => parseFault(text, lengthMs)),
    errorStatus: errorStatusOf(values['error-status'] ?? '503'),
    crossZoneMs: parseDurationMs(values['cross-zone'] ?? '1ms', '--cross-zone'),
    proxies: wholeNumber('proxies', values.proxies ?? '1', 1, 1_000),
    hasLoadReports: values['load-reports'] ?? false,
  };
}

function workersIn(texts: readonly string[]): Pick<OwnLoad, 'workers' | 'workersOf'> {
  let workers = 4;
  const workersOf = new Map<string, number>();
  for (const text of texts) {
    const [first = '', second, ...others] = text.trim().split(/\s+/);
    if (others.length > 0) throw new Error(`--workers "${text}": write 4, or one URL and 8`);
    const count = wholeNumber('workers', second ?? first, 1, 10_000);
    if (second === undefined) workers = count;
    else workersOf.set(first, count);
  }
  return { workers, workersOf };
}

function errorStatusOf(text: string): number {
  const status = wholeNumber('error-status', text, 500, 599);
  if (status !== 501 && status !== 505) return status;
  throw new Error(`--error-status ${text}: the proxy does not take 501 and 505 for failures`);
}

function checkOptionNames(args: readonly string[]): void {
  const names = Object.keys(options).map((name) => `--${name}`);
  for (const arg of args) {
    const name = /^--[^=]+/.exec(arg)?.[0];
    if (name !== undefined && !names.includes(name)) {
      throw new Error(`there is no option ${name}${guess(name, names)}`);
    }
  }
}

function chosenNames(beginnings: readonly string[]): string[] {
  const all = scenarios.map(({ name }) => name);
  if (beginnings.length === 0) return all;
  return beginnings.flatMap((beginning) => {
    const chosen = all.filter((name) => name.startsWith(beginning));
    if (chosen.length > 0) return chosen;
    const hint = guess(beginning, [...all, ...all.map((name) => name.replace(/-[^-]*$/, ''))]);
    throw new Error(`there is no scenario "${beginning}"${hint}; there are ${all.join(', ')}`);
  });
}

function contestantOf(name: string): Contestant {
  const found = contestants.find((one) => one === name);
  if (found) return found;
  const hint = guess(name, contestants);
  throw new Error(`there is no policy "${name}"${hint}; there are ${contestants.join(', ')}`);
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < least || number > most) {
    throw new Error(`--${option} is "${text}"; give a whole number from ${least} to ${most}`);
  }
  return number;
}
