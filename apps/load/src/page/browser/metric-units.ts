/** What a metric of the system under test is measured in, as far as its name tells. */
import { formatBytes, formatCompact, formatMs } from './format.ts';

export type MetricUnit =
  | 'count'
  | 'per second'
  | 'cores'
  | 'bytes'
  | 'bytes per second'
  | 'seconds';

/** The names Prometheus asks for end in their unit; totals come as increase per second. */
export function unitOf(metric: string): MetricUnit {
  const name = metric.split('{')[0] as string;
  const isTotal = /_(total|count|sum|bucket)$/.test(name);
  if (/bytes/.test(name)) return isTotal ? 'bytes per second' : 'bytes';
  if (/cpu.*seconds/.test(name)) return 'cores';
  if (/seconds$/.test(name)) return 'seconds';
  return isTotal ? 'per second' : 'count';
}

export function formatMetric(unit: MetricUnit, value: number | null): string {
  if (unit === 'bytes' || unit === 'bytes per second') {
    return `${formatBytes(value)}${unit === 'bytes' || value === null ? '' : '/s'}`;
  }
  if (unit === 'seconds') return formatMs(value === null ? null : value * 1_000);
  return `${formatCompact(value)}${unit === 'per second' && value !== null ? '/s' : ''}`;
}

/** Steps of an axis: of bytes in powers of 2, so that they are whole KiB or MiB. */
export function stepsOf(unit: MetricUnit): number[] | undefined {
  const isBytes = unit === 'bytes' || unit === 'bytes per second';
  return isBytes ? Array.from({ length: 50 }, (_, power) => 2 ** power) : undefined;
}

/** What is worth a look first: two of each, those that are most at work. */
const FIRST = [/in_flight/, /requests_total/, /cpu/, /memory/];
const OF_EACH = 2;

export function firstPicks(metrics: Readonly<Record<string, number>>): string[] {
  const names = Object.keys(metrics).sort((a, b) => (metrics[b] ?? 0) - (metrics[a] ?? 0));
  const picks = FIRST.flatMap((pattern) =>
    names.filter((name) => pattern.test(name.split('{')[0] as string)).slice(0, OF_EACH),
  );
  return [...new Set(picks)];
}
