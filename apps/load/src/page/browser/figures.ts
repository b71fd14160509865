/// <reference lib="dom" />
/** The few numbers that say how it goes: of the last seconds, or of the whole run once it ended. */
import { Histogram, readCounts } from '../../histogram.ts';
import { element, setText } from './element.ts';
import { formatCompact, formatMs, formatNumber, formatShare } from './format.ts';
import type { RunData } from './run-data.ts';

/** Slices that count as the last seconds. */
const LAST = 5;

interface Figure {
  readonly label: string;
  readonly value: string;
  readonly note: string;
  readonly isBad?: boolean;
}

export function createFigures(box: HTMLElement): { update(run: RunData): void } {
  const tiles: { tile: HTMLElement; value: HTMLElement; note: HTMLElement }[] = [];

  function update(run: RunData): void {
    figuresOf(run).forEach((figure, i) => {
      tiles[i] ??= addTile(figure.label);
      const { tile, value, note } = tiles[i];
      setText(value, figure.value);
      setText(note, figure.note);
      tile.classList.toggle('is-bad', figure.isBad ?? false);
    });
  }

  function addTile(label: string) {
    const value = element('span', { class: 'figure-value' });
    const note = element('span', { class: 'figure-note' });
    const tile = element(
      'div',
      { class: 'figure', role: 'group', 'aria-label': label },
      element('span', { class: 'figure-label' }, label),
      value,
      note,
    );
    box.append(tile);
    return { tile, value, note };
  }

  return { update };
}

function figuresOf(run: RunData): Figure[] {
  return run.result === undefined ? figuresOfLast(run) : figuresOfAll(run.result, run);
}

function figuresOfLast(run: RunData): Figure[] {
  const last = run.slices.slice(-LAST);
  const sum = (value: (slice: (typeof last)[number]) => number) =>
    last.reduce((total, slice) => total + value(slice), 0);
  const seconds = sum((slice) => slice.durationMs) / 1_000;
  const completed = sum((slice) => slice.completed);
  const failed = sum((slice) => slice.failed);
  const latencies = new Histogram();
  for (const slice of last) latencies.add(readCounts(slice.histogram));
  const now = last.at(-1);
  const all = (value: (slice: (typeof last)[number]) => number) =>
    run.slices.reduce((total, slice) => total + value(slice), 0);
  const when = `last ${LAST} s`;
  return rows({
    goodPerS: seconds === 0 ? null : (completed - failed) / seconds,
    asked: askedNow(run),
    quantileMs: (share) => latencies.quantileUs(share) / 1_000,
    when,
    errorShare: completed === 0 ? null : failed / completed,
    failed: `${formatCompact(failed)} in ${when}`,
    inFlight: now === undefined ? null : now.inFlight,
    inFlightNote: now === undefined ? '' : `${formatCompact(now.connections)} connections`,
    dropped: all((slice) => slice.dropped),
    late: all((slice) => slice.late),
  });
}

function figuresOfAll({ totals }: NonNullable<RunData['result']>, run: RunData): Figure[] {
  const { latency } = totals;
  const peak = run.slices.reduce((most, { inFlight }) => Math.max(most, inFlight), 0);
  const quantiles: Record<number, number> = {
    0.5: latency.p50Ms,
    0.99: latency.p99Ms,
    0.999: latency.p999Ms,
  };
  const seconds = run.slices.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1_000;
  return rows({
    goodPerS: totals.goodPerS,
    asked:
      run.header.unit === 'per second' && seconds > 0
        ? `${formatCompact(totals.arrivals / seconds)}/s asked`
        : 'completed without failure',
    quantileMs: (share) => quantiles[share] ?? Number.NaN,
    when: 'whole run',
    errorShare: totals.completed === 0 ? null : totals.failed / totals.completed,
    failed: `${formatCompact(totals.failed)} of ${formatCompact(totals.completed)}`,
    inFlight: peak,
    inFlightNote: 'at the most',
    dropped: totals.dropped,
    late: totals.late,
  });
}

function askedNow({ header, state, slices }: RunData): string {
  const level = slices.at(-1)?.askedPerS ?? state?.level;
  if (level == null) return '';
  if (header.unit === 'per second') return `${formatCompact(level)}/s asked`;
  return `${formatCompact(state?.level ?? level)} ${header.unit} asked`;
}

function rows(of: {
  goodPerS: number | null;
  asked: string;
  quantileMs(share: number): number;
  when: string;
  errorShare: number | null;
  failed: string;
  inFlight: number | null;
  inFlightNote: string;
  dropped: number;
  late: number;
}): Figure[] {
  return [
    { label: 'Rate achieved', value: `${formatNumber(of.goodPerS)}/s`, note: of.asked },
    { label: 'p50', value: formatMs(of.quantileMs(0.5)), note: of.when },
    { label: 'p99', value: formatMs(of.quantileMs(0.99)), note: of.when },
    { label: 'p99.9', value: formatMs(of.quantileMs(0.999)), note: of.when },
    {
      label: 'Errors',
      value: formatShare(of.errorShare),
      note: of.failed,
      isBad: (of.errorShare ?? 0) > 0,
    },
    { label: 'In flight', value: formatCompact(of.inFlight), note: of.inFlightNote },
    {
      label: 'Dropped',
      value: formatCompact(of.dropped),
      note: 'never sent',
      isBad: of.dropped > 0,
    },
    { label: 'Late', value: formatCompact(of.late), note: 'sent > 10 ms late', isBad: of.late > 0 },
  ];
}
