/// <reference lib="dom" />
/** Latencies of each flow and step of a run that has ended. */
import type { Phase, SeriesResult, StatusResult, Summary } from '../../result.ts';
import type { RunSummary } from '../page-event.ts';
import { element } from './element.ts';
import { formatMs, formatNumber, NOTHING } from './format.ts';
import { panel, table } from './table.ts';

const PHASES: readonly (readonly [Phase, string])[] = [
  ['connect', 'connect'],
  ['firstByte', 'first byte'],
  ['service', 'service'],
  ['total', 'total'],
];

/** Heads with a `>` are of numbers. */
const LATENCY_HEADS = [
  '>count',
  '>mean',
  '>p50',
  '>p90',
  '>p95',
  '>p99',
  '>p99.9',
  '>p99.99',
  '>max',
];
const LATENCIES = [
  'meanMs',
  'p50Ms',
  'p90Ms',
  'p95Ms',
  'p99Ms',
  'p999Ms',
  'p9999Ms',
  'maxMs',
] as const satisfies readonly (keyof Summary)[];

export function seriesTables(result: RunSummary): HTMLElement {
  const parts = result.series.map((one, i) =>
    element(
      'details',
      { class: 'series', ...(i < 3 ? { open: '' } : {}) },
      element(
        'summary',
        {},
        element('span', { class: 'series-name' }, one.name),
        element('span', { class: 'soft' }, seriesNote(one)),
      ),
      latencyTable(one.name, seriesRows(one)),
    ),
  );
  const note = 'each flow and step, by status and phase';
  return panel('Series', note, ...(result.series.length === 0 ? [] : [all(result)]), ...parts);
}

function all({ totals }: RunSummary): HTMLElement {
  const kinds: [string, string, Summary][] = [
    ['headline', 'from intended send', totals.latency],
    ['service', 'from actual send', totals.service],
    ['send delay', 'intended to actual send', totals.sendDelay],
  ];
  const rows = kinds.map(([name, phase, summary]) =>
    latencyRow(element('th', { scope: 'row' }, name), phase, summary),
  );
  return element(
    'details',
    { class: 'series', open: '' },
    element('summary', {}, element('span', { class: 'series-name' }, 'All flows together')),
    latencyTable('all flows', rows),
  );
}

function latencyTable(name: string, rows: readonly HTMLElement[]): HTMLElement {
  return table(`Latencies of ${name}`, ['status', 'phase', ...LATENCY_HEADS], rows);
}

function seriesNote({ completed, failed, dropped }: SeriesResult): string {
  const parts = [`${formatNumber(completed)} completed`, `${formatNumber(failed)} failed`];
  if (dropped > 0) parts.push(`${formatNumber(dropped)} dropped`);
  return parts.join(' · ');
}

function seriesRows({ latency, statuses }: SeriesResult): HTMLElement[] {
  return [
    latencyRow(element('th', { scope: 'row' }, 'headline'), 'from intended send', latency),
    ...statuses.flatMap(statusRows),
  ];
}

/** A row at least, since a status without a measured phase was answered all the same. */
function statusRows({ status, isFailure, count, phases }: StatusResult): HTMLElement[] {
  const head = element('th', { scope: 'row', class: isFailure ? 'is-bad' : 'is-good' }, status);
  const measured = PHASES.filter(([phase]) => (phases[phase]?.count ?? 0) > 0);
  if (measured.length === 0) return [latencyRow(head, NOTHING, undefined, count)];
  return measured.map(([phase, label], i) =>
    latencyRow(i === 0 ? head : element('td'), label, phases[phase] as Summary),
  );
}

function latencyRow(
  head: HTMLElement,
  phase: string,
  of: Summary | undefined,
  count = of?.count ?? 0,
): HTMLElement {
  const latencies = LATENCIES.map((key) =>
    of === undefined || of.count === 0 ? NOTHING : formatMs(of[key]),
  );
  return element(
    'tr',
    {},
    head,
    element('td', {}, phase),
    ...[formatNumber(count), ...latencies].map((text) => element('td', { class: 'number' }, text)),
  );
}
