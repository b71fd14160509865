/**
 * What a registry holds at one moment, as plain data: it can be sent to another process (it
 * survives a structured clone), added to that of others, and rendered.
 */

/** One metric with all its series. */
export type MetricFamily = CounterFamily | GaugeFamily | HistogramFamily;

interface FamilyHead {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

export interface CounterFamily extends FamilyHead {
  readonly type: 'counter';
  readonly series: readonly NumberReading[];
}

export interface GaugeFamily extends FamilyHead {
  readonly type: 'gauge';
  readonly merge: MergeRule;
  readonly series: readonly NumberReading[];
}

export interface HistogramFamily extends FamilyHead {
  readonly type: 'histogram';
  /** Upper bounds, inclusive and ascending, without `+Inf`. */
  readonly bounds: readonly number[];
  readonly series: readonly HistogramReading[];
}

/** Which of the series of a family: one value for each label name. */
export interface Labelled {
  readonly labels: readonly string[];
}

/** A counter or a gauge at one moment. */
export interface NumberReading extends Labelled {
  readonly value: number;
}

/** A histogram at one moment. */
export interface HistogramReading extends Labelled {
  /** Observations up to each bound and above the one before; the last are above every bound. */
  readonly counts: readonly number[];
  /** Of all that was observed. */
  readonly sum: number;
}

/**
 * How the gauges of several workers become one: their sum, the highest, the lowest, the mean of
 * those that have the series; or `each` keeps them all, told apart by the label `worker`.
 */
export type MergeRule = 'sum' | 'max' | 'min' | 'mean' | 'each';

/** The label that `each` adds. */
export const WORKER_LABEL = 'worker';

/** The same for equal label values and no others. */
export function seriesKey(labels: readonly string[]): string {
  let key = '';
  // Lengths keep ('ab', 'c') and ('a', 'bc') apart, whatever the values contain.
  for (const label of labels) key += `${label.length}:${label}`;
  return key;
}
