import { Histogram, writeCounts } from './histogram.ts';
import { createRandom } from './random.ts';
import {
  type GeneratorHealth,
  RESULT_VERSION,
  type RunResult,
  type SeriesResult,
  type Slice,
  type StatusResult,
} from './result.ts';
import { percentiles, summarize } from './summary.ts';

/** What ended in one second: latencies in milliseconds, and how many of them failed. */
export interface Second {
  readonly latenciesMs: readonly number[];
  readonly failed?: number;
  readonly isSaturated?: boolean;
}

const health: GeneratorHealth = {
  cpuCores: 0.85,
  loopUtilization: 0.61,
  loopDelayMs: 12.3,
  sendDelayP99Ms: 1.2,
  isSaturated: false,
};

function histogramOf(latenciesMs: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const latencyMs of latenciesMs) histogram.record(latencyMs * 1_000);
  return histogram;
}

export function sliceOf(second: Second, index = 0): Slice {
  const { latenciesMs, failed = 0, isSaturated = false } = second;
  const histogram = histogramOf(latenciesMs);
  const count = latenciesMs.length;
  return {
    startMs: index * 1_000,
    durationMs: 1_000,
    askedPerS: count,
    arrivals: count,
    started: count,
    completed: count,
    requests: count,
    failed,
    late: 0,
    dropped: 0,
    failures: failed > 0 ? { timeout: failed } : {},
    inFlight: 12,
    connections: 14,
    users: null,
    latency: percentiles(histogram),
    service: percentiles(histogram),
    histogram: writeCounts(histogram.counts()),
    flows: {},
    generator: { ...health, isSaturated },
    metrics: {},
  };
}

export function seriesOf(
  name: string,
  latenciesMs: readonly number[],
  options: { readonly failed?: number; readonly dropped?: number } = {},
): SeriesResult {
  const { failed = 0, dropped = 0 } = options;
  const latency = summarize(histogramOf(latenciesMs));
  const statuses: StatusResult[] = [
    {
      status: '200',
      isFailure: false,
      count: latenciesMs.length - failed,
      // Half of each latency, so that no test takes one for the other.
      phases: { service: summarize(histogramOf(latenciesMs.map((ms) => ms / 2))), total: latency },
    },
  ];
  if (failed > 0) statuses.push({ status: 'timeout', isFailure: true, count: failed, phases: {} });
  return { name, completed: latenciesMs.length, failed, dropped, latency, statuses };
}

/** A run in the open model of one flow, `items`, unless other series are given. */
export function resultOf(
  seconds: readonly Second[],
  overrides: Partial<RunResult> = {},
): RunResult {
  const slices = seconds.map((second, i) => sliceOf(second, i));
  const latenciesMs = seconds.flatMap((second) => second.latenciesMs);
  const failed = seconds.reduce((sum, second) => sum + (second.failed ?? 0), 0);
  const count = latenciesMs.length;
  const durationMs = seconds.length * 1_000;
  return {
    version: RESULT_VERSION,
    name: 'scenarios/items.ts',
    load: 'open model, 100 per second (poisson), 30s, 1 worker',
    target: 'http://127.0.0.1:8080',
    seed: 1,
    startedAt: '2026-11-21T12:00:00.000Z',
    durationMs,
    machine: '2 cores, Node v26',
    end: 'complete',
    problem: null,
    totals: {
      arrivals: count,
      started: count,
      completed: count,
      requests: count,
      failed,
      late: 0,
      dropped: 0,
      failures: failed > 0 ? { timeout: failed } : {},
      receivedBytes: count * 1_000,
      goodPerS: durationMs > 0 ? ((count - failed) * 1_000) / durationMs : 0,
      latency: summarize(histogramOf(latenciesMs)),
      service: summarize(histogramOf(latenciesMs.map((ms) => ms / 2))),
      sendDelay: summarize(histogramOf(latenciesMs.map(() => 0.1))),
      generator: health,
      saturatedSlices: seconds.filter((second) => second.isSaturated).length,
    },
    series: [seriesOf('items', latenciesMs, { failed })],
    slices,
    thresholds: [],
    interventions: [],
    ...overrides,
  };
}

export interface Simulation {
  readonly seed: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** How much of one second's slowness is still there in the next one, 0 to 1. */
  readonly persistence?: number;
  /** How much seconds differ: standard deviation of the logarithm of their slowness. */
  readonly spread?: number;
  /** Multiplies latencies of the slowest hundredth. */
  readonly tailFactor?: number;
}

/** Lognormal latencies around 10 ms, of seconds that are slow and fast by turns. */
export function simulateSeconds(options: Simulation): Second[] {
  const { persistence = 0, spread = 0, tailFactor = 1 } = options;
  const random = createRandom(options.seed, 7);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  let slowness = spread * normal();
  return Array.from({ length: options.seconds }, () => {
    slowness = persistence * slowness + Math.sqrt(1 - persistence ** 2) * spread * normal();
    const latenciesMs = Array.from({ length: options.perSecond }, () => {
      const deviation = normal();
      // 2.05 deviations: a little before the 99th percentile, so that all of it is in the tail.
      return 10 * Math.exp(slowness + 0.5 * deviation) * (deviation > 2.05 ? tailFactor : 1);
    });
    return { latenciesMs };
  });
}
