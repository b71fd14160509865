/** Counters: numbers that only go up. */
import { createFamily, type Family, type MetricOptions, type ReadableFamily } from './family.ts';

/** A counter family; `labels()` is the series of one without labels. */
export type Counter = Family<CounterSeries>;

/** One number that only goes up. */
export interface CounterSeries {
  /** Adds `by`, by default 1. Throws a RangeError when that is negative or not a number. */
  inc(by?: number): void;
}

/** What a counter is registered with. */
export interface CounterOptions extends MetricOptions {
  /** Called before each read, to catch up with a number that is counted elsewhere. */
  readonly collect?: (counter: Counter) => void;
}

/** A counter family the registry can read. */
export function createCounter(options: CounterOptions): ReadableFamily<CounterSeries> {
  return createFamily(
    options,
    () => {
      let value = 0;
      return {
        inc(by = 1) {
          if (!(by >= 0)) throw new RangeError(`counter ${options.name} cannot go up by ${by}`);
          value += by;
        },
        read: (labels: readonly string[]) => ({ labels, value }),
      };
    },
    (family) => ({ type: 'counter', ...family }),
  );
}
