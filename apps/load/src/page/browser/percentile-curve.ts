/// <reference lib="dom" />
/** Latency over percentile, where each step to the right is a tenth of the requests left. */
import uPlot from 'uplot';
import { Histogram, readCounts } from '../../histogram.ts';
import { logAxis, logScale, stroke } from './axes.ts';
import { element, setText } from './element.ts';
import { formatMs, formatMsTick, formatNumber } from './format.ts';
import { type Color, onThemeChange } from './theme.ts';

export interface Curve {
  readonly label: string;
  /** `Summary.histogram`. */
  readonly histogram: string;
}

const HEIGHT_PX = 400;
/** 99.99 %. */
const NINES = 4;
const STEPS = 200;
const TICKS = [0, 0.5, 0.9, 0.99, 0.999, 0.9999];
const COLORS: readonly Color[] = [
  'blue',
  'orange',
  'green',
  'purple',
  'red',
  'sky',
  'brown',
  'pink',
];

/** Curves without a value are left out. */
export function createPercentileCurve(curves: readonly Curve[]): HTMLElement {
  const nines = Array.from({ length: STEPS + 1 }, (_, i) => (i / STEPS) * NINES);
  const columns = curves.map(({ histogram }) => {
    const latencies = new Histogram();
    latencies.add(readCounts(histogram));
    return nines.map((x) => Math.max(latencies.quantileUs(1 - 10 ** -x) / 1_000, 0.001));
  });
  const shown = curves.flatMap(({ label }, i) =>
    Number.isFinite(columns[i]?.[0]) ? [{ label, column: columns[i] as number[] }] : [],
  );
  const names = shown.map(({ label }) => label).join(', ');
  const box = element('div', {
    class: 'plot',
    role: 'img',
    'aria-label': `Latency over percentile of ${names}`,
  });
  box.style.height = `${HEIGHT_PX}px`;
  const at = element('span', { class: 'legend-time' });
  const values = shown.map(() => element('span', { class: 'legend-value' }));
  const items = shown.map(({ label }, i) =>
    element(
      'span',
      { class: 'legend-item' },
      element('span', { class: `swatch ${COLORS[i % COLORS.length]}` }),
      element('span', { class: 'legend-label' }, label),
      values[i] as HTMLElement,
    ),
  );

  function showValues(index: number): void {
    setText(at, `p${formatPercentile(1 - 10 ** -(nines[index] as number))}`);
    shown.forEach(({ column }, i) => {
      setText(values[i] as HTMLElement, formatMs(column[index] ?? null));
    });
  }
  showValues(STEPS / 2);

  const uplot = new uPlot(
    {
      width: 300,
      height: HEIGHT_PX,
      padding: [8, 24, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6, width: 2 } },
      scales: { x: { time: false, range: [0, NINES] }, y: logScale() },
      axes: [
        {
          stroke: stroke('muted'),
          font: '11px system-ui, sans-serif',
          size: 26,
          gap: 6,
          grid: { stroke: stroke('grid'), width: 1 },
          ticks: { show: false },
          splits: TICKS.map((share) => -Math.log10(1 - share)),
          values: TICKS.map((share) => formatPercentile(share)),
        },
        logAxis(formatMsTick),
      ],
      series: [
        {},
        ...shown.map((_, i) => ({
          stroke: stroke(COLORS[i % COLORS.length] as Color),
          width: 1.75,
          points: { show: false },
        })),
      ],
      hooks: { setCursor: [(u) => showValues(u.cursor.idx ?? STEPS / 2)] },
    },
    [nines, ...shown.map(({ column }) => column)],
    box,
  );
  new ResizeObserver(() => {
    if (box.clientWidth > 0) uplot.setSize({ width: box.clientWidth, height: HEIGHT_PX });
  }).observe(box);
  onThemeChange(() => uplot.redraw(false));
  return element(
    'figure',
    { class: 'panel' },
    element(
      'figcaption',
      { class: 'panel-head' },
      element(
        'h2',
        {},
        'Percentiles',
        element('span', { class: 'note' }, 'latency over percentile, from intended send'),
      ),
    ),
    box,
    element('div', { class: 'legend' }, at, ...items),
  );
}

function formatPercentile(share: number): string {
  const percent = share * 100;
  return percent < 99 ? formatNumber(percent) : String(Number(percent.toFixed(3)));
}
