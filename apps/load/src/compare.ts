/** Whether one set of runs is slower, or fails more, than another, beyond what chance explains. */
import { type Interval, percentileInterval, resample } from './bootstrap.ts';
import { comparisonWarnings } from './compare-checks.ts';
import { COMPARED, headlineSide, measureSide, type Side, seriesSide } from './compare-side.ts';
import { createRandom } from './random.ts';
import type { RunResult } from './result.ts';

const RESAMPLES = 1_000;
/** With fewer whole runs on a side, drawing among them says nothing. */
const MIN_RUNS = 3;

export interface CompareOptions {
  /** What is tolerated: 0.05 lets latencies grow, the rate fall, and failures grow, by 5 %. */
  readonly maxRegression: number;
  /** Of the intervals, 0 to 1: 0.95. */
  readonly confidence: number;
  readonly seed: number;
}

export interface ComparisonRow {
  /** A flow, or a step as `flow › step`; null: all flows together. */
  readonly series: string | null;
  readonly metric: (typeof COMPARED)[number];
  /** Milliseconds; of `errors` the share that failed, of `rate` good answers per second. */
  readonly base: number;
  readonly next: number;
  /** Next by base; of `errors`, next less base. */
  readonly change: number;
  /** Of `change`; null where there is too little to draw from. */
  readonly interval: Interval | null;
  /**
   * - `regressed`: certainly worse (the whole interval is), and by more than is tolerated;
   * - `improved`: certainly better, by more than that;
   * - `unclear`: the interval has room for the tolerated regression and more;
   * - `same`: none of these.
   *
   * Null without an interval.
   */
  readonly verdict: 'regressed' | 'improved' | 'same' | 'unclear' | null;
}

export interface Comparison {
  readonly options: CompareOptions;
  readonly baseRuns: number;
  readonly nextRuns: number;
  readonly rows: readonly ComparisonRow[];
  /** What makes the two sides differ in more than what is compared. */
  readonly warnings: readonly string[];
  /** What the intervals do not say. */
  readonly notes: readonly string[];
  /** A row of all flows together regressed. */
  readonly hasRegressed: boolean;
}

/**
 * Compares one or more runs with one or more others of the same load. Seconds are drawn anew in
 * blocks, of runs drawn anew where a side has several, a thousand times; what lies between the
 * outer percentiles is the interval. Throws a TypeError for results that do not compare.
 */
export function compareResults(
  base: readonly RunResult[],
  next: readonly RunResult[],
  options: CompareOptions,
): Comparison {
  const { maxRegression, confidence } = options;
  if (!(maxRegression >= 0 && Number.isFinite(maxRegression))) {
    throw new TypeError(`compare: a tolerated regression from 0 up, not ${maxRegression}`);
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw new TypeError(`compare: a confidence between 0 and 1, not ${confidence}`);
  }
  const warnings = comparisonWarnings(base, next);
  const headline = compareSides(null, headlineSide(base), headlineSide(next), options, true);
  const runs = Math.min(base.length, next.length);
  const rows = sharedSeries(base, next).flatMap((name) => {
    const sides = [seriesSide(base, name), seriesSide(next, name)] as const;
    const hasInterval = sides.every(({ spans }) => spans.length >= MIN_RUNS);
    return compareSides(name, ...sides, options, hasInterval);
  });
  return {
    options,
    baseRuns: base.length,
    nextRuns: next.length,
    rows: [...headline, ...rows],
    warnings,
    notes: notesFor(runs, rows.length > 0),
    hasRegressed: headline.some(({ verdict }) => verdict === 'regressed'),
  };
}

function sharedSeries(base: readonly RunResult[], next: readonly RunResult[]): string[] {
  const nextNames = new Set(next.flatMap(({ series }) => series.map(({ name }) => name)));
  const names = new Set(base.flatMap(({ series }) => series.map(({ name }) => name)));
  return [...names].filter((name) => nextNames.has(name));
}

function compareSides(
  series: string | null,
  base: Side,
  next: Side,
  options: CompareOptions,
  hasInterval: boolean,
): ComparisonRow[] {
  const baseWeights = new Float64Array(base.pieces.length).fill(1);
  const nextWeights = new Float64Array(next.pieces.length).fill(1);
  const baseMeasures = measureSide(base, baseWeights);
  const nextMeasures = measureSide(next, nextWeights);
  const drawn = COMPARED.map(() => new Float64Array(hasInterval ? RESAMPLES : 0));
  // From its beginning for each series, so that one more changes no interval of the others.
  const random = createRandom(options.seed, 0);
  for (let i = 0; hasInterval && i < RESAMPLES; i++) {
    resample(base.spans, baseWeights, random);
    resample(next.spans, nextWeights, random);
    const [ofBase, ofNext] = [measureSide(base, baseWeights), measureSide(next, nextWeights)];
    COMPARED.forEach((metric, m) => {
      (drawn[m] as Float64Array)[i] = changeOf(metric, ofBase[m] as number, ofNext[m] as number);
    });
  }
  return COMPARED.map((metric, m) => {
    const [ofBase, ofNext] = [baseMeasures[m] as number, nextMeasures[m] as number];
    const change = changeOf(metric, ofBase, ofNext);
    const interval = percentileInterval(drawn[m] as Float64Array, options.confidence);
    const row = { series, metric, base: ofBase, next: ofNext, change, interval };
    return { ...row, verdict: verdictOf(row, options.maxRegression) };
  });
}

function changeOf(metric: ComparisonRow['metric'], base: number, next: number): number {
  return metric === 'errors' ? next - base : next / base;
}

function verdictOf(
  { metric, base, change, interval }: Omit<ComparisonRow, 'verdict'>,
  maxRegression: number,
): ComparisonRow['verdict'] {
  if (interval === null || !Number.isFinite(change)) return null;
  if (metric === 'errors') {
    const limit = maxRegression * base;
    return judgeWorsening(change, interval, { none: 0, limit, gain: -limit });
  }
  const limits = { none: 1, limit: 1 + maxRegression, gain: 1 / (1 + maxRegression) };
  if (metric !== 'rate') return judgeWorsening(change, interval, limits);
  // Of the rate, less is worse.
  const inverse = { low: 1 / interval.high, high: 1 / interval.low };
  return judgeWorsening(1 / change, inverse, limits);
}

/** For changes of which more is worse; `none` is no change, `gain` as much better as `limit` is worse. */
function judgeWorsening(
  change: number,
  { low, high }: Interval,
  { none, limit, gain }: { none: number; limit: number; gain: number },
): ComparisonRow['verdict'] {
  if (low > none && change > limit) return 'regressed';
  if (high < none && change < gain) return 'improved';
  if (low <= limit && high >= limit && high - low > limit - none) return 'unclear';
  return 'same';
}

function notesFor(runs: number, hasSeries: boolean): string[] {
  const notes: string[] = [];
  if (runs === 1) {
    notes.push(
      'One run on a side: the intervals know how seconds differ, not how runs do. Give several.',
    );
  } else if (runs < 5) {
    notes.push(
      `${runs} runs on a side: how much runs differ is known from ${runs} only, so the intervals are too narrow. Give five or more.`,
    );
  }
  if (hasSeries) {
    notes.push(
      runs < MIN_RUNS
        ? `Flows and steps are compared as whole runs, without interval or verdict: these take ${MIN_RUNS} runs on each side.`
        : 'Intervals of flows and steps come from whole runs drawn anew; they do not decide the comparison.',
    );
  }
  return notes;
}
