/** The metrics of one process: registered once by name, rendered for a scrape. */
import { type Counter, type CounterOptions, createCounter } from './counter.ts';
import { isLabelName, isMetricName, renderHeader } from './exposition.ts';
import type { MetricOptions, RenderableFamily } from './family.ts';
import { createGauge, type Gauge, type GaugeOptions } from './gauge.ts';
import { createHistogram, type Histogram, type HistogramOptions } from './histogram.ts';

/** Registers metrics and renders them. Each `Error` below names the metric and what to change. */
export interface Registry {
  /** Throws when the name or a label name is not allowed, or when the name is taken. */
  counter(options: CounterOptions): Counter;
  /** Throws like `counter`. */
  gauge(options: GaugeOptions): Gauge;
  /** Throws like `counter`, and when the buckets do not ascend. */
  histogram(options: HistogramOptions): Histogram;
  /** Everything, in the order of registration, as text of type `metricsContentType`. */
  render(): string;
}

interface Entry {
  readonly family: RenderableFamily<unknown>;
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
    render() {
      let text = '';
      for (const { family, collect } of entries) {
        collect?.();
        const { name, help } = family.options;
        text += renderHeader(name, help, family.type) + family.renderSamples();
      }
      return text;
    },
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
