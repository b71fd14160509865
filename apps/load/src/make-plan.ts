/** Makes the plan of a run from a scenario or a URL, and the command line. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseDuration } from '@headgate/config';
import type { RunArguments } from './command-line.ts';
import type { Model, Plan } from './plan.ts';
import { constant, type LineProfile, type LoadProfile, ramp } from './profile.ts';
import type { PlainRequest, Scenario } from './scenario.ts';
import { readTrace } from './trace-file.ts';

const DEFAULT_DURATION_MS = 30_000;
const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_IN_FLIGHT = 20_000;
/** What one worker does without trouble; it could do twice as much. */
const RATE_PER_WORKER = 15_000;
const SCRIPTED_RATE_PER_WORKER = 1_500;
/** Below the limit of open files that machines have. */
const HELD_PER_WORKER = 15_000;
/** Below the number of local ports of one address. */
const HELD_PER_ADDRESS = 20_000;

interface Load {
  readonly model: Model;
  readonly text: string;
  readonly durationMs: number | undefined;
}

/** Throws a TypeError for what does not go together; the scenario itself has been checked. */
export function makePlan(args: RunArguments, scenario: Scenario | undefined): Plan {
  const url = scenario ? undefined : parseTarget(args.subject);
  const target = parseTarget(args.target ?? scenario?.target ?? args.subject);
  const load = chooseLoad(args, scenario);
  const durationMs =
    args.durationMs ?? load.durationMs ?? durationOf(scenario?.duration) ?? DEFAULT_DURATION_MS;
  if (durationMs < 1) throw new TypeError('--for: a run takes 1ms at least');
  checkTransport(args, scenario);
  const workers = args.workers ?? workersFor(load.model, isScripted(args, scenario));
  return {
    name: args.subject,
    target: `${target.protocol.replace('ws', 'http')}//${target.host}`,
    source: url ? sourceOf(url, args) : { kind: 'scenario', file: resolve(args.subject) },
    model: load.model,
    loadText: load.text,
    durationMs,
    seed: args.seed ?? 1,
    timeoutMs: args.timeoutMs ?? durationOf(scenario?.timeout) ?? DEFAULT_TIMEOUT_MS,
    maxInFlight: args.maxInFlight ?? scenario?.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT,
    workers,
    headers: { ...scenario?.headers, ...args.headers },
    transport: {
      http2: args.http2,
      isChurning: args.isChurning,
      slowBytesPerS: args.slowBytesPerS,
      sourceAddresses: sourceAddresses(args, load.model, target),
    },
    ownedHosts: args.ownedHosts,
  };
}

function parseTarget(text: string): URL {
  const url = URL.parse(text);
  if (!url || !/^(https?|wss?):$/.test(url.protocol)) {
    throw new TypeError(
      `"${text}" is neither a scenario file (.ts, .js, .mjs) nor a URL of HTTP or WebSocket`,
    );
  }
  return url;
}

function sourceOf(url: URL, args: RunArguments): Plan['source'] {
  const path = `${url.pathname}${url.search}`;
  const isWebSocket = url.protocol.startsWith('ws');
  if (isWebSocket || args.events) {
    return { kind: 'stream', protocol: isWebSocket ? 'websocket' : 'events', path };
  }
  const body = args.body?.startsWith('@') ? readFileSync(args.body.slice(1), 'utf8') : args.body;
  const request: PlainRequest = {
    path,
    method: args.method ?? (body === undefined ? 'GET' : 'POST'),
    ...(body !== undefined && { body }),
  };
  return { kind: 'request', request };
}

function chooseLoad(args: RunArguments, scenario: Scenario | undefined): Load {
  const { rate, users, hold, trace } = args;
  const spacing = args.spacing ?? scenario?.spacing ?? 'poisson';
  if (hold !== undefined) {
    const model = { kind: 'hold', count: hold, isIdle: args.isIdle } as const;
    return { model, text: '', durationMs: undefined };
  }
  if (trace !== undefined) return traceLoad(trace, 1);
  if (rate) return openLoad(between(rate, args.durationMs), spacing);
  if (users) return usersLoad(between(users, args.durationMs), args, scenario);
  if (scenario?.arrivals) return openLoad(scenario.arrivals, spacing);
  if (scenario?.users !== undefined) {
    const profile = typeof scenario.users === 'number' ? constant(scenario.users) : scenario.users;
    return usersLoad(profile, args, scenario);
  }
  throw new TypeError(
    'how much load? add --rate 1000 (open model), --users 10 (closed) or --hold 1000',
  );
}

