/** One request's own record, from its first byte to its log line; all of its state is here. */
import type { TraceContext } from '@headgate/telemetry';
import type { Failure } from './errors.ts';
import type { Client } from './forwarded.ts';
import type { Route } from './router.ts';
import type { ServiceRuntime, Snapshot } from './snapshot.ts';

/** The nine stages, in order; docs, metrics and the access log use the same names. */
export const stages = [
  'begin',
  'route',
  'guard',
  'cache',
  'admit',
  'acquire',
  'exchange',
  'settle',
  'finish',
] as const;

export type Stage = (typeof stages)[number];

export interface RequestRecord {
  readonly id: string;
  readonly trace: TraceContext;
  /** The configuration this request lives under, from start to end. */
  readonly snapshot: Snapshot;
  readonly client: Client;
  readonly peer: string;
  readonly method: string;
  /** The target's authority, otherwise the Host field, otherwise the address it came in on. */
  readonly host: string;
  /** Normalised; as it came when it could not be. */
  readonly path: string;
  readonly query: string;
  /** Why the target is no good; undefined when it is. */
  readonly targetProblem: string | undefined;
  readonly headers: readonly string[];
  readonly startedMs: number;
  readonly stopwatch: Stopwatch;
  /** The last stage that decided about the request. */
  endedAt: Stage;
  route: Route | undefined;
  /** Methods the path would take, when it was refused for its method. */
  allowed?: readonly string[];
  service: ServiceRuntime | undefined;
  /** Key of the upstream that was asked last. */
  upstream: string | undefined;
  attempts: number;
  status: number;
  failure: Failure | undefined;
  /** What was thrown, when the edge itself failed. */
  error: unknown;
}

/** Follows a request through the stages and adds up what each of them took. */
export interface Stopwatch {
  readonly stage: Stage;
  enter(stage: Stage): void;
  /** Milliseconds spent in each stage so far. */
  totals(): Record<Stage, number>;
}

/** `now` is a monotonic clock in milliseconds. */
export function startStopwatch(now: () => number): Stopwatch {
  const spentMs = new Float64Array(stages.length);
  let current = 0;
  let sinceMs = now();
  const add = () => {
    const nowMs = now();
    spentMs[current] = (spentMs[current] ?? 0) + nowMs - sinceMs;
    sinceMs = nowMs;
  };
  return {
    get stage() {
      return stages[current] as Stage;
    },
    enter(stage) {
      add();
      current = stages.indexOf(stage);
    },
    totals() {
      add();
      return Object.fromEntries(
        stages.map((stage, i) => [stage, Math.round((spentMs[i] ?? 0) * 1000) / 1000]),
      ) as Record<Stage, number>;
    },
  };
}
