/** A metric family: one name, and one series for each combination of label values. */
import { renderLabels } from './exposition.ts';

/** What every metric is registered with. */
export interface MetricOptions {
  /** Letters, digits, `_` and `:`; base units, and `_total` for counters, by convention. */
  readonly name: string;
  /** One sentence for the person reading the scrape. */
  readonly help: string;
  /** Default none: the family is a single series, `labels()`. */
  readonly labelNames?: readonly string[];
}

/** All series of one metric. */
export interface Family<Series> {
  /**
   * The series with these label values, in the order of the label names; made on first use. Hold
   * on to it where it is used often. Throws a RangeError when the number of values is wrong.
   */
  labels(...values: string[]): Series;
  /** Forgets one series: it is no longer rendered, and what still holds it counts for nothing. */
  remove(...values: string[]): void;
  /** Forgets every series. */
  clear(): void;
}

/** A series that can write its own sample lines. */
export interface Renderable {
  /** `name` of the family; `labels` already rendered, `''` or `a="x",b="y"`. */
  render(name: string, labels: string): string;
}

/** A family as the registry sees it. */
export interface RenderableFamily<Series> extends Family<Series> {
  readonly options: MetricOptions;
  readonly type: MetricType;
  /** Every sample line of every series, each ending in a line feed. */
  renderSamples(): string;
}

/** The TYPE of the exposition format. */
export type MetricType = 'counter' | 'gauge' | 'histogram';

/** A family whose series are made by `create`. One without labels has its series at once. */
export function createFamily<Series extends Renderable>(
  type: MetricType,
  options: MetricOptions,
  create: () => Series,
): RenderableFamily<Series> {
  const { name, labelNames = [] } = options;
  const entries = new Map<string, { readonly labels: string; readonly series: Series }>();

  const keyOf = (values: readonly string[]): string => {
    if (values.length !== labelNames.length) {
      throw new RangeError(
        `metric ${name} has labels (${labelNames.join(', ')}), but got ${values.length} value(s)`,
      );
    }
    let key = '';
    // Lengths keep ('ab', 'c') and ('a', 'bc') apart, whatever the values contain.
    for (const value of values) key += `${value.length}:${value}`;
    return key;
  };

  const family: RenderableFamily<Series> = {
    options,
    type,
    labels(...values) {
      const key = keyOf(values);
      let entry = entries.get(key);
      if (!entry) {
        entry = { labels: renderLabels(labelNames, values), series: create() };
        entries.set(key, entry);
      }
      return entry.series;
    },
    remove(...values) {
      entries.delete(keyOf(values));
    },
    clear() {
      entries.clear();
    },
    renderSamples() {
      let text = '';
      for (const { labels, series } of entries.values()) text += series.render(name, labels);
      return text;
    },
  };
  if (labelNames.length === 0) family.labels();
  return family;
}
