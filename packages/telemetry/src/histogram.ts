/** Histograms: how many observations fell below each of a few fixed bounds. */
import { createFamily, type Family, type MetricOptions, type ReadableFamily } from './family.ts';

/** A histogram family; `labels()` is the series of one without labels. */
export type Histogram = Family<HistogramSeries>;

/** Observations of one thing. */
export interface HistogramSeries {
  /** Counts one observation; allocates nothing. Throws a RangeError when it is not a number. */
  observe(value: number): void;
}

/** What a histogram is registered with. */
export interface HistogramOptions extends MetricOptions {
  /** Upper bounds, inclusive and ascending; `+Inf` is added by itself. */
  readonly buckets: readonly number[];
}

/** Bounds for request durations in seconds: 1 ms to a minute, about two steps per doubling. */
export const latencyBucketsSeconds: readonly number[] = [
  0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.04, 0.06, 0.1, 0.15, 0.25, 0.4, 0.6, 1, 1.5,
  2.5, 5, 10, 20, 30, 60,
];

/** A histogram family the registry can read. Throws a RangeError when the bounds do not ascend. */
export function createHistogram(options: HistogramOptions): ReadableFamily<HistogramSeries> {
  const { name, buckets } = options;
  assertBounds(name, buckets);
  const bounds = [...buckets];

  return createFamily(
    options,
    () => {
      // Each observation is in one cell; they are added up when rendered. The last is +Inf.
      const counts = new Float64Array(bounds.length + 1);
      let sum = 0;
      return {
        observe(value: number) {
          if (Number.isNaN(value)) throw new RangeError(`histogram ${name} cannot observe NaN`);
          let i = 0;
          while (i < bounds.length && value > (bounds[i] as number)) i++;
          counts[i] = (counts[i] as number) + 1;
          sum += value;
        },
        read: (labels: readonly string[]) => ({ labels, counts: [...counts], sum }),
      };
    },
    (family) => ({ type: 'histogram', bounds, ...family }),
  );
}

function assertBounds(name: string, bounds: readonly number[]): void {
  const isAscending = bounds.every((bound, i) => i === 0 || bound > (bounds[i - 1] as number));
  if (bounds.length === 0 || !bounds.every(Number.isFinite) || !isAscending) {
    throw new RangeError(`histogram ${name} needs finite, ascending buckets; got [${bounds}]`);
  }
}
