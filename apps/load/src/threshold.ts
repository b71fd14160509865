/** What a run must achieve: `p99 < 200ms`, `checkout: errors <= 0.1%`, `dropped == 0`. */
import { nearestName } from './nearest-name.ts';
import type { RunResult, ThresholdResult } from './result.ts';
import { type Measured, measure } from './threshold-measure.ts';

const LATENCIES = ['p50', 'p75', 'p90', 'p95', 'p99', 'p99.9', 'p99.99', 'mean', 'min', 'max'];
/** Of what is counted, and whether one flow or step has it, too. */
const COUNTED = {
  errors: { values: 'share', isPerSeries: true },
  dropped: { values: 'share', isPerSeries: true },
  late: { values: 'share', isPerSeries: false },
  saturated: { values: 'share', isPerSeries: false },
  requests: { values: 'count', isPerSeries: true },
  rate: { values: 'rate', isPerSeries: true },
} as const;
const METRICS = [...LATENCIES, ...Object.keys(COUNTED)];

/** Units by kind of value, and what one is: microseconds, or 1. */
const UNITS: Readonly<Record<ValueKind, Readonly<Record<string, number>>>> = {
  latency: { us: 1, µs: 1, μs: 1, ms: 1e3, s: 1e6, m: 6e7 },
  share: { '%': 1, '': 1 },
  count: { '': 1 },
  rate: { '/s': 1, '': 1 },
};
const EXAMPLES: Readonly<Record<ValueKind, string>> = {
  latency: 'a duration with its unit (us, ms, s or m), such as 200ms, 1.5s or 800us',
  share: 'a share or a count, such as 0.1% or 0',
  count: 'a count, such as 1000',
  rate: 'good answers per second, such as 950/s or 950',
};

const OPERATORS = {
  '<': (measured: number, limit: number) => measured < limit,
  '<=': (measured: number, limit: number) => measured <= limit,
  '>': (measured: number, limit: number) => measured > limit,
  '>=': (measured: number, limit: number) => measured >= limit,
  '==': (measured: number, limit: number) => measured === limit,
} as const;

type ValueKind = 'latency' | 'share' | 'count' | 'rate';

export interface Threshold {
  /** As it was written. */
  readonly text: string;
  /** A flow, or a step as `flow › step`; null: all flows together. */
  readonly series: string | null;
  /** From the actual send instead of the intended one. */
  readonly isService: boolean;
  /** `p99.9`, `mean`, `errors`, … */
  readonly metric: string;
  readonly operator: keyof typeof OPERATORS;
  /** In `unit`. */
  readonly limit: number;
  /** `ms`, `%`, `/s`, …; empty for a count or a plain number. */
  readonly unit: string;
}

/** Throws a TypeError that says what is wrong and what is possible. */
export function parseThreshold(text: string): Threshold {
  const colon = text.lastIndexOf(':');
  const series = colon < 0 ? null : text.slice(0, colon).trim();
  const condition = text.slice(colon + 1).trim();
  const [, left = '', operator = '', right = ''] =
    /^([^<>=!]*)([<>=!]*)(.*)$/s.exec(condition) ?? [];
  const fail = (problem: string): never => {
    throw new TypeError(`threshold "${text}": ${problem}`);
  };
  if (series === '') return fail('no flow is named before the colon');
  const [, service, metric = ''] = /^(service\.)?(.*)$/s.exec(left.trim()) ?? [];
  const kind = kindOf(metric) ?? fail(unknownMetric(metric));
  const isService = service !== undefined;
  if (isService && kind !== 'latency') {
    return fail(`only latencies can be of the service: service.p99, not service.${metric}`);
  }
  if (series !== null && !isPerSeries(metric)) {
    return fail(`${metric} is measured of the whole run only; leave out "${series}:"`);
  }
  if (!isOperator(operator)) {
    const found = operator === '' ? 'there is no operator' : `"${operator}" is no operator`;
    return fail(`${found}; possible: ${Object.keys(OPERATORS).join(' ')}`);
  }
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?) ?(\D*)$/.exec(right.trim()) ?? [];
  if (digits === undefined || !Object.hasOwn(UNITS[kind], unit)) {
    const found = right.trim() === '' ? 'there is no value' : `"${right.trim()}" is no value`;
    return fail(`${found} for ${metric}; possible: ${EXAMPLES[kind]}`);
  }
  const limit = Number(digits);
  if (operator === '<' && limit === 0) return fail(`nothing is below 0; write ${metric} == 0`);
  return { text, series, isService, metric, operator, limit, unit };
}

