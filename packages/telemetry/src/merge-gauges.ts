/** Gauges put together: the same number of several workers, by the rule it was registered with. */
import {
  type GaugeFamily,
  type MergeRule,
  type NumberReading,
  seriesKey,
  WORKER_LABEL,
} from './metric-family.ts';

/** What one worker, or the supervisor, says of a gauge. */
export interface GaugePart {
  /** What `each` calls it. */
  readonly worker: string;
  readonly family: GaugeFamily;
}

const rules: Record<Exclude<MergeRule, 'each'>, (values: readonly number[]) => number> = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  max: (values) => Math.max(...values),
  min: (values) => Math.min(...values),
  mean: (values) => rules.sum(values) / values.length,
};

/**
 * One gauge from those of the same name and labels, by the rule of the last of them; undefined when
 * there is none.
 */
export function mergeGauges(parts: readonly GaugePart[]): GaugeFamily | undefined {
  const family = parts.at(-1)?.family;
  if (!family) return undefined;
  const { merge } = family;
  if (merge === 'each') return { ...family, ...keepEach(family.labelNames, parts) };
  const found = new Map<
    string,
    { readonly labels: readonly string[]; readonly values: number[] }
  >();
  for (const { series } of parts.map((part) => part.family)) {
    for (const { labels, value } of series) {
      const key = seriesKey(labels);
      const same = found.get(key);
      if (same) same.values.push(value);
      else found.set(key, { labels, values: [value] });
    }
  }
  const series = Array.from(found.values(), ({ labels, values }) => ({
    labels,
    value: rules[merge](values),
  }));
  return { ...family, series };
}

function keepEach(
  labelNames: readonly string[],
  parts: readonly GaugePart[],
): { readonly labelNames: readonly string[]; readonly series: readonly NumberReading[] } {
  return {
    labelNames: [...labelNames, WORKER_LABEL],
    series: parts.flatMap(({ worker, family }) =>
      family.series.map(({ labels, value }) => ({ labels: [...labels, worker], value })),
    ),
  };
}
