/** What a threshold is held against, taken from the result of a run. */
import { Histogram, readCounts } from './histogram.ts';
import type { RunResult, SeriesResult, Summary } from './result.ts';

export type Measured =
  /** Microseconds, or good answers per second. */
  | { readonly kind: 'value'; readonly value: number }
  /** So many of so many. */
  | { readonly kind: 'count'; readonly count: number; readonly whole: number }
  | { readonly kind: 'nothing'; readonly reason: string };

export interface Measurable {
  readonly series: string | null;
  readonly isService: boolean;
  readonly metric: string;
}

type Result = Omit<RunResult, 'thresholds'>;

/** Never fails: what is not there is `nothing`, with a reason. */
export function measure({ series, isService, metric }: Measurable, result: Result): Measured {
  const one = series === null ? null : result.series.find(({ name }) => name === series);
  if (one === undefined) return nothing('never reached');
  const { completed, failed } = one ?? result.totals;
  switch (metric) {
    case 'errors':
      return completed === 0 ? nothing('nothing completed') : count(failed, completed);
    case 'dropped':
      return droppedOf(one, result);
    case 'late':
      return ofArrivals(result.totals.late, result);
    case 'saturated':
      return result.slices.length === 0
        ? nothing('nothing measured')
        : count(result.totals.saturatedSlices, result.slices.length);
    case 'requests':
      return count(one === null ? result.totals.requests : completed, 1);
    case 'rate':
      return value(one === null ? result.totals.goodPerS : goodPerS(one, result));
    default:
      if (completed === 0) return nothing('nothing completed');
      return latencyOf(
        metric,
        isService ? serviceOf(one, result) : [(one ?? result.totals).latency],
      );
  }
}

function droppedOf(one: SeriesResult | null, result: Result): Measured {
  if (one === null) return ofArrivals(result.totals.dropped, result);
  const arrivals = one.completed + one.dropped;
  return arrivals === 0 ? nothing('nothing arrived') : count(one.dropped, arrivals);
}

/** In the closed model nothing arrives by itself: there, the whole is what was started. */
function ofArrivals(part: number, { totals }: Result): Measured {
  const whole = Math.max(totals.arrivals, totals.started);
  return whole === 0 ? nothing('nothing arrived') : count(part, whole);
}

function goodPerS(one: SeriesResult, { durationMs }: Result): number {
  return durationMs > 0 ? ((one.completed - one.failed) * 1_000) / durationMs : 0;
}

function serviceOf(one: SeriesResult | null, { totals }: Result): Summary[] {
  if (one === null) return [totals.service];
  return one.statuses.flatMap(({ phases }) => phases.service ?? []);
}

function latencyOf(metric: string, parts: readonly Summary[]): Measured {
  const summaries = parts.filter((summary) => summary.count > 0);
  if (summaries.length === 0) return nothing('nothing completed');
  switch (metric) {
    case 'min':
      return value(Math.min(...summaries.map(({ minMs }) => minMs)) * 1_000);
    case 'max':
      return value(Math.max(...summaries.map(({ maxMs }) => maxMs)) * 1_000);
    case 'mean': {
      const sumMs = summaries.reduce((sum, { count, meanMs }) => sum + count * meanMs, 0);
      return value((sumMs * 1_000) / summaries.reduce((sum, { count }) => sum + count, 0));
    }
    default: {
      const histogram = new Histogram();
      for (const summary of summaries) histogram.add(readCounts(summary.histogram));
      return value(histogram.quantileUs(Number(metric.slice(1)) / 100));
    }
  }
}

function value(value: number): Measured {
  return { kind: 'value', value };
}

function count(count: number, whole: number): Measured {
  return { kind: 'count', count, whole };
}

function nothing(reason: string): Measured {
  return { kind: 'nothing', reason };
}
