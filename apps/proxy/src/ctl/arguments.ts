/** The arguments of `headgate ctl`: what to ask of a running edge. */
import { parseDuration } from '@headgate/config';
import { MAX_WORKERS } from '../control/control-api.ts';
import { MAX_WEIGHT } from '../control/operator.ts';
import type { PurgeOrder } from '../edge-cache/purge-order.ts';
import { type PurgeOptions, parsePurgeOptions, purgeOptionIn } from './purge-arguments.ts';

const readings = ['status', 'workers', 'services', 'cache', 'audit'] as const;
const wholeEdge = ['reload', 'restart'] as const;
const switches = ['drain', 'enable', 'disable'] as const;

/** What to look at. */
export type Reading = (typeof readings)[number];

/** What to ask of the edge. */
export type CtlAction =
  | { readonly verb: Reading | (typeof wholeEdge)[number] }
  | {
      readonly verb: (typeof switches)[number];
      readonly service: string;
      /** Its URL, or `host:port` or `:port` where that is one upstream only. */
      readonly upstream: string;
      /** Of `drain`: how long to wait until nothing is in flight; without it, not at all. */
      readonly waitMs?: number;
    }
  | {
      readonly verb: 'weight';
      readonly service: string;
      readonly upstream: string;
      /** Undefined: back to the configured one. */
      readonly weight: number | undefined;
    }
  | { readonly verb: 'scale'; readonly workers: number }
  | { readonly verb: 'purge'; readonly order: PurgeOrder };

export type CtlArguments =
  | { readonly ok: true; readonly action: CtlAction }
  | { readonly ok: false; readonly problem: string };

/** For `drain --wait` without a time: longer than most requests, shorter than patience. */
const DEFAULT_WAIT = '5m';

const words = [...readings, ...switches, 'weight', 'purge', ...wholeEdge, 'scale'];

/** The options of `ctl` that only some of its commands have. */
export interface ActionOptions extends PurgeOptions {
  readonly wait?: string | undefined;
}

/** Gives a `--wait` that stands without a time its default, as options here always have a value. */
export function completeWait(argv: readonly string[]): string[] {
  const completed: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const [word = '', next = ''] = [argv[i], argv[i + 1]];
    if (word !== '--wait') completed.push(word);
    else if (parseDuration(next) === undefined) completed.push(`--wait=${DEFAULT_WAIT}`);
    else {
      completed.push(`--wait=${next}`);
      i++;
    }
  }
  return completed;
}

/** Parses what follows `headgate ctl`. */
export function parseAction(rest: readonly string[], options: ActionOptions = {}): CtlArguments {
  const [verb, ...given] = rest;
  const { wait } = options;
  if (wait !== undefined && verb !== 'drain') return refuse(`only ctl drain has --wait`);
  const purgeOption = purgeOptionIn(options);
  if (purgeOption !== undefined && verb !== 'purge') {
    return refuse(`only ctl purge has ${purgeOption}`);
  }
  if (verb === undefined) return refuse(`ctl takes a command: ${words.join(', ')}`);
  const plain = [...readings, ...wholeEdge].find((name) => name === verb);
  if (plain) {
    return given.length > 0
      ? refuse(`ctl ${verb} takes no argument "${given[0]}"`)
      : { ok: true, action: { verb: plain } };
  }
  const change = switches.find((name) => name === verb);
  if (change) return parseSwitch(change, given, wait);
  if (verb === 'weight') return parseWeight(given);
  if (verb === 'scale') return parseScale(given);
  if (verb === 'purge') return parsePurge(given, options);
  return refuse(`ctl has no command "${verb}"; it has ${words.join(', ')}`);
}

function parseSwitch(
  verb: (typeof switches)[number],
  [service, upstream, extra]: readonly string[],
  wait: string | undefined,
): CtlArguments {
  if (service === undefined || upstream === undefined || extra !== undefined) {
    return refuse(`ctl ${verb} takes a service and an upstream, such as: ${verb} items :4001`);
  }
  const waitMs = wait === undefined ? undefined : parseDuration(wait);
  if (wait !== undefined && waitMs === undefined) {
    return refuse(`--wait takes a duration such as 30s or 5m, got "${wait}"`);
  }
  return { ok: true, action: { verb, service, upstream, ...(waitMs !== undefined && { waitMs }) } };
}

function parseWeight([service, upstream, text, extra]: readonly string[]): CtlArguments {
  if (
    service === undefined ||
    upstream === undefined ||
    text === undefined ||
    extra !== undefined
  ) {
    return refuse('ctl weight takes a service, an upstream and a weight: weight items :4001 0.5');
  }
  const weight = text === 'default' ? undefined : Number(text);
  if (weight !== undefined && !(weight > 0 && weight <= MAX_WEIGHT)) {
    return refuse(`a weight is above 0 and up to ${MAX_WEIGHT}, or "default"; got "${text}"`);
  }
  return { ok: true, action: { verb: 'weight', service, upstream, weight } };
}

function parseScale([text, extra]: readonly string[]): CtlArguments {
  const workers = parseWorkers(text ?? '');
  if (workers === undefined || extra !== undefined) {
    return refuse('ctl scale takes how many workers there are to be, such as: scale 4');
  }
  return { ok: true, action: { verb: 'scale', workers } };
}

function parsePurge([extra]: readonly string[], options: PurgeOptions): CtlArguments {
  if (extra !== undefined) return refuse(`ctl purge takes options only, got "${extra}"`);
  const parsed = parsePurgeOptions(options);
  return parsed.ok ? { ok: true, action: { verb: 'purge', order: parsed.order } } : parsed;
}

/** How many workers somebody has asked for; undefined when there cannot be so many. */
export function parseWorkers(text: string): number | undefined {
  return /^[1-9]\d{0,3}$/.test(text) && Number(text) <= MAX_WORKERS ? Number(text) : undefined;
}

function refuse(problem: string): CtlArguments {
  return { ok: false, problem };
}
