/** Counters and histograms put together: what several have counted, series by series. */
import {
  type CounterFamily,
  type HistogramFamily,
  type HistogramReading,
  type Labelled,
  type NumberReading,
  seriesKey,
} from './metric-family.ts';

/** A family that counts, so that its numbers mean something after its worker has left. */
export type TallyFamily = CounterFamily | HistogramFamily;

/** How two readings of the same series become one. */
interface Combine {
  readonly numbers: (before: NumberReading, next: NumberReading) => NumberReading;
  readonly histograms: (before: HistogramReading, next: HistogramReading) => HistogramReading;
}

/** How far apart, in proportion, sums may be that differ only by the order of the additions. */
const ROUNDING = 1e-9;

/** What all of them have counted together. Throws a RangeError when there is none. */
export function addUp(families: readonly TallyFamily[]): TallyFamily {
  return combine(families, {
    numbers: (a, b) => ({ labels: a.labels, value: a.value + b.value }),
    histograms: (a, b) => ({
      labels: a.labels,
      counts: a.counts.map((count, i) => count + (b.counts[i] ?? 0)),
      sum: a.sum + b.sum,
    }),
  });
}

/** What one worker has counted at most, from what it said at several times in any order. */
export function whicheverIsMore(families: readonly TallyFamily[]): TallyFamily {
  return combine(families, {
    numbers: (a, b) => (b.value > a.value ? b : a),
    histograms: (a, b) => (total(b) > total(a) ? b : a),
  });
}

/**
 * `now`, but no lower than `before` where they differ by rounding alone: fractions added in another
 * order, as after a worker has left, may come to less in the last digits.
 */
export function notFalling(before: TallyFamily, now: TallyFamily): TallyFamily {
  return combine([before, now], {
    numbers: (a, b) => ({ labels: b.labels, value: settle(a.value, b.value) }),
    histograms: (a, b) => ({ ...b, sum: settle(a.sum, b.sum) }),
  });
}

function settle(before: number, now: number): number {
  return now < before && before - now <= before * ROUNDING ? before : now;
}

function total({ counts }: HistogramReading): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function combine(families: readonly TallyFamily[], how: Combine): TallyFamily {
  const last = families.at(-1);
  if (!last) throw new RangeError('there are no families to put together; give one or more');
  return last.type === 'counter'
    ? { ...last, series: bySeries(families.filter(isCounter), how.numbers) }
    : { ...last, series: bySeries(families.filter(isHistogram), how.histograms) };
}

function bySeries<Reading extends Labelled>(
  families: readonly { readonly series: readonly Reading[] }[],
  combineTwo: (before: Reading, next: Reading) => Reading,
): Reading[] {
  const found = new Map<string, Reading>();
  for (const { series } of families) {
    for (const reading of series) {
      const key = seriesKey(reading.labels);
      const before = found.get(key);
      found.set(key, before ? combineTwo(before, reading) : reading);
    }
  }
  return [...found.values()];
}

function isCounter(family: TallyFamily): family is CounterFamily {
  return family.type === 'counter';
}

function isHistogram(family: TallyFamily): family is HistogramFamily {
  return family.type === 'histogram';
}
