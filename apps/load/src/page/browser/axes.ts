/// <reference lib="dom" />
/** Axes, grids and scales that all charts have alike. */
import type uPlot from 'uplot';
import { formatClock } from './format.ts';
import { type Color, colorOf } from './theme.ts';

const FONT =
  '11px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const CLOCK_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400,
];
/** As wide as the widest value, so that the plots of all charts begin at the same place. */
const VALUES_WIDTH = 58;

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

export function logRange(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null || !(min > 0)) return [1, 100];
  const from = stepBelow(min);
  const to = stepBelow(max * 0.999_999) * 2.5;
  const top = stepBelow(to * 1.000_001) >= max ? stepBelow(to * 1.000_001) : to;
  return top / from >= 10 ? [from, top] : [from, from * 10];
}

/** The highest of 1, 2, 5 × 10ⁿ that is no higher than this. */
function stepBelow(value: number): number {
  const decade = 10 ** Math.floor(Math.log10(value) + 1e-9);
  const lead = value / decade;
  return decade * (lead >= 5 - 1e-9 ? 5 : lead >= 2 - 1e-9 ? 2 : 1);
}

/** 1, 2, 5 of each decade where there is room, otherwise every decade or every few. */
export function logSplits(min: number, max: number, heightPx: number): number[] {
  const decades = Math.log10(max / min);
  const room = heightPx / decades;
  const leads = room >= 100 ? [1, 2, 5] : room >= 58 ? [1, 3] : [1];
  const every = room >= 22 ? 1 : 2;
  const splits: number[] = [];
  for (let power = Math.floor(Math.log10(min)); power <= Math.log10(max) + 1e-9; power++) {
    if (power % every !== 0) continue;
    for (const lead of leads) {
      const value = Number(`${lead}e${power}`);
      if (value >= min * 0.999 && value <= max * 1.001) splits.push(value);
    }
  }
  return splits;
}
