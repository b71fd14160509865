/** A metric family: one name, and one series for each combination of label values. */
import { type Labelled, type MetricFamily, seriesKey } from './metric-family.ts';

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

/** A family as the registry sees it. */
export interface ReadableFamily<Series> extends Family<Series> {
  /** Every series as it is now. */
  read(): MetricFamily;
}

/** What the families of every type have in common. */
interface Described<Reading> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly series: readonly Reading[];
}

/** A series that can tell what it has come to. */
interface Readable<Reading extends Labelled> {
  read(labels: readonly string[]): Reading;
}

/**
 * A family whose series are made by `create`, and described as one of its type by `describe`. One
 * without labels has its series at once.
 */
export function createFamily<Series, Reading extends Labelled>(
  { name, help, labelNames = [] }: MetricOptions,
  create: () => Series & Readable<Reading>,
  describe: (family: Described<Reading>) => MetricFamily,
): ReadableFamily<Series> {
  const entries = new Map<
    string,
    { readonly labels: readonly string[]; readonly series: Series & Readable<Reading> }
  >();

  const keyOf = (values: readonly string[]): string => {
    if (values.length !== labelNames.length) {
      throw new RangeError(
        `metric ${name} has labels (${labelNames.join(', ')}), but got ${values.length} value(s)`,
      );
    }
    return seriesKey(values);
  };

  const family: ReadableFamily<Series> = {
    labels(...labels) {
      const key = keyOf(labels);
      let entry = entries.get(key);
      if (!entry) {
        entry = { labels, series: create() };
        entries.set(key, entry);
      }
      return entry.series;
    },
    remove(...labels) {
      entries.delete(keyOf(labels));
    },
    clear() {
      entries.clear();
    },
    read() {
      const series: Reading[] = [];
      for (const entry of entries.values()) series.push(entry.series.read(entry.labels));
      return describe({ name, help, labelNames, series });
    },
  };
  if (labelNames.length === 0) family.labels();
  return family;
}
