/// <reference lib="dom" />
/** Metrics of the system under test: a list to choose from, and a chart for each unit chosen. */
import { element, setText } from './element.ts';
import { createLineChart, type Line, type LineChart } from './line-chart.ts';
import { firstPicks, formatMetric, type MetricUnit, stepsOf, unitOf } from './metric-units.ts';
import type { RunData } from './run-data.ts';
import type { Color } from './theme.ts';
import type { View } from './view.ts';

const LINE_COLORS: readonly Color[] = [
  'blue',
  'orange',
  'green',
  'purple',
  'red',
  'sky',
  'brown',
  'yellow',
  'pink',
  'grey',
];

interface Entry {
  readonly name: string;
  readonly unit: MetricUnit;
  readonly row: HTMLElement;
  readonly box: HTMLInputElement;
  readonly value: HTMLElement;
}

export function createMetrics(view: View): { element: HTMLElement; update(run: RunData): void } {
  const search = element('input', {
    type: 'search',
    placeholder: 'Search metrics',
    'aria-label': 'Search metrics',
    autocomplete: 'off',
  });
  const chosen = element('span', { class: 'note', 'aria-live': 'polite' });
  const clear = element('button', { type: 'button', class: 'button quiet' }, 'Clear');
  const list = element('div', { class: 'metric-list', role: 'group', 'aria-label': 'Metrics' });
  const plots = element('div', { class: 'metric-plots' });
  const nothing = element('p', { class: 'empty-text' }, 'Choose metrics to see them here.');
  plots.append(nothing);
  const picker = element('div', { class: 'metric-picker' }, search, list);
  const panel = element(
    'section',
    { class: 'panel metrics', 'aria-label': 'Metrics of the system under test' },
    element(
      'div',
      { class: 'panel-head' },
      element('h2', {}, 'System under test', chosen),
      element('div', { class: 'panel-tools' }, clear),
    ),
    element('div', { class: 'metric-parts' }, picker, plots),
  );
  panel.hidden = true;

  let run: RunData | undefined;
  let scanned = 0;
  let hasChosen = false;
  const entries = new Map<string, Entry>();
  const charts = new Map<MetricUnit, LineChart>();
  search.addEventListener('input', filter);
  clear.addEventListener('click', () => {
    hasChosen = true;
    for (const { box } of entries.values()) box.checked = false;
    showCharts();
  });

  function update(next: RunData): void {
    if (next !== run) scanned = 0;
    run = next;
    const before = entries.size;
    for (const slice of next.slices.slice(scanned)) {
      for (const name of Object.keys(slice.metrics)) if (!entries.has(name)) addEntry(name);
    }
    scanned = next.slices.length;
    if (entries.size !== before) arrange();
    panel.hidden = entries.size === 0;
    const now = next.slices.at(-1)?.metrics ?? {};
    for (const { name, unit, value } of entries.values()) {
      setText(value, formatMetric(unit, now[name] ?? null));
    }
    for (const chart of charts.values()) chart.update(next);
  }

  function addEntry(name: string): void {
    const box = element('input', { type: 'checkbox' });
    const value = element('span', { class: 'metric-value' });
    const [base, labels] = splitName(name);
    const row = element(
      'label',
      { class: 'metric', title: name },
      box,
      element(
        'span',
        { class: 'metric-name' },
        base,
        ' ',
        element('span', { class: 'metric-labels' }, labels),
      ),
      value,
    );
    box.addEventListener('change', () => {
      hasChosen = true;
      showCharts();
    });
    entries.set(name, { name, unit: unitOf(name), row, box, value });
  }

  /** New rows go where their names belong; the others stay, and keep the focus. */
  function arrange(): void {
    const sorted = [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    sorted.forEach(({ row }, i) => {
      if (row.parentNode === null) list.insertBefore(row, list.children[i] ?? null);
    });
    if (!hasChosen) {
      const picks = new Set(firstPicks(run?.slices.at(-1)?.metrics ?? {}));
      for (const { name, box } of sorted) box.checked = picks.has(name);
    }
    filter();
    showCharts();
  }

  function filter(): void {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const { name, row } of entries.values()) {
      row.hidden = !words.every((word) => name.toLowerCase().includes(word));
    }
  }

  function showCharts(): void {
    const picked = [...entries.values()].filter(({ box }) => box.checked);
    setText(chosen, `${picked.length} of ${entries.size} shown`);
    const byUnit = Map.groupBy(picked, ({ unit }) => unit);
    for (const [unit, chart] of charts) {
      if (byUnit.has(unit)) continue;
      chart.element.remove();
      charts.delete(unit);
    }
    for (const [unit, of] of byUnit) {
      const lines = of.map(({ name }, i) => lineOf(name, i));
      const chart = charts.get(unit);
      if (chart === undefined) addChart(unit, lines);
      else chart.setLines(lines);
    }
    nothing.hidden = picked.length > 0;
  }

  function addChart(unit: MetricUnit, lines: readonly Line[]): void {
    const chart = createLineChart({
      title: unit === 'count' ? 'Counts' : unit[0]?.toUpperCase() + unit.slice(1),
      view,
      lines,
      heightPx: 132,
      steps: stepsOf(unit),
      format: (value) => formatMetric(unit, value),
    });
    charts.set(unit, chart);
    plots.append(chart.element);
    if (run !== undefined) chart.update(run);
  }

  return { element: panel, update };
}

function lineOf(name: string, index: number): Line {
  return {
    label: name,
    color: LINE_COLORS[index % LINE_COLORS.length] as Color,
    value: (slice) => slice.metrics[name] ?? null,
  };
}

function splitName(name: string): [string, string] {
  const at = name.indexOf('{');
  return at < 0 ? [name, ''] : [name.slice(0, at), name.slice(at)];
}
