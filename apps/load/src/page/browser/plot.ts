/// <reference lib="dom" />
/** The frame of every chart over time: one time axis, one cursor, the same marks. */
import uPlot from 'uplot';
import { stroke, timeAxis } from './axes.ts';
import { element } from './element.ts';
import { drawMarks, drawSaturation } from './marks.ts';
import type { RunData } from './run-data.ts';
import { onThemeChange } from './theme.ts';
import type { View } from './view.ts';

export interface PlotSpec {
  readonly title: string;
  /** What is drawn, for those who know the title only. */
  readonly note?: string;
  readonly heightPx: number;
  readonly axis: uPlot.Axis;
  readonly scale: uPlot.Scale;
  readonly view: View;
  /** A second hair, for what is read off the y axis. */
  readonly hasYCursor?: boolean;
  /** Draws below the lines, in canvas pixels. */
  draw?(u: uPlot, run: RunData): void;
  /** The cursor is at another second, or left (null). */
  onCursor(index: number | null, u: uPlot): void;
}

export interface Plot {
  readonly element: HTMLElement;
  /** Beside the title. */
  readonly tools: HTMLElement;
  readonly uplot: uPlot;
  /** Draws the run, with these series over its times. */
  show(run: RunData, columns: readonly (readonly (number | null)[])[]): void;
  /** Other series than until now; shown by the next `show`. */
  setSeries(series: readonly uPlot.Series[]): void;
  describe(text: string): void;
}

export function createPlot(spec: PlotSpec): Plot {
  let run: RunData | undefined;
  const box = element('div', { class: 'plot', tabindex: '0', role: 'img' });
  box.style.height = `${spec.heightPx}px`;
  const tools = element('div', { class: 'panel-tools' });
  const title = element('h2', {}, spec.title);
  if (spec.note !== undefined) title.append(element('span', { class: 'note' }, spec.note));
  const figure = element(
    'figure',
    { class: 'panel' },
    element('figcaption', { class: 'panel-head' }, title, tools),
    box,
  );

  const uplot = new uPlot(
    {
      width: 300,
      height: spec.heightPx,
      padding: [8, 22, 0, 0],
      legend: { show: false },
      scales: { x: { time: false }, y: spec.scale },
      axes: [timeAxis(), spec.axis],
      series: [{}],
      cursor: {
        y: spec.hasYCursor ?? false,
        points: { size: 6, width: 2 },
        drag: { x: true, y: false, setScale: false, dist: 6 },
        // A chart's zoom is everybody's, but goes by way of the view.
        sync: {
          key: 'time',
          scales: ['x', null],
          setSeries: false,
          filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' },
        },
        bind: {
          dblclick: () => () => {
            spec.view.reset();
            return null;
          },
        },
      },
      hooks: {
        drawClear: [(u) => run !== undefined && drawSaturation(u, run)],
        drawAxes: [(u) => run !== undefined && spec.draw?.(u, run)],
        draw: [(u) => run !== undefined && drawMarks(u, run)],
        setCursor: [(u) => spec.onCursor(u.cursor.idx ?? null, u)],
        setSelect: [
          (u) => {
            const { left, width } = u.select;
            if (width < 6) return;
            spec.view.zoom(u.posToVal(left, 'x'), u.posToVal(left + width, 'x'));
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    },
    [[]],
    box,
  );
  new ResizeObserver(() => {
    if (box.clientWidth > 0) uplot.setSize({ width: box.clientWidth, height: spec.heightPx });
  }).observe(box);
  onThemeChange(() => uplot.redraw(false));
  moveWithKeys(box, uplot);

  return {
    element: figure,
    tools,
    uplot,
    show(shown, columns) {
      run = shown;
      const [min, max] = spec.view.range(run);
      uplot.batch(() => {
        uplot.setData([shown.times, ...columns] as uPlot.AlignedData, false);
        uplot.setScale('x', { min, max });
      });
    },
    setSeries(series) {
      while (uplot.series.length > 1) uplot.delSeries(uplot.series.length - 1);
      for (const one of series) uplot.addSeries(one, uplot.series.length);
    },
    describe: (text) => box.setAttribute('aria-label', `${spec.title}: ${text}`),
  };
}

/** A line of a chart. */
export function lineSeries(line: {
  readonly color: Parameters<typeof stroke>[0];
  readonly dash?: number[];
  readonly width?: number;
}): uPlot.Series {
  return {
    stroke: stroke(line.color),
    width: line.width ?? 1.5,
    ...(line.dash === undefined ? {} : { dash: line.dash }),
    points: { size: 4 },
  };
}

function moveWithKeys(box: HTMLElement, uplot: uPlot): void {
  // Its types leave out the argument that tells the other charts.
  const setCursor = uplot.setCursor as (
    at: { left: number; top: number },
    isTold: boolean,
    isShared: boolean,
  ) => void;
  const moveCursor = (at: { left: number; top: number }) => setCursor(at, true, true);
  box.addEventListener('keydown', (event) => {
    const times = uplot.data[0];
    const steps: Record<string, number> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      PageUp: -10,
      PageDown: 10,
    };
    const step = steps[event.key];
    const isEnd = event.key === 'Home' || event.key === 'End';
    if ((step === undefined && !isEnd) || times.length === 0) return;
    event.preventDefault();
    const last = times.length - 1;
    const from = uplot.cursor.idx ?? last;
    const index = isEnd ? (event.key === 'Home' ? 0 : last) : from + (step as number);
    const time = times[Math.min(Math.max(index, 0), last)] as number;
    moveCursor({ left: uplot.valToPos(time, 'x'), top: uplot.over.clientHeight / 2 });
  });
  box.addEventListener('blur', () => moveCursor({ left: -10, top: -10 }));
}
