/** The end of a run in words and tables, for the terminal. */
import { Histogram, readCounts } from './histogram.ts';
import { createPaint, type Paint } from './paint.ts';
import { countText, durationText, rateText, shareText } from './quantity-text.ts';
import type { RunResult, SeriesResult, Summary } from './result.ts';
import { summarize } from './summary.ts';
import { alignTable, clip, MAX_WIDTH, wrap } from './text-table.ts';

const MAX_NAME_WIDTH = 30;

/** At most 100 columns wide, without colour unless it is asked for. */
export function formatResult(
  result: RunResult,
  options: { readonly isColoured: boolean } = { isColoured: false },
): string {
  const paint = createPaint(options.isColoured);
  const sections = [
    headLines(result, paint),
    saturationLines(result).map((line) => paint('red', line)),
    totalLines(result),
    latencyLines(result, paint),
    statusLines(result, paint),
    generatorLines(result),
    thresholdLines(result, paint),
  ];
  const texts = sections.map((lines) => lines.join('\n'));
  return texts.filter((text) => text !== '').join('\n\n');
}

function headLines(result: RunResult, paint: Paint): string[] {
  const { name, target, load, seed, machine, startedAt, durationMs, end, problem } = result;
  const lines = [
    ...wrap('', [`${name} → ${target}`]).map((line) => paint('bold', line)),
    ...wrap('', [load, `seed ${seed}`]),
    ...wrap('', [`${startedAt}, took ${durationText(durationMs)}`, machine]),
  ];
  if (end === 'stopped') lines.push(paint('red', 'STOPPED before its planned end'));
  if (end === 'failed') {
    const why = wrap('FAILED: ', [problem ?? 'without a reason']);
    lines.push(...why.map((line) => paint('red', line)));
  }
  return [...lines, ...result.interventions.flatMap((text) => wrap('changed at ', [text]))];
}

function saturationLines({ totals, slices }: RunResult): string[] {
  if (totals.saturatedSlices === 0) return [];
  return [
    `WARNING: the generator was saturated in ${totals.saturatedSlices} of ${slices.length} seconds.`,
    'The latencies of those seconds are partly its own. Add workers, or lower the rate.',
  ];
}

function totalLines({ totals }: RunResult): string[] {
  const { arrivals, started, completed, requests, failed, dropped, late, sendDelay } = totals;
  const whole = Math.max(arrivals, started);
  const kinds = Object.entries(totals.failures).map(
    ([kind, count]) => `${kind} ${countText(count)}`,
  );
  const lines = wrap('flows      ', [
    ...(arrivals > 0 ? [`${countText(arrivals)} arrivals`] : []),
    `${countText(started)} started`,
    `${countText(completed)} completed`,
    `${rateText(totals.goodPerS)} good`,
  ]);
  lines.push(
    ...wrap('requests   ', [countText(requests), `${sizeText(totals.receivedBytes)} received`]),
    ...wrap('failed     ', [`${countText(failed)} (${shareText(failed / completed)})`, ...kinds]),
  );
  // Users send when they are ready: nothing is due, so nothing can be late.
  if (arrivals > 0 || dropped > 0) {
    lines.push(
      ...wrap('unsent     ', [
        `${countText(dropped)} dropped (${shareText(dropped / whole)})`,
        `${countText(late)} late (${shareText(late / whole)})`,
      ]),
    );
  }
  if (sendDelay.count > 0) {
    lines.push(
      ...wrap('send delay ', [
        `p50 ${durationText(sendDelay.p50Ms)}`,
        `p99 ${durationText(sendDelay.p99Ms)}`,
        `max ${durationText(sendDelay.maxMs)}`,
      ]),
    );
  }
  return lines;
}

