/** What a run is reported as: the JSON file, and what page, report and comparison are made of. */
import type { FailureKind } from './failure.ts';

/** The shape of the file; raised when a reader of older files would misread newer ones. */
export const RESULT_VERSION = 1;

/** Of one set of latencies, in milliseconds; all 0 when there are none. */
export interface Summary {
  readonly count: number;
  readonly minMs: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly p9999Ms: number;
  readonly maxMs: number;
  /** The whole distribution: `writeCounts` of a histogram in microseconds. */
  readonly histogram: string;
}

/**
 * - `connect`: from the start of a connection until it can carry a request;
 * - `firstByte`: from the actual send to the first byte of the answer;
 * - `service`: from the actual send to the end of the answer;
 * - `total`: from the intended send to the end of the answer, or to the failure.
 */
export type Phase = 'connect' | 'firstByte' | 'service' | 'total';

export interface StatusResult {
  /** `200`, or the kind of failure. */
  readonly status: string;
  readonly isFailure: boolean;
  readonly count: number;
  readonly phases: Readonly<Partial<Record<Phase, Summary>>>;
}

/** One flow, or one step of a flow (`flow › step`). */
export interface SeriesResult {
  readonly name: string;
  readonly completed: number;
  readonly failed: number;
  /** Arrivals of this flow that never became a request; 0 for steps. */
  readonly dropped: number;
  /**
   * The headline: from the intended send; whatever failed or was dropped counts as the time limit
   * of the request, so that giving up early never looks fast.
   */
  readonly latency: Summary;
  readonly statuses: readonly StatusResult[];
}

export interface Percentiles {
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** How the generator itself fares: what it can still be trusted with. */
export interface GeneratorHealth {
  /** Cores in use, all workers together. */
  readonly cpuCores: number;
  /** Of the busiest worker: share of time its event loop was not waiting, 0 to 1. */
  readonly loopUtilization: number;
  /** Of the worst worker: the longest time its event loop was held up. */
  readonly loopDelayMs: number;
  /** 99th percentile of how much later than intended requests were sent; open model only. */
  readonly sendDelayP99Ms: number;
  /** Latencies of this second are, in part, the generator's own. */
  readonly isSaturated: boolean;
}

/** One second of a run; what ended belongs to the second in which it ended. */
export interface Slice {
  readonly startMs: number;
  readonly durationMs: number;
  /** Arrivals per second that the load profile asks for; null for users and held connections. */
  readonly askedPerS: number | null;
  /** Arrivals that were due. */
  readonly arrivals: number;
  /** Flows begun. */
  readonly started: number;
  /** Flows that ended, failed ones included. */
  readonly completed: number;
  /** Requests that ended, steps included; the same as `completed` when all flows are plain. */
  readonly requests: number;
  readonly failed: number;
  /** Sent more than 10 ms after they were due. */
  readonly late: number;
  /** Never sent, since as many as allowed were in flight. */
  readonly dropped: number;
  readonly failures: Readonly<Partial<Record<FailureKind, number>>>;
  /** At the end of the second. */
  readonly inFlight: number;
  /** Open connections at the end of the second. */
  readonly connections: number;
  /** Users at work at the end of the second; null in the open model. */
  readonly users: number | null;
  /** Null when nothing ended in this second. */
  readonly latency: Percentiles | null;
  readonly service: Percentiles | null;
  /** The headline distribution of this second, as `Summary.histogram`. */
  readonly histogram: string;
  /** By name of flow. */
  readonly flows: Readonly<Record<string, FlowSlice>>;
  readonly generator: GeneratorHealth;
  /** Of the system under test: name and labels → value; counters as increase per second. */
  readonly metrics: Readonly<Record<string, number>>;
}

export interface FlowSlice {
  readonly completed: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface ThresholdResult {
  /** As it was written: `p99 < 200ms`. */
  readonly text: string;
  /** What was measured, in the unit of the threshold: `183.2ms`. */
  readonly measured: string;
  readonly isMet: boolean;
}

export interface RunResult {
  readonly version: typeof RESULT_VERSION;
  /** The scenario's file, or the URL. */
  readonly name: string;
  /** One line: `open model, 2000/s (poisson), 30s, 1 worker`. */
  readonly load: string;
  readonly target: string;
  readonly seed: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly machine: string;
  /** How the run ended. */
  readonly end: 'complete' | 'stopped' | 'failed';
  /** Why, when it failed. */
  readonly problem: string | null;
  readonly totals: Totals;
  readonly series: readonly SeriesResult[];
  readonly slices: readonly Slice[];
  readonly thresholds: readonly ThresholdResult[];
  /** Changes made while it ran: `12.4 s: rate × 2`. */
  readonly interventions: readonly string[];
}

/** Of all flows; steps are not counted again. */
export interface Totals {
  readonly arrivals: number;
  readonly started: number;
  readonly completed: number;
  readonly requests: number;
  readonly failed: number;
  readonly late: number;
  readonly dropped: number;
  readonly failures: Readonly<Partial<Record<FailureKind, number>>>;
  readonly receivedBytes: number;
  /** Completed without failure, per second of the run. */
  readonly goodPerS: number;
  /** As `SeriesResult.latency`, of all flows together. */
  readonly latency: Summary;
  readonly service: Summary;
  /** How much later than intended requests were sent. */
  readonly sendDelay: Summary;
  readonly generator: GeneratorHealth;
  /** Seconds in which the generator was saturated. */
  readonly saturatedSlices: number;
}
