/** Counters: numbers that only go up. */
import { renderSample } from './exposition.ts';
import { createFamily, type Family, type MetricOptions, type RenderableFamily } from './family.ts';

/** A counter family; `labels()` is the series of one without labels. */
export type Counter = Family<CounterSeries>;

/** One number that only goes up. */
export interface CounterSeries {
  /** Adds `by`, by default 1. Throws a RangeError when that is negative or not a number. */
  inc(by?: number): void;
}

/** What a counter is registered with. */
export interface CounterOptions extends MetricOptions {
  /** Called before each render, to catch up with a number that is counted elsewhere. */
  readonly collect?: (counter: Counter) => void;
}

/** A counter family the registry can render. */
export function createCounter(options: CounterOptions): RenderableFamily<CounterSeries> {
  return createFamily('counter', options, () => {
    let value = 0;
    return {
      inc(by = 1) {
        if (!(by >= 0)) throw new RangeError(`counter ${options.name} cannot go up by ${by}`);
        value += by;
      },
      render: (name, labels) => renderSample(name, labels, value),
    };
  });
}
