/** Puts the reports of all workers together: each second as a slice, and the run as a whole. */
import type { FailureKind } from './failure.ts';
import { Histogram, writeCounts } from './histogram.ts';
import type { WorkerReport } from './messages.ts';
import type { FlowSlice, GeneratorHealth, SeriesResult, Slice, Totals } from './result.ts';
import { addHeadline, SeriesTotals } from './series-totals.ts';
import { percentiles, quantileMs, summarize } from './summary.ts';

export interface MergeOptions {
  readonly workers: number;
  readonly isOpen: boolean;
  /** What the profile asks for in this second; null when it is no rate. */
  readonly askedPerS: (startMs: number) => number | null;
  /** Of the system under test, now. */
  readonly metrics: () => Readonly<Record<string, number>>;
  readonly onSlice: (slice: Slice) => void;
}

type Sums = Pick<
  Totals,
  | 'arrivals'
  | 'started'
  | 'completed'
  | 'requests'
  | 'failed'
  | 'late'
  | 'dropped'
  | 'receivedBytes'
>;

const NOTHING: Sums = {
  arrivals: 0,
  started: 0,
  completed: 0,
  requests: 0,
  failed: 0,
  late: 0,
  dropped: 0,
  receivedBytes: 0,
};

const SLICE_MS = 1_000;

/** Above this, latencies are in part those of the generator. */
const SATURATED_UTILIZATION = 0.9;
const SATURATED_SEND_DELAY_MS = 10;

export class Merge {
  readonly #options: MergeOptions;
  /** The last second each worker has reported. */
  readonly #reported: number[];
  readonly #pending = new Map<number, WorkerReport[]>();
  #nextIndex = 0;
  readonly #series = new SeriesTotals();
  readonly #headline = new Histogram();
  readonly #service = new Histogram();
  readonly #sendDelay = new Histogram();
  readonly #failures: Partial<Record<FailureKind, number>> = {};
  #sums: Sums = NOTHING;
  readonly #health: GeneratorHealth[] = [];

  constructor(options: MergeOptions) {
    this.#options = options;
    this.#reported = new Array<number>(options.workers).fill(-1);
  }

  /** Takes one report; a second that all workers have reported becomes a slice. */
  add(part: number, report: WorkerReport): void {
    const reports = this.#pending.get(report.index) ?? [];
    reports.push(report);
    this.#pending.set(report.index, reports);
    this.#reported[part] = report.index;
    this.#close(Math.min(...this.#reported));
  }

  /** Makes slices of all that is left. */
  end(): void {
    this.#close(Math.max(...this.#reported));
  }

  /** Of one series for each flow and each step, in the order of their first report. */
  series(): SeriesResult[] {
    return this.#series.results();
  }

