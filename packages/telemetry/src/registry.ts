/** The metrics of one process: registered once by name, read or rendered for a scrape. */
import { type Counter, type CounterOptions, createCounter } from './counter.ts';
import { isLabelName, isMetricName, renderFamilies } from './exposition.ts';
import type { MetricOptions, ReadableFamily } from './family.ts';
import { createGauge, type Gauge, type GaugeOptions } from './gauge.ts';
import { createHistogram, type Histogram, type HistogramOptions } from './histogram.ts';
import type { MetricFamily } from './metric-family.ts';

/** Registers metrics and reads them. Each `Error` below names the metric and what to change. */
export interface Registry {
  /** Throws when the name or a label name is not allowed, or when the name is taken. */
  counter(options: CounterOptions): Counter;
  /** Throws like `counter`, and when it merges by `each` but has a label `worker` of its own. */
  gauge(options: GaugeOptions): Gauge;
  /** Throws like `counter`, and when the buckets do not ascend. */
  histogram(options: HistogramOptions): Histogram;
  /** Everything as it is now, in the order of registration, as data for another process. */
  read(): readonly MetricFamily[];
  /** What `read` returns, as text of type `metricsContentType`. */
  render(): string;
}

interface Entry {
  readonly family: ReadableFamily<unknown>;
  readonly collect: (() => void) | undefined;
}

/** An empty registry. */
export function createRegistry(): Registry {
  const entries: Entry[] = [];
  const takenNames = new Set<string>();

  const claim = ({ name, labelNames = [] }: MetricOptions, suffixes: readonly string[]) => {
    assertNames(name, labelNames);
    const names = suffixes.map((suffix) => name + suffix);
    const taken = names.find((one) => takenNames.has(one));
    if (taken) {
      throw new Error(`metric ${name} would be rendered as ${taken}, which is taken; rename it`);
    }
    for (const one of names) takenNames.add(one);
  };

  const read = (): MetricFamily[] =>
    entries.map(({ family, collect }) => {
      collect?.();
      return family.read();
    });

  return {
    counter(options) {
      const counter = createCounter(options);
      claim(options, ['']);
      entries.push({ family: counter, collect: options.collect?.bind(undefined, counter) });
      return counter;
    },
    gauge(options) {
      const gauge = createGauge(options);
      claim(options, ['']);
      entries.push({ family: gauge, collect: options.collect?.bind(undefined, gauge) });
      return gauge;
    },
    histogram(options) {
      if (options.labelNames?.includes('le')) {
        throw new Error(`histogram ${options.name} cannot have a label "le"; its buckets use it`);
      }
      const histogram = createHistogram(options);
      claim(options, ['', '_bucket', '_sum', '_count']);
      entries.push({ family: histogram, collect: undefined });
      return histogram;
    },
    read,
    render: () => renderFamilies(read()),
  };
}

function assertNames(name: string, labelNames: readonly string[]): void {
  if (!isMetricName(name)) {
    throw new Error(`"${name}" cannot name a metric; use letters, digits, "_" and ":"`);
  }
  for (const labelName of labelNames) {
    if (!isLabelName(labelName)) {
      throw new Error(
        `"${labelName}" cannot name a label of metric ${name}; ` +
          'use letters, digits and "_", not starting with a digit or "__"',
      );
    }
  }
  if (new Set(labelNames).size < labelNames.length) {
    throw new Error(`metric ${name} names a label twice: ${labelNames.join(', ')}`);
  }
}
