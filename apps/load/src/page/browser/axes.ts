/// <reference lib="dom" />
/** Axes, grids and scales that all charts have alike. */
import type uPlot from 'uplot';
import { formatClock } from './format.ts';
import { logRange, logSplits } from './log-scale.ts';
import { type Color, colorOf } from './theme.ts';

const FONT =
  '11px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const CLOCK_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400,
];
/** As wide as the widest value, so that the plots of all charts begin at the same place. */
const VALUES_WIDTH = 58;

/** Between ticks of what there are no halves of. */
export const WHOLE_STEPS = Array.from({ length: 13 }, (_, power) =>
  [1, 2, 5].map((lead) => lead * 10 ** power),
).flat();

export function stroke(color: Color): () => string {
  return () => colorOf(color);
}

function axis(): uPlot.Axis {
  return {
    stroke: stroke('muted'),
    font: FONT,
    grid: { stroke: stroke('grid'), width: 1 },
    ticks: { show: false },
    gap: 6,
  };
}

/** Seconds since the start. */
export function timeAxis(): uPlot.Axis {
  return {
    ...axis(),
    scale: 'x',
    size: 26,
    space: 64,
    incrs: CLOCK_STEPS,
    grid: { show: false },
    values: (_, splits) => splits.map(formatClock),
  };
}

export function valueAxis(format: (value: number) => string): uPlot.Axis {
  return {
    ...axis(),
    scale: 'y',
    size: VALUES_WIDTH,
    space: 34,
    values: (_, splits) => splits.map(format),
  };
}

/** From 0 up, with some room above the highest value. */
export function linearScale(): uPlot.Scale {
  return { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] };
}

export function logAxis(format: (value: number) => string): uPlot.Axis {
  return {
    ...valueAxis(format),
    splits: (u, _, min, max) => logSplits(min, max, u.bbox.height / devicePixelRatio),
    filter: (_, splits) => splits,
    grid: { stroke: stroke('grid'), width: 1, filter: (_, splits) => splits },
  };
}

/** Whole steps of 1, 2, 5, and a decade at least. */
export function logScale(): uPlot.Scale {
  return {
    distr: 3,
    log: 10,
    range: (_, min, max) => logRange(min, max),
  };
}
