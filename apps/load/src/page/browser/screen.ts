/// <reference lib="dom" />
/** Everything that shows a run; drawn anew at most once per frame. */
import { get } from './element.ts';
import { createFigures } from './figures.ts';
import { createFlows } from './flows.ts';
import { showHeader } from './header.ts';
import { createHeatMap } from './heat-map.ts';
import { createMetrics } from './metrics.ts';
import type { RunData } from './run-data.ts';
import { createSummary, createVerdict } from './summary.ts';
import {
  failuresChart,
  generatorDelayChart,
  generatorLoadChart,
  inFlightChart,
  latencyChart,
  rateChart,
} from './time-charts.ts';
import { createView } from './view.ts';

export interface Screen {
  /** Shows what the run is by now, with the next frame. */
  show(run: RunData): void;
}

export function createScreen(): Screen {
  let run: RunData | undefined;
  let summarized: RunData['result'];
  let isDue = false;

  const view = createView(redraw);
  get('charts-bar').append(view.bar);
  const charts = [
    rateChart(view),
    latencyChart(view),
    createHeatMap(view),
    failuresChart(view),
    inFlightChart(view),
    generatorLoadChart(view),
    generatorDelayChart(view),
    createFlows(),
  ];
  get('charts').append(...charts.map((chart) => chart.element));
  const metrics = createMetrics(view);
  get('charts').after(metrics.element);
  const figures = createFigures(get('figures'));

  function redraw(): void {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      if (run !== undefined) draw(run);
    });
  }

  function draw(now: RunData): void {
    showHeader(now);
    figures.update(now);
    for (const chart of charts) chart.update(now);
    metrics.update(now);
    if (now.result === summarized) return;
    summarized = now.result;
    get('verdict').replaceChildren(...(now.result === undefined ? [] : createVerdict(now.result)));
    get('rest').replaceChildren(...(now.result === undefined ? [] : createSummary(now.result)));
  }

  return {
    show(next) {
      run = next;
      redraw();
    },
  };
}
