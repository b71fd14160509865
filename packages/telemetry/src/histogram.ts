/** Histograms: how many observations fell below each of a few fixed bounds. */
import { renderNumber, renderSample } from './exposition.ts';
import {
  createFamily,
  type Family,
  type MetricOptions,
  type Renderable,
  type RenderableFamily,
} from './family.ts';

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

/** A histogram family the registry can render. Throws a RangeError when the bounds do not ascend. */
export function createHistogram(options: HistogramOptions): RenderableFamily<HistogramSeries> {
  assertBounds(options.name, options.buckets);
  const bounds = Float64Array.from(options.buckets);
  const renderedBounds = [...bounds, Number.POSITIVE_INFINITY].map(renderNumber);

  return createFamily<HistogramSeries & Renderable>('histogram', options, () => {
    // Each observation is in one cell; they are added up when rendered. The last is +Inf.
    const counts = new Float64Array(bounds.length + 1);
    let sum = 0;
    return {
      observe(value) {
        if (Number.isNaN(value)) {
          throw new RangeError(`histogram ${options.name} cannot observe NaN`);
        }
        let i = 0;
        while (i < bounds.length && value > (bounds[i] as number)) i++;
        counts[i] = (counts[i] as number) + 1;
        sum += value;
      },
      render(name, labels) {
        const prefix = labels && `${labels},`;
        let text = '';
        let count = 0;
        for (const [i, bound] of renderedBounds.entries()) {
          count += counts[i] as number;
          text += renderSample(`${name}_bucket`, `${prefix}le="${bound}"`, count);
        }
        text += renderSample(`${name}_sum`, labels, sum);
        return text + renderSample(`${name}_count`, labels, count);
      },
    };
  });
}

function assertBounds(name: string, bounds: readonly number[]): void {
  const isAscending = bounds.every((bound, i) => i === 0 || bound > (bounds[i - 1] as number));
  if (bounds.length === 0 || !bounds.every(Number.isFinite) || !isAscending) {
    throw new RangeError(`histogram ${name} needs finite, ascending buckets; got [${bounds}]`);
  }
}
