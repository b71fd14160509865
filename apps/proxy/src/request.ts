/** One request's own record, from its first byte to its log line; all of its state is here. */
import type { Fields } from '@headgate/http1';
import {
  childTrace,
  newTrace,
  parseTraceparent,
  type RandomHex,
  type TraceContext,
} from '@headgate/telemetry';
import type { CacheResult } from './edge-cache/guest.ts';
import type { Failure } from './errors.ts';
import type { Client } from './forwarded.ts';
import { fieldValue } from './headers.ts';
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
  /** Made when it is first asked for: see {@link traceOf}. */
  trace: TraceContext | undefined;
  readonly randomHex: RandomHex;
  /** The configuration this request lives under, from start to end. */
  readonly snapshot: Snapshot;
  readonly client: Client;
  readonly method: string;
  /** The target's authority, otherwise the Host field, otherwise the address it came in on. */
  readonly host: string;
  /** Normalised; as it came when it could not be. */
  readonly path: string;
  readonly query: string;
  /** Why the target is no good; undefined when it is. */
  readonly targetProblem: string | undefined;
  readonly fields: Fields;
  readonly startedMs: number;
  /** When its answer must be complete, on the same clock; Infinity when nobody said. */
  deadlineMs: number;
  /** Only where somebody asks what each stage took. */
  readonly stopwatch: Stopwatch | undefined;
  stage: Stage;
  /** The last stage that decided about the request. */
  endedAt: Stage;
  route: Route | undefined;
  /** Methods the path would take, when it was refused for its method. */
  allowed: readonly string[] | undefined;
  service: ServiceRuntime | undefined;
  /** Key of the upstream that was asked last. */
  upstream: string | undefined;
  attempts: number;
  /** What the cache did; undefined where the route has none. */
  cached: CacheResult | undefined;
  status: number;
  failure: Failure | undefined;
  /** What was thrown, when the edge itself failed. */
  error: unknown;
}

/** The trace a request belongs to: its client's, or its own. What ends at the edge may need none. */
export function traceOf(record: RequestRecord): TraceContext {
  if (!record.trace) {
    const parent = parseTraceparent(fieldValue(record.fields, 'traceparent'));
    record.trace = parent ? childTrace(parent, record.randomHex) : newTrace(record.randomHex);
  }
  return record.trace;
}

/** The request goes on to its next stage. */
export function enter(record: RequestRecord, stage: Stage): void {
  record.stage = stage;
  record.stopwatch?.enter(stage);
}

/** Follows a request through the stages and adds up what each of them took. */
export class Stopwatch {
  readonly #now: () => number;
  readonly #spentMs = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  #current = 0;
  #sinceMs: number;

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
    this.#sinceMs = now();
  }

  enter(stage: Stage): void {
    this.#add();
    this.#current = stages.indexOf(stage);
  }

  /** Milliseconds spent in each stage so far, in the order of `stages`. */
  totalsMs(): readonly number[] {
    this.#add();
    return this.#spentMs;
  }

  #add(): void {
    const nowMs = this.#now();
    this.#spentMs[this.#current] = (this.#spentMs[this.#current] as number) + nowMs - this.#sinceMs;
    this.#sinceMs = nowMs;
  }
}
