/** From the runs of a scenario to the figures of its table. */
import { Histogram, readCounts } from '@headgate/load';
import type { FaultRun } from './fault-run.ts';
import type { FaultScenario, Timeline } from './fault-scenarios.ts';
import { spread } from './summary.ts';

export interface FaultFigures {
  readonly contestant: string;
  readonly validRuns: number;
  readonly runs: number;
  /** The first reason a run did not count. */
  readonly invalid: string | undefined;
  /** From the intended send, failures as the deadline; of the merged histograms of all rounds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** The same while the fault lasts. */
  readonly faultP99Ms: number;
  readonly faultP999Ms: number;
  /** While the fault lasts, of good answers only: failures are all at or beyond the deadline. */
  readonly servedP99Ms: number;
  /** How long it took to answer 503, of all rounds; NaN when it did not. */
  readonly refusalP50Ms: number;
  readonly refusalP99Ms: number;
  /** Arrivals that failed after the warm-up, in all rounds, and their share. */
  readonly errors: number;
  readonly errorShare: number;
  /** Good answers per second. */
  readonly goodputDuring: number;
  readonly goodputAfter: number;
  /** Median of the rounds; Infinity when one half never recovers, NaN when the fault has no end. */
  readonly recoveryS: number;
  /** Requests that reached origins, per request of a client that did. */
  readonly attemptsPerRequest: number;
  /** What the faulty origins received during the fault, over their fair share; NaN without any. */
  readonly faultyShare: number;
  /** Standard deviation of what origins received during the fault, over the mean. */
  readonly shareDeviation: number;
  readonly cutShort: number;
  /** Over the bound; NaN without one. */
  readonly p99Ratio: number;
  readonly p999Ratio: number;
  readonly proxyCores: number;
  /** Greatest share of the proxies' core that anything else took. */
  readonly othersShare: number;
  readonly originLatenessP99Ms: number;
}

/** A service has recovered when no more fail than this, beside the noise. */
const RECOVERED_FAILURES = 0.01;
/** And when origins that were faulty get this part of their fair share. */
const RECOVERED_SHARE = 0.9;

/** Figures of one contestant; NaN where no run counts. */
export function figuresOf(
  scenario: FaultScenario,
  timeline: Timeline,
  all: readonly FaultRun[],
): FaultFigures {
  const { warmUpS, faultFromS, faultToS, lengthS } = timeline;
  const runs = all.filter((run) => run.invalid === undefined);
  const during = { fromS: faultFromS, toS: faultToS };
  const measured = { fromS: warmUpS, toS: Number.POSITIVE_INFINITY };
  const whole = latencies(runs, measured);
  const inFault = latencies(runs, during);
  const count = (key: 'good' | 'failed', window: Seconds) =>
    sum(runs.flatMap((run) => within(run.seconds, window).map((second) => second[key])));
  const errors = count('failed', measured);
  const refusals = new Histogram();
  for (const run of runs) refusals.add(readCounts(run.refusals));
  const received = perOrigin(runs, during);
  const faultyReceived = sum(received.slice(0, scenario.faulty));
  const goodShare = count('good', during) / (count('good', during) + count('failed', during));
  const p99Ms = whole.quantileUs(0.99) / 1_000;
  const p999Ms = whole.quantileUs(0.999) / 1_000;
  return {
    contestant: all[0]?.contestant ?? '',
    validRuns: runs.length,
    runs: all.length,
    invalid: all.find((run) => run.invalid !== undefined)?.invalid,
    p50Ms: whole.quantileUs(0.5) / 1_000,
    p99Ms,
    p999Ms,
    faultP99Ms: inFault.quantileUs(0.99) / 1_000,
    faultP999Ms: inFault.quantileUs(0.999) / 1_000,
    servedP99Ms: inFault.quantileUs(0.99 * goodShare) / 1_000,
    refusalP50Ms: refusals.quantileUs(0.5) / 1_000,
    refusalP99Ms: refusals.quantileUs(0.99) / 1_000,
    errors,
    errorShare: errors / (errors + count('good', measured)),
    goodputDuring: count('good', during) / (faultToS - faultFromS) / runs.length,
    goodputAfter:
      count('good', { fromS: faultToS, toS: lengthS }) / (lengthS - faultToS) / runs.length,
    recoveryS: spread(runs.map((run) => recoveryS(scenario, timeline, run))).median,
    attemptsPerRequest:
      sum(perOrigin(runs, EVER)) / sum(runs.map((run) => run.origins.clientRequests)),
    faultyShare: faultyReceived / sum(received) / (scenario.faulty / scenario.origins),
    shareDeviation: deviation(received),
    cutShort: sum(runs.flatMap((run) => run.origins.origins.map((origin) => origin.cutShort))),
    p99Ratio: p99Ms / (scenario.oracle?.p99Ms ?? Number.NaN),
    p999Ratio: p999Ms / (scenario.oracle?.p999Ms ?? Number.NaN),
    proxyCores: spread(runs.map((run) => run.proxyCores)).median,
    othersShare: Math.max(...runs.map((run) => run.othersShare)),
    originLatenessP99Ms: Math.max(...runs.map((run) => run.origins.lateness.p99Ms)),
  };
}

/** Seconds from the end of the fault until a second in which all is well again. */
export function recoveryS(
  { faulty, origins, noise }: FaultScenario,
  { faultToS, lengthS }: Timeline,
  run: FaultRun,
): number {
  if (faultToS === lengthS) return Number.NaN;
  for (let second = faultToS; second < lengthS; second++) {
    const { good = 0, failed = 0 } = run.seconds[second] ?? {};
    const received = run.origins.origins.map(({ perSecond }) => perSecond[second] ?? 0);
    const share = sum(received.slice(0, faulty)) / sum(received);
    const hasShare = faulty === 0 || share >= (RECOVERED_SHARE * faulty) / origins;
    const isGood = good > 0 && failed / (good + failed) <= noise + RECOVERED_FAILURES;
    if (isGood && hasShare) return second - faultToS;
  }
  return Number.POSITIVE_INFINITY;
}

const EVER: Seconds = { fromS: 0, toS: Number.POSITIVE_INFINITY };

interface Seconds {
  readonly fromS: number;
  readonly toS: number;
}

function within<T>(seconds: readonly T[], { fromS, toS }: Seconds): readonly T[] {
  return seconds.slice(fromS, Math.min(toS, seconds.length));
}

function latencies(runs: readonly FaultRun[], window: Seconds): Histogram {
  const all = new Histogram();
  for (const run of runs) {
    for (const { histogram } of within(run.seconds, window)) all.add(readCounts(histogram));
  }
  return all;
}

/** Requests each origin received, in all runs. */
function perOrigin(runs: readonly FaultRun[], window: Seconds): number[] {
  const received: number[] = [];
  for (const { origins } of runs) {
    for (const [index, { perSecond }] of origins.origins.entries()) {
      received[index] = (received[index] ?? 0) + sum(within(perSecond, window));
    }
  }
  return received;
}

function deviation(values: readonly number[]): number {
  const mean = sum(values) / values.length;
  return Math.sqrt(sum(values.map((value) => (value - mean) ** 2)) / values.length) / mean;
}

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0);
}
