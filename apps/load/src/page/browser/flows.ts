/// <reference lib="dom" />
/** A line for each flow. */
import { element, setText } from './element.ts';
import { formatMs, formatNumber, NOTHING } from './format.ts';
import type { RunData } from './run-data.ts';
import { colorOf, onThemeChange } from './theme.ts';

const SPARK_SECONDS = 120;
const SPARK = { width: 132, height: 26 };

interface Row {
  readonly cells: readonly HTMLElement[];
  readonly spark: HTMLCanvasElement;
  completed: number;
  failed: number;
}

export function createFlows(): { element: HTMLElement; update(run: RunData): void } {
  const body = element('tbody');
  const heads = ['Flow', 'Completed', 'Failed', 'p50', 'p99', 'p99, last 2 min'];
  const when = element('span', { class: 'note' });
  const panel = element(
    'section',
    { class: 'panel flows', 'aria-label': 'Flows' },
    element('div', { class: 'panel-head' }, element('h2', {}, 'Flows', when)),
    element(
      'div',
      { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Table of flows' },
      element(
        'table',
        {},
        element(
          'thead',
          {},
          element(
            'tr',
            {},
            ...heads.map((head, i) =>
              element('th', { scope: 'col', class: i === 0 ? undefined : 'number' }, head),
            ),
          ),
        ),
        body,
      ),
    ),
  );
  let run: RunData | undefined;
  let counted = 0;
  let rows = new Map<string, Row>();
  onThemeChange(() => run !== undefined && update(run));

  function update(next: RunData): void {
    if (next !== run) {
      rows = new Map();
      counted = 0;
      body.replaceChildren();
    }
    run = next;
    for (const slice of next.slices.slice(counted)) {
      for (const [name, flow] of Object.entries(slice.flows)) {
        const row = rowOf(name);
        row.completed += flow.completed;
        row.failed += flow.failed;
      }
    }
    counted = next.slices.length;
    for (const name of next.header.flows) showRow(next, name, rowOf(name));
    setText(when, next.result === undefined ? 'latencies of the last second' : 'whole run');
  }

  function rowOf(name: string): Row {
    const known = rows.get(name);
    if (known !== undefined) return known;
    const cells = heads.slice(1, -1).map(() => element('td', { class: 'number' }));
    const spark = element('canvas', { class: 'spark', role: 'img' });
    const ratio = Math.max(devicePixelRatio, 1);
    spark.width = SPARK.width * ratio;
    spark.height = SPARK.height * ratio;
    const row = { cells, spark, completed: 0, failed: 0 };
    rows.set(name, row);
    body.append(
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, name),
        ...cells,
        element('td', { class: 'spark-cell' }, spark),
      ),
    );
    return row;
  }

  function showRow({ slices, result }: RunData, name: string, row: Row): void {
    const now = slices.at(-1)?.flows[name];
    const all = result?.series.find((series) => series.name === name);
    const latency = all?.latency ?? (now === undefined || now.completed === 0 ? undefined : now);
    const texts = [
      formatNumber(all?.completed ?? row.completed),
      formatNumber(all?.failed ?? row.failed),
      latency === undefined ? NOTHING : formatMs(latency.p50Ms),
      latency === undefined ? NOTHING : formatMs(latency.p99Ms),
    ];
    row.cells.forEach((cell, i) => {
      setText(cell, texts[i] ?? NOTHING);
    });
    row.cells[1]?.classList.toggle('is-bad', (all?.failed ?? row.failed) > 0);
    drawSpark(
      row.spark,
      slices.slice(-SPARK_SECONDS).map(({ flows }) => p99Of(flows[name])),
    );
    row.spark.setAttribute('aria-label', `p99 of ${name}, now ${texts[3]}`);
  }

  return { element: panel, update };
}

function p99Of(flow: { completed: number; p99Ms: number } | undefined): number | null {
  return flow === undefined || flow.completed === 0 ? null : flow.p99Ms;
}

/** On a logarithmic height, as the large chart has it. */
function drawSpark(canvas: HTMLCanvasElement, values: readonly (number | null)[]): void {
  const ctx = canvas.getContext('2d');
  if (ctx === null) return;
  const { width, height } = canvas;
  ctx.clearRect(0, 0, width, height);
  const logs = values.map((value) => (value === null ? null : Math.log(Math.max(value, 0.001))));
  const known = logs.filter((value) => value !== null);
  if (known.length === 0) return;
  const low = Math.min(...known);
  const high = Math.max(...known, low + 1);
  ctx.beginPath();
  ctx.lineWidth = 1.25 * devicePixelRatio;
  ctx.lineJoin = 'round';
  ctx.strokeStyle = colorOf('orange');
  const pad = 2 * devicePixelRatio;
  let isDown = false;
  logs.forEach((value, i) => {
    if (value === null) {
      isDown = false;
      return;
    }
    const x = pad + (i / Math.max(logs.length - 1, 1)) * (width - 2 * pad);
    const y = height - pad - ((value - low) / (high - low)) * (height - 2 * pad);
    if (isDown) ctx.lineTo(x, y);
    else ctx.moveTo(x, y);
    isDown = true;
  });
  ctx.stroke();
}