/** Two rows a series: from the intended send, and, below, from the actual one. */
function latencyLines({ series, totals }: RunResult, paint: Paint): string[] {
  if (series.length === 0) return [];
  const head = ['', 'count', 'failed', 'p50', 'p90', 'p99', 'p99.9', 'p99.99', 'max'];
  const rows = [head];
  const plain = series.filter(({ name }) => !name.includes(' › '));
  if (plain.length > 1) {
    rows.push(row('all flows', totals.completed, totals.failed, totals.latency));
    rows.push(serviceRow('  service', totals.service));
  }
  for (const one of inOrder(series)) {
    const isStep = one.name.includes(' › ');
    const indent = isStep ? '  ' : '';
    rows.push(row(indent + ownName(one), one.completed, one.failed, one.latency));
    rows.push(serviceRow(`${indent}  service`, serviceOf(one)));
  }
  return [
    paint(
      'bold',
      'latency from the intended send, failures as the time limit; service: from the actual send',
    ),
    ...alignTable(rows).map((line) => paint(/^ *service /.test(line) ? 'dim' : undefined, line)),
  ];
}

function row(name: string, completed: number, failed: number, latency: Summary): string[] {
  const counts = [countText(completed), countText(failed)];
  return [clip(name, MAX_NAME_WIDTH), ...counts, ...latencyCells(latency)];
}

function serviceRow(name: string, service: Summary): string[] {
  return [name, '', '', ...latencyCells(service)];
}

function latencyCells({ count, p50Ms, p90Ms, p99Ms, p999Ms, p9999Ms, maxMs }: Summary): string[] {
  const values = [p50Ms, p90Ms, p99Ms, p999Ms, p9999Ms, maxMs];
  return values.map((valueMs) => (count === 0 ? '–' : durationText(valueMs)));
}

function serviceOf({ statuses }: SeriesResult): Summary {
  const histogram = new Histogram();
  for (const { phases } of statuses) {
    if (phases.service) histogram.add(readCounts(phases.service.histogram));
  }
  return summarize(histogram);
}

/** Each flow, and then its steps. */
function inOrder(series: readonly SeriesResult[]): SeriesResult[] {
  const flows = series.filter(({ name }) => !name.includes(' › '));
  const ordered = flows.flatMap((flow) => [
    flow,
    ...series.filter(({ name }) => name.startsWith(`${flow.name} › `)),
  ]);
  return [...ordered, ...series.filter((one) => !ordered.includes(one))];
}

function ownName({ name }: SeriesResult): string {
  return name.slice(name.indexOf(' › ') < 0 ? 0 : name.indexOf(' › ') + 3);
}

function statusLines({ series }: RunResult, paint: Paint): string[] {
  const lines = inOrder(series).flatMap((one) => {
    const indent = one.name.includes(' › ') ? '    ' : '  ';
    const name = clip(indent + ownName(one), MAX_NAME_WIDTH).padEnd(MAX_NAME_WIDTH);
    const statuses = one.statuses.map(
      ({ status, isFailure, count }) => `${isFailure ? '✗ ' : ''}${status} ${countText(count)}`,
    );
    if (one.dropped > 0) statuses.push(`dropped ${countText(one.dropped)}`);
    return statuses.length === 0 ? [] : wrap(`${name}  `, statuses);
  });
  return lines.length === 0 ? [] : [paint('bold', 'statuses, ✗ counted as failures'), ...lines];
}

function generatorLines({ totals }: RunResult): string[] {
  const { cpuCores, loopUtilization, loopDelayMs } = totals.generator;
  return wrap('generator  ', [
    `${cpuCores.toFixed(2)} cores on average`,
    `event loop at most ${shareText(loopUtilization)} busy`,
    `held up at most ${durationText(loopDelayMs)}`,
  ]);
}

function thresholdLines({ thresholds }: RunResult, paint: Paint): string[] {
  if (thresholds.length === 0) return [];
  const rows = thresholds.map(({ text, measured, isMet }) => [
    `  ${isMet ? '✓' : '✗'} ${text}`,
    `measured ${measured}`,
  ]);
  const lines = alignTable(rows, 2).map((line, i) =>
    paint(thresholds[i]?.isMet ? 'green' : 'red', clip(line, MAX_WIDTH)),
  );
  const missed = thresholds.filter(({ isMet }) => !isMet).length;
  return [paint('bold', `thresholds, ${missed === 0 ? 'all met' : `${missed} not met`}`), ...lines];
}

/** `812 B`, `18.3 MB`. */
function sizeText(sizeBytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, sizeBytes)) / 3));
  const value = sizeBytes / 1_000 ** power;
  return `${value >= 100 || power === 0 ? Math.round(value) : value.toPrecision(3)} ${units[power]}`;
}
