/// <reference lib="dom" />
/** A chart of lines, or of bars on top of each other, with their values under it. */
import uPlot from 'uplot';
import type { Slice } from '../../result.ts';
import { linearScale, logAxis, logScale, stroke, valueAxis } from './axes.ts';
import { createLegend } from './legend.ts';
import { createPlot, lineSeries } from './plot.ts';
import type { RunData } from './run-data.ts';
import type { Color } from './theme.ts';
import type { View } from './view.ts';

export interface Line {
  readonly label: string;
  readonly color: Color;
  readonly dash?: number[];
  readonly width?: number;
  value(slice: Slice): number | null;
}

export interface LineChartSpec {
  readonly title: string;
  readonly note?: string;
  readonly view: View;
  readonly lines: readonly Line[];
  readonly heightPx?: number;
  /** What may be between two ticks of the axis. */
  readonly steps?: number[] | undefined;
  readonly isLog?: boolean;
  readonly isStacked?: boolean;
  format(value: number | null): string;
  /** Values beside the axis, where there is less room. */
  formatTick?(value: number): string;
}

export interface LineChart {
  readonly element: HTMLElement;
  readonly tools: HTMLElement;
  setLines(lines: readonly Line[]): void;
  update(run: RunData): void;
}

/** A logarithmic axis has no 0. */
const LEAST_LOG = 0.001;
const HEIGHT_PX = 196;

export function createLineChart(spec: LineChartSpec): LineChart {
  const { format, formatTick = format } = spec;
  let lines = spec.lines;
  let run: RunData | undefined;
  /** Of each line, its value of each slice. */
  let values: (number | null)[][] = [];
  /** What is drawn: of a stack, the sum of the line and all below. */
  let drawn: (number | null)[][] = [];
  let cursor: number | null = null;

  const plot = createPlot({
    title: spec.title,
    ...(spec.note === undefined ? {} : { note: spec.note }),
    view: spec.view,
    heightPx: spec.heightPx ?? HEIGHT_PX,
    axis:
      spec.isLog === true
        ? logAxis(formatTick)
        : { ...valueAxis(formatTick), ...(spec.steps === undefined ? {} : { incrs: spec.steps }) },
    scale: spec.isLog === true ? logScale() : linearScale(),
    onCursor(index) {
      cursor = index;
      showValues();
    },
  });
  const legend = createLegend((index, isShown) => {
    if (spec.isStacked === true) {
      drawn = [];
      if (run !== undefined) update(run);
    } else {
      plot.uplot.setSeries(index + 1, { show: isShown });
    }
  });
  plot.element.append(legend.element);
  setLines(lines);

  function setLines(next: readonly Line[]): void {
    lines = next;
    values = [];
    drawn = [];
    legend.setItems(lines);
    plot.setSeries(
      lines.map((line, i) => ({
        ...lineSeries(line),
        show: spec.isStacked === true || legend.isShown(i),
        ...(spec.isStacked === true ? barSeries(line.color) : {}),
      })),
    );
    if (run !== undefined) update(run);
  }

  function update(next: RunData): void {
    if (next !== run || values.length !== lines.length) {
      values = lines.map(() => []);
      drawn = [];
    }
    run = next;
    lines.forEach((line, i) => {
      const column = values[i] as (number | null)[];
      for (const slice of next.slices.slice(column.length)) column.push(line.value(slice));
    });
    draw(next);
    plot.show(next, drawn);
    showValues();
  }

  function draw(next: RunData): void {
    if (drawn.length !== lines.length) drawn = lines.map(() => []);
    // The highest of a stack comes first, since the ones below are painted over it.
    for (let at = drawn[0]?.length ?? 0; at < next.slices.length; at++) {
      let sum = 0;
      for (let i = lines.length - 1; i >= 0; i--) {
        const value = values[i]?.[at] ?? null;
        const column = drawn[i] as (number | null)[];
        if (spec.isStacked === true) {
          sum += legend.isShown(i) ? (value ?? 0) : 0;
          column.push(sum);
        } else {
          column.push(spec.isLog === true && value !== null ? Math.max(value, LEAST_LOG) : value);
        }
      }
    }
  }

  function showValues(): void {
    if (run === undefined) return;
    const at = cursor ?? run.slices.length - 1;
    const texts = values.map((column) => format(column[at] ?? null));
    legend.show(run.slices[at], texts);
    if (cursor === null) {
      plot.describe(
        run.slices.length === 0
          ? 'no data yet'
          : `${run.slices.length} seconds; last: ${lines.map((line, i) => `${line.label} ${texts[i]}`).join(', ')}`,
      );
    }
  }

  return { element: plot.element, tools: plot.tools, setLines, update };
}

function barSeries(color: Color): Partial<uPlot.Series> {
  const paths = uPlot.paths.bars?.({ size: [1, Number.POSITIVE_INFINITY], gap: 0 });
  return {
    fill: stroke(color),
    width: 0,
    points: { show: false },
    ...(paths === undefined ? {} : { paths }),
  };
}
