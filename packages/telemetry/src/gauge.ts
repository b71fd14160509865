/** Gauges: numbers that go up and down. */
import { createFamily, type Family, type MetricOptions, type ReadableFamily } from './family.ts';
import { type MergeRule, WORKER_LABEL } from './metric-family.ts';

/** A gauge family; `labels()` is the series of one without labels. */
export type Gauge = Family<GaugeSeries>;

/** One number that goes up and down; 0 until it is set. */
export interface GaugeSeries {
  set(value: number): void;
  /** Adds `by`, by default 1. */
  inc(by?: number): void;
  /** Subtracts `by`, by default 1. */
  dec(by?: number): void;
}

/** What a gauge is registered with. */
export interface GaugeOptions extends MetricOptions {
  /** What becomes of it where several workers have it; default `sum`. */
  readonly merge?: MergeRule;
  /** Called before each read, to read the number where it lives instead of mirroring it. */
  readonly collect?: (gauge: Gauge) => void;
}

/** A gauge family the registry can read. Throws when the merge rule needs one of its labels. */
export function createGauge(options: GaugeOptions): ReadableFamily<GaugeSeries> {
  const { name, labelNames, merge = 'sum' } = options;
  if (merge === 'each' && labelNames?.includes(WORKER_LABEL)) {
    throw new Error(
      `gauge ${name} cannot have a label "${WORKER_LABEL}"; merging by "each" adds it`,
    );
  }
  return createFamily(
    options,
    () => {
      let value = 0;
      return {
        set(next: number) {
          value = next;
        },
        inc(by = 1) {
          value += by;
        },
        dec(by = 1) {
          value -= by;
        },
        read: (labels: readonly string[]) => ({ labels, value }),
      };
    },
    (family) => ({ type: 'gauge', merge, ...family }),
  );
}