  totals(durationMs: number): Totals {
    const { completed, failed } = this.#sums;
    return {
      ...this.#sums,
      failures: this.#failures,
      goodPerS: durationMs > 0 ? ((completed - failed) / durationMs) * 1_000 : 0,
      latency: summarize(this.#headline),
      service: summarize(this.#service),
      sendDelay: summarize(this.#sendDelay),
      generator: worst(this.#health),
      saturatedSlices: this.#health.filter((one) => one.isSaturated).length,
    };
  }

  #close(lastIndex: number): void {
    for (; this.#nextIndex <= lastIndex; this.#nextIndex++) {
      const reports = this.#pending.get(this.#nextIndex);
      this.#pending.delete(this.#nextIndex);
      // A worker whose event loop was held up for longer reports two seconds as one.
      if (reports) this.#options.onSlice(this.#slice(this.#nextIndex, reports));
    }
  }

  #slice(index: number, reports: readonly WorkerReport[]): Slice {
    const startMs = index * SLICE_MS;
    const sum = (pick: (report: WorkerReport) => number) =>
      reports.reduce((total, report) => total + pick(report), 0);
    const headline = new Histogram();
    const service = new Histogram();
    const flows = new Map<string, FlowTally>();
    const failures: Partial<Record<FailureKind, number>> = {};
    const tally = { completed: 0, requests: 0, failed: 0, dropped: 0 };
    for (const series of reports.flatMap((report) => report.series)) {
      this.#series.add(series);
      const ended = series.statuses.reduce((total, { count }) => total + count, 0);
      if (series.kind !== 'scripted') tally.requests += ended;
      if (series.kind === 'step') continue;
      tally.completed += ended;
      tally.dropped += series.dropped;
      const flow = flows.get(series.name) ?? { completed: 0, failed: 0, headline: new Histogram() };
      flows.set(series.name, flow);
      flow.completed += ended;
      addHeadline(flow.headline, series);
      addHeadline(headline, series);
      for (const { status, isFailure, count, service: served } of series.statuses) {
        service.add(served);
        this.#service.add(served);
        if (!isFailure) continue;
        const kind = (/^\d/.test(status) ? 'status' : status) as FailureKind;
        failures[kind] = (failures[kind] ?? 0) + count;
        this.#failures[kind] = (this.#failures[kind] ?? 0) + count;
        tally.failed += count;
        flow.failed += count;
      }
    }
    this.#headline.add(headline.counts());
    const sendDelay = new Histogram();
    for (const report of reports) sendDelay.add(report.sendDelay);
    this.#sendDelay.add(sendDelay.counts());
    const generator = this.#generator(reports, sendDelay);
    const counted = {
      arrivals: sum((report) => report.arrivals),
      started: sum((report) => report.started),
      late: sum((report) => report.late),
      ...tally,
    };
    const receivedBytes = sum((report) => report.receivedBytes);
    this.#sums = addSums(this.#sums, { ...counted, receivedBytes });
    return {
      startMs,
      durationMs: lengthMs(reports),
      askedPerS: this.#options.askedPerS(startMs),
      ...counted,
      failures,
      inFlight: sum((report) => report.inFlight),
      connections: sum((report) => report.connections),
      users: this.#options.isOpen ? null : sum((report) => report.users),
      latency: percentiles(headline),
      service: percentiles(service),
      histogram: writeCounts(headline.counts()),
      flows: Object.fromEntries([...flows].map(([name, flow]) => [name, flowSlice(flow)])),
      generator,
      metrics: this.#options.metrics(),
    };
  }

  #generator(reports: readonly WorkerReport[], sendDelay: Histogram): GeneratorHealth {
    const sendDelayP99Ms = quantileMs(sendDelay, 0.99);
    const loopUtilization = Math.max(0, ...reports.map(({ health }) => health.loopUtilization));
    const health = {
      cpuCores: reports.reduce(
        (sum, { health: { cpuMs, elapsedMs } }) => sum + cpuMs / elapsedMs,
        0,
      ),
      loopUtilization,
      loopDelayMs: Math.max(0, ...reports.map(({ health }) => health.loopDelayMs)),
      sendDelayP99Ms,
      isSaturated:
        lengthMs(reports) >= SLICE_MS / 2 &&
        (loopUtilization > SATURATED_UTILIZATION || sendDelayP99Ms > SATURATED_SEND_DELAY_MS),
    };
    this.#health.push(health);
    return health;
  }
}

/** A second, but for the last one, and those of workers that were held up; in tenths of one. */
function lengthMs(reports: readonly WorkerReport[]): number {
  const elapsedMs = Math.max(...reports.map(({ health }) => health.elapsedMs));
  return Math.max(100, Math.round(elapsedMs / 100) * 100);
}

function addSums(a: Sums, b: Sums): Sums {
  return {
    arrivals: a.arrivals + b.arrivals,
    started: a.started + b.started,
    completed: a.completed + b.completed,
    requests: a.requests + b.requests,
    failed: a.failed + b.failed,
    late: a.late + b.late,
    dropped: a.dropped + b.dropped,
    receivedBytes: a.receivedBytes + b.receivedBytes,
  };
}

interface FlowTally {
  completed: number;
  failed: number;
  readonly headline: Histogram;
}

function flowSlice({ completed, failed, headline }: FlowTally): FlowSlice {
  return { completed, failed, p50Ms: quantileMs(headline, 0.5), p99Ms: quantileMs(headline, 0.99) };
}

/** The mean of what is used, and the worst of what goes wrong. */
function worst(health: readonly GeneratorHealth[]): GeneratorHealth {
  const max = (pick: (one: GeneratorHealth) => number) => Math.max(0, ...health.map(pick));
  const cpuCores = health.reduce((sum, one) => sum + one.cpuCores, 0) / Math.max(1, health.length);
  return {
    cpuCores,
    loopUtilization: max((one) => one.loopUtilization),
    loopDelayMs: max((one) => one.loopDelayMs),
    sendDelayP99Ms: max((one) => one.sendDelayP99Ms),
    isSaturated: health.some((one) => one.isSaturated),
  };
}
