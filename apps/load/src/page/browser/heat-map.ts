/// <reference lib="dom" />
/** Every latency of every second: columns are seconds, rows latencies, colour is their share. */
import type uPlot from 'uplot';
import { logAxis, logRange } from './axes.ts';
import { element, setText } from './element.ts';
import {
  formatClock,
  formatMs,
  formatMsTick,
  formatNumber,
  formatShare,
  NOTHING,
} from './format.ts';
import { ROWS, readRows, rowFloorMs, rowOf } from './latency-rows.ts';
import { createPlot } from './plot.ts';
import type { RunData } from './run-data.ts';
import { isDark, onThemeChange } from './theme.ts';
import type { View } from './view.ts';

export interface HeatMap {
  readonly element: HTMLElement;
  update(run: RunData): void;
}

/** Of a second; the deepest colour. */
const FULL_SHARE = 0.2;

/** From few to many; readable without colour, since it goes from pale to deep. */
const LIGHT = ['#e3eefb', '#a9cdf3', '#5ba3e6', '#1c6fc9', '#0b3d91', '#2a0f55'];
const DARK = ['#152238', '#1b3f73', '#2170b8', '#3fb0d6', '#a6e3c4', '#fdf6b2'];

export function createHeatMap(view: View): HeatMap {
  let run: RunData | undefined;
  let columns: Map<number, number>[] = [];
  let lowest = ROWS;
  let highest = -1;
  let image = createImage();

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
      if (run !== undefined && highest >= 0) image.drawOn(u, run);
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
    image = createImage();
    if (run !== undefined) update(run);
  });

  function update(next: RunData): void {
    if (next !== run) {
      columns = [];
      lowest = ROWS;
      highest = -1;
      image = createImage();
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
    image.append(columns);
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

/** A pixel for each second and row, kept, so that a second more costs one column more. */
function createImage() {
  const ramp = rampOf(isDark() ? DARK : LIGHT);
  let canvas = new OffscreenCanvas(256, ROWS);
  let painted = 0;

  function append(columns: readonly ReadonlyMap<number, number>[]): void {
    if (columns.length > canvas.width) {
      const wider = new OffscreenCanvas(2 ** Math.ceil(Math.log2(columns.length)), ROWS);
      wider.getContext('2d')?.drawImage(canvas, 0, 0);
      canvas = wider;
    }
    const ctx = canvas.getContext('2d');
    for (; painted < columns.length; painted++) {
      const rows = columns[painted] as ReadonlyMap<number, number>;
      const total = [...rows.values()].reduce((sum, count) => sum + count, 0);
      const pixels = new ImageData(1, ROWS);
      for (const [row, count] of rows) {
        // The root, so that one in a thousand still shows beside the half.
        const step = Math.round(
          Math.sqrt(Math.min(count / total / FULL_SHARE, 1)) * (ramp.length - 1),
        );
        pixels.data.set(ramp[step] as number[], (ROWS - 1 - row) * 4);
      }
      ctx?.putImageData(pixels, painted, 0);
    }
  }

  function drawOn(u: uPlot, run: RunData): void {
    const { ctx, bbox } = u;
    const top = u.valToPos(rowFloorMs(ROWS), 'y', true);
    const bottom = u.valToPos(rowFloorMs(0), 'y', true);
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.imageSmoothingEnabled = false;
    let from = 0;
    for (let i = 1; i <= painted; i++) {
      // Seconds that follow each other are drawn as one piece.
      const last = run.slices[i - 1] as RunData['slices'][number];
      const endMs = last.startMs + last.durationMs;
      const next = run.slices[i];
      const isPiece = i < painted && next !== undefined && next.durationMs === last.durationMs;
      if (isPiece && Math.abs(next.startMs - endMs) < 50) continue;
      const left = u.valToPos((run.slices[from]?.startMs ?? 0) / 1_000, 'x', true);
      const right = u.valToPos(endMs / 1_000, 'x', true);
      ctx.drawImage(canvas, from, 0, i - from, ROWS, left, top, right - left, bottom - top);
      from = i;
    }
    ctx.restore();
  }

  return { append, drawOn };
}

/** 64 steps between the colours, as red, green, blue, alpha. */
function rampOf(colors: readonly string[]): number[][] {
  const parts = colors.map((color) =>
    [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16)),
  );
  return Array.from({ length: 64 }, (_, i) => {
    const place = (i / 63) * (parts.length - 1);
    const low = Math.min(Math.floor(place), parts.length - 2);
    const [from, to] = [parts[low] as number[], parts[low + 1] as number[]];
    const mixed = from.map((value, c) =>
      Math.round(value + ((to[c] as number) - value) * (place - low)),
    );
    return [...mixed, 255];
  });
}