function between(
  [from, to]: readonly [number, number],
  durationMs = DEFAULT_DURATION_MS,
): LineProfile {
  return from === to ? constant(from) : ramp({ from, to, over: `${durationMs}ms` });
}

function openLoad(profile: LoadProfile, spacing: 'poisson' | 'even'): Load {
  if (profile.kind === 'trace') return traceLoad(profile.file, profile.speed);
  const { knots, durationMs, text } = profile;
  return { model: { kind: 'open', knots, spacing }, text, durationMs };
}

function traceLoad(file: string, speed: number): Load {
  const timesMs = readTrace(readFileSync(file, 'utf8'), speed);
  const durationMs = (timesMs.at(-1) ?? 0) + 1;
  return { model: { kind: 'trace', timesMs }, text: `trace ${file}`, durationMs };
}

function usersLoad(
  profile: LoadProfile,
  { thinkMs }: RunArguments,
  scenario: Scenario | undefined,
): Load {
  if (profile.kind === 'trace') throw new TypeError('a trace gives arrivals, not users');
  const { knots, durationMs, text } = profile;
  const think =
    thinkMs === undefined ? thinkTimeOf(scenario?.thinkTime) : ([thinkMs, thinkMs] as const);
  return { model: { kind: 'users', knots, thinkMs: think }, text, durationMs };
}

function thinkTimeOf(think: Scenario['thinkTime']): readonly [number, number] {
  if (think === undefined) return [0, 0];
  const [from, to] = typeof think === 'string' ? [think, think] : think;
  return [durationOf(from) ?? 0, durationOf(to) ?? 0];
}

function durationOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}

/** Any flow that raw sockets cannot send. */
function isScripted(args: RunArguments, scenario: Scenario | undefined): boolean {
  if (scenario) return Object.values(scenario.flows).some((flow) => 'run' in flow);
  return args.events || args.http2 || !args.subject.startsWith('http:');
}

function checkTransport(args: RunArguments, scenario: Scenario | undefined): void {
  const options = {
    '--new-connections': args.isChurning,
    '--slow': args.slowBytesPerS !== undefined,
    '--from': args.sourceAddresses.length > 0,
    '--idle': args.isIdle,
  };
  const option = Object.entries(options).find(([, isGiven]) => isGiven)?.[0];
  if (option === undefined || !isScripted(args, scenario)) return;
  throw new TypeError(
    `${option} is for plain requests over http://, not for streams and flows with \`run\``,
  );
}

function workersFor(model: Model, hasScripts: boolean): number {
  switch (model.kind) {
    case 'hold':
      return Math.ceil(model.count / HELD_PER_WORKER);
    case 'open': {
      const peak = Math.max(...model.knots.map((knot) => knot.level));
      const perWorker = hasScripts ? SCRIPTED_RATE_PER_WORKER : RATE_PER_WORKER;
      return Math.min(availableParallelism(), Math.max(1, Math.ceil(peak / perWorker)));
    }
    default:
      return 1;
  }
}

/** One address has ports for so many connections; beyond, this machine has more addresses. */
function sourceAddresses(args: RunArguments, model: Model, target: URL): readonly string[] {
  const isLoopback = /^(127\.|localhost$)/.test(target.hostname);
  if (args.sourceAddresses.length > 0 || model.kind !== 'hold' || !isLoopback)
    return args.sourceAddresses;
  const wanted = Math.ceil(model.count / HELD_PER_ADDRESS);
  if (wanted === 1) return [];
  return Array.from({ length: wanted }, (_, i) => `127.0.0.${2 + i}`);
}
