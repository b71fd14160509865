/// <reference lib="dom" />
/** Every latency of every second: columns are seconds, rows latencies, colour is their share. */
import type uPlot from 'uplot';
import { logAxis } from './axes.ts';
import { element, setText } from './element.ts';
import {
  formatClock,
  formatMs,
  formatMsTick,
  formatNumber,
  formatShare,
  NOTHING,
} from './format.ts';
import { createHeatImages, FULL_SHARE } from './heat-image.ts';
import { ROWS, readRows, rowFloorMs, rowOf } from './latency-rows.ts';
import { logRange } from './log-scale.ts';
import { createPlot } from './plot.ts';
import type { RunData } from './run-data.ts';
import { onThemeChange } from './theme.ts';
import type { View } from './view.ts';

export interface HeatMap {
  readonly element: HTMLElement;
  update(run: RunData): void;
}

export function createHeatMap(view: View): HeatMap {
  let run: RunData | undefined;
  let columns: Map<number, number>[] = [];
  let lowest = ROWS;
  let highest = -1;
  let images = createHeatImages();

  const plot = createPlot({
    title: 'Latency distribution',
    note: 'from intended send',
    view,
    heightPx: 196,
    hasYCursor: true,
    axis: logAxis(formatMsTick),
    scale: {
      distr: 3,
      log: 10,
      range: () => (highest < 0 ? [1, 100] : logRange(rowFloorMs(lowest), rowFloorMs(highest + 1))),
    },
    draw(u) {
      if (run !== undefined && highest >= 0) images.draw(u, run, columns);
    },
    onCursor: showValues,
  });
  plot.setSeries([{ scale: 'y', points: { show: false } }]);
  const time = element('span', { class: 'legend-time' }, NOTHING);
  const text = element('span', { class: 'legend-text' });
  const key = element(
    'span',
    { class: 'heat-key', 'aria-hidden': 'true' },
    '0',
    element('span', { class: 'heat-ramp' }),
    `≥ ${FULL_SHARE * 100} %`,
  );
  plot.element.append(element('div', { class: 'legend' }, time, text, key));
  onThemeChange(() => {
    images = createHeatImages();
    if (run !== undefined) update(run);
  });

  function update(next: RunData): void {
    if (next !== run) {
      columns = [];
      lowest = ROWS;
      highest = -1;
      images = createHeatImages();
    }
    run = next;
    for (const slice of run.slices.slice(columns.length)) {
      const rows = readRows(slice.histogram);
      columns.push(rows);
      for (const row of rows.keys()) {
        lowest = Math.min(lowest, row);
        highest = Math.max(highest, row);
      }
    }
    plot.show(run, [run.times.map(() => null)]);
    showValues(plot.uplot.cursor.idx ?? null, plot.uplot);
  }

  function showValues(index: number | null, u: uPlot): void {
    const at = index ?? columns.length - 1;
    const slice = run?.slices[at];
    const rows = columns[at];
    if (slice === undefined || rows === undefined) return;
    const total = [...rows.values()].reduce((sum, count) => sum + count, 0);
    setText(time, formatClock(slice.startMs / 1_000));
    const top = u.cursor.top ?? -1;
    const isOver = index !== null && top >= 0 && u.over.matches(':hover');
    const [row, count] = isOver
      ? pointedAt(rows, u.posToVal(top, 'y'))
      : [...rows].reduce((most, one) => (one[1] > most[1] ? one : most), [-1, 0]);
    const band =
      row < 0 ? NOTHING : `${formatMs(rowFloorMs(row))} to ${formatMs(rowFloorMs(row + 1))}`;
    const counted = `${band}: ${formatNumber(count)} of ${formatNumber(total)} (${formatShare(total === 0 ? 0 : count / total)})`;
    setText(text, isOver ? counted : `most often ${counted}`);
    if (index === null) plot.describe(`${columns.length} seconds; last: most often ${counted}`);
  }

  return { element: plot.element, update };
}

function pointedAt(rows: ReadonlyMap<number, number>, ms: number): [number, number] {
  const row = rowOf(ms * 1_000);
  return [row, rows.get(row) ?? 0];
}
