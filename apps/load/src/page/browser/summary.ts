/// <reference lib="dom" />
/** What there is to say once a run has ended. */
import type { RunSummary } from '../page-event.ts';
import { element } from './element.ts';
import { formatBytes, formatMs, formatNumber, formatShare } from './format.ts';
import { createPercentileCurve } from './percentile-curve.ts';
import { flowNames } from './run-data.ts';
import { seriesTables } from './series-tables.ts';
import { panel, table } from './table.ts';

/** Nothing when nothing was demanded. */
export function createVerdict(result: RunSummary): HTMLElement[] {
  return result.thresholds.length === 0 ? [] : [thresholds(result)];
}

export function createSummary(result: RunSummary): HTMLElement[] {
  return [
    element('div', { class: 'grid' }, curves(result), totals(result)),
    seriesTables(result),
    ...(result.interventions.length === 0 ? [] : [interventions(result)]),
  ];
}

function thresholds(result: RunSummary): HTMLElement {
  const met = result.thresholds.filter(({ isMet }) => isMet).length;
  const items = result.thresholds.map(({ text, measured, isMet }) =>
    element(
      'li',
      { class: `threshold ${isMet ? 'is-met' : 'is-missed'}` },
      element('span', { class: 'verdict' }, isMet ? '✓ met' : '✗ missed'),
      element('span', { class: 'threshold-text' }, text),
      element('span', { class: 'soft' }, 'measured ', element('b', {}, measured)),
    ),
  );
  const note = `${met} of ${result.thresholds.length} met`;
  return panel('Thresholds', note, element('ul', { class: 'plain thresholds' }, ...items));
}

/** One flow is all there is; with several, all together come first. */
function curves(result: RunSummary): HTMLElement {
  const flows = flowNames(result);
  const all = { label: 'all', histogram: result.totals.latency.histogram };
  const each = result.series
    .filter(({ name }) => flows.includes(name))
    .map(({ name, latency }) => ({ label: name, histogram: latency.histogram }));
  return createPercentileCurve(each.length === 1 ? each : [all, ...each]);
}

function totals({ totals: of, durationMs }: RunSummary): HTMLElement {
  const perS = (count: number) => `${formatNumber((count * 1_000) / Math.max(durationMs, 1))}/s`;
  const facts: [string, string, string][] = [
    ['Arrivals', formatNumber(of.arrivals), perS(of.arrivals)],
    ['Flows begun', formatNumber(of.started), perS(of.started)],
    ['Flows ended', formatNumber(of.completed), perS(of.completed)],
    ['Requests ended', formatNumber(of.requests), perS(of.requests)],
    ['Without failure', formatNumber(of.completed - of.failed), perS(of.completed - of.failed)],
    ['Failed', formatNumber(of.failed), formatShare(of.failed / Math.max(of.completed, 1))],
    ['Dropped', formatNumber(of.dropped), formatShare(of.dropped / Math.max(of.arrivals, 1))],
    ['Late', formatNumber(of.late), formatShare(of.late / Math.max(of.started, 1))],
    [
      'Received',
      formatBytes(of.receivedBytes),
      `${formatBytes((of.receivedBytes * 1_000) / Math.max(durationMs, 1))}/s`,
    ],
    ['Send delay', `p50 ${formatMs(of.sendDelay.p50Ms)}`, `p99 ${formatMs(of.sendDelay.p99Ms)}`],
    [
      'Generator CPU',
      `${formatNumber(of.generator.cpuCores)} cores`,
      `loop ${formatShare(of.generator.loopUtilization)}`,
    ],
    ['Loop held up', formatMs(of.generator.loopDelayMs), `${of.saturatedSlices} s saturated`],
  ];
  const rows = facts.map(([label, value, note]) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, label),
      element('td', { class: 'number' }, value),
      element('td', { class: 'number soft' }, note),
    ),
  );
  const kinds = Object.entries(of.failures)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, kind),
        element('td', { class: 'number' }, formatNumber(count)),
        element('td', { class: 'number soft' }, formatShare(count / Math.max(of.failed, 1))),
      ),
    );
  const parts = [
    table('Totals', [], rows),
    ...(kinds.length === 0
      ? []
      : [table('Failures by kind', ['failures by kind', '>count', '>of failures'], kinds)]),
  ];
  return panel('Totals', '', ...parts);
}

function interventions(result: RunSummary): HTMLElement {
  const items = result.interventions.map((text) => element('li', {}, text));
  return panel(
    'Interventions',
    'changes made while it ran',
    element('ul', { class: 'plain' }, ...items),
  );
}