/**
 * Parses all thresholds before a run, and checks that the flows they name are among `flowNames`.
 * Throws one TypeError with every problem, a line for each.
 */
export function checkThresholds(
  texts: readonly string[],
  flowNames: readonly string[],
): Threshold[] {
  const thresholds: Threshold[] = [];
  const problems: string[] = [];
  for (const text of texts) {
    try {
      const threshold = parseThreshold(text);
      checkFlow(threshold, flowNames);
      thresholds.push(threshold);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      problems.push(error.message);
    }
  }
  if (problems.length > 0) throw new TypeError(problems.join('\n'));
  return thresholds;
}

/**
 * Holds a threshold against what was measured. What could not be measured (a latency when nothing
 * completed, a step that was never reached) is not met. Throws a TypeError when the run has no
 * such flow.
 */
export function judge(
  threshold: Threshold,
  result: Omit<RunResult, 'thresholds'>,
): ThresholdResult {
  const { text, series, metric, operator, limit, unit } = threshold;
  const names = result.series.map(({ name }) => name);
  if (series !== null && !names.includes(series)) checkFlow(threshold, names);
  const measured = measure(threshold, result);
  if (measured.kind === 'nothing') return { text, measured: measured.reason, isMet: false };
  const value = inUnit(measured, unit, kindOf(metric) ?? 'count');
  const isMet = OPERATORS[operator](value, limit);
  return { text, measured: `${showValue(value, threshold, isMet)}${unit}`, isMet };
}

function kindOf(metric: string): ValueKind | undefined {
  if (/^p\d{1,2}(\.\d+)?$/.test(metric) && Number(metric.slice(1)) > 0) return 'latency';
  if (LATENCIES.includes(metric)) return 'latency';
  return isCounted(metric) ? COUNTED[metric].values : undefined;
}

function isCounted(metric: string): metric is keyof typeof COUNTED {
  return Object.hasOwn(COUNTED, metric);
}

function isPerSeries(metric: string): boolean {
  return !isCounted(metric) || COUNTED[metric].isPerSeries;
}

function isOperator(text: string): text is keyof typeof OPERATORS {
  return Object.hasOwn(OPERATORS, text);
}

function unknownMetric(word: string): string {
  const meant = nearestName(word, METRICS);
  const found = word === '' ? 'there is no metric' : `"${word}" is no metric`;
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  return `${found}${hint}; possible: ${METRICS.join(' ')}, any other percentile (p97.5), and service. before a latency`;
}

/** A step is known only when it was reached, but its flow has to be there from the beginning. */
function checkFlow({ text, series }: Threshold, names: readonly string[]): void {
  if (series === null || names.includes(series)) return;
  const flows = names.filter((name) => !name.includes(' › '));
  const flow = flows.find((name) => series.startsWith(`${name} › `));
  if (flow !== undefined) return;
  const meant = nearestName(series, names);
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
  throw new TypeError(
    `threshold "${text}": no flow is called "${series}"${hint}; there are: ${flows.join(', ')}`,
  );
}

function inUnit(
  measured: Exclude<Measured, { kind: 'nothing' }>,
  unit: string,
  kind: ValueKind,
): number {
  if (measured.kind === 'count') {
    return unit === '%' ? (measured.count * 100) / measured.whole : measured.count;
  }
  // Divided, not multiplied: the quotient is then the very number that `0.7` or `1.005` parses to.
  return measured.value / (UNITS[kind][unit] ?? 1);
}

/** Whole, or in four digits, or in as many as it takes for them to agree with the verdict. */
function showValue(value: number, { operator, limit }: Threshold, isMet: boolean): string {
  if (Number.isInteger(value)) return `${value}`;
  for (let digits = 4; digits < 17; digits++) {
    const shown = Number(value.toPrecision(digits));
    if (OPERATORS[operator](shown, limit) === isMet) return `${shown}`;
  }
  return `${value}`;
}
