/** Distributions in the figures that people read. */
import { type Histogram, lowestUs, writeCounts } from './histogram.ts';
import type { Percentiles, Summary } from './result.ts';

/** All figures of a distribution; zeros when it is empty. */
export function summarize(histogram: Histogram): Summary {
  const counts = histogram.counts();
  const at = (share: number) => quantileMs(histogram, share);
  return {
    count: histogram.total,
    minMs: counts.length === 0 ? 0 : lowestUs(counts[0] as number) / 1_000,
    meanMs: histogram.total === 0 ? 0 : round(histogram.meanUs / 1_000),
    p50Ms: at(0.5),
    p90Ms: at(0.9),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    p9999Ms: at(0.9999),
    maxMs: at(1),
    histogram: writeCounts(counts),
  };
}

/** Null for an empty distribution. */
export function percentiles(histogram: Histogram): Percentiles | null {
  if (histogram.total === 0) return null;
  return {
    p50Ms: quantileMs(histogram, 0.5),
    p90Ms: quantileMs(histogram, 0.9),
    p99Ms: quantileMs(histogram, 0.99),
    p999Ms: quantileMs(histogram, 0.999),
    maxMs: quantileMs(histogram, 1),
  };
}

/** 0 for an empty distribution. */
export function quantileMs(histogram: Histogram, share: number): number {
  return histogram.total === 0 ? 0 : round(histogram.quantileUs(share) / 1_000);
}

/** Microseconds are kept; what is behind them is noise of the arithmetic. */
function round(valueMs: number): number {
  return Math.round(valueMs * 1_000) / 1_000;
}
