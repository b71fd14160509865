/** What the coordinator of a run and its workers say to each other. */
import type { Counts } from './histogram.ts';
import type { Plan } from './plan.ts';
import type { SeriesKind } from './recorder.ts';

export type ToWorker =
  | {
      readonly kind: 'prepare';
      readonly plan: Plan;
      /** What `setup` of the scenario returned. */
      readonly data: unknown;
      readonly part: number;
      readonly parts: number;
    }
  /** Time 0 of the run, in milliseconds of the epoch. */
  | { readonly kind: 'start'; readonly epochMs: number }
  /** From a time of the run on, the load is multiplied by `scale`. */
  | { readonly kind: 'scale'; readonly fromMs: number; readonly scale: number }
  /** Begin nothing any more, and end when all in flight have. */
  | { readonly kind: 'stop' };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'report'; readonly report: WorkerReport }
  /** All is over and reported. */
  | { readonly kind: 'done'; readonly problems: readonly Problem[] }
  /** It cannot do its work. */
  | { readonly kind: 'failed'; readonly message: string };

/** Code of a flow that threw. */
export interface Problem {
  readonly message: string;
  readonly stack: string;
  readonly count: number;
}

/** One second of one worker. */
export interface WorkerReport {
  /** Number of the second, from 0. */
  readonly index: number;
  readonly arrivals: number;
  readonly started: number;
  readonly late: number;
  readonly receivedBytes: number;
  readonly inFlight: number;
  readonly connections: number;
  readonly users: number;
  readonly sendDelay: Counts;
  readonly series: readonly SeriesReport[];
  readonly health: WorkerHealth;
}

export interface WorkerHealth {
  readonly cpuMs: number;
  readonly elapsedMs: number;
  readonly loopUtilization: number;
  readonly loopDelayMs: number;
}

export interface SeriesReport {
  readonly name: string;
  readonly kind: SeriesKind;
  readonly dropped: number;
  readonly connect: Counts;
  readonly penalty: Counts;
  readonly statuses: readonly StatusReport[];
}

export interface StatusReport {
  readonly status: string;
  readonly isFailure: boolean;
  readonly count: number;
  readonly firstByte: Counts;
  readonly service: Counts;
  readonly total: Counts;
}
