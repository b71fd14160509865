/// <reference lib="dom" />
/** Which charts there are, and what each draws. */
import { FAILURE_KINDS, type FailureKind } from '../../failure.ts';
import type { Percentiles, Slice } from '../../result.ts';
import { WHOLE_STEPS } from './axes.ts';
import { element } from './element.ts';
import { formatCompact, formatMs, formatMsTick, formatNumber, formatPercent } from './format.ts';
import { createLineChart, type Line, type LineChart } from './line-chart.ts';
import type { RunData } from './run-data.ts';
import type { Color } from './theme.ts';
import type { View } from './view.ts';

const FAILURE_COLORS: Readonly<Record<FailureKind, Color>> = {
  refused: 'brown',
  reset: 'orange',
  'connect-timeout': 'yellow',
  timeout: 'red',
  protocol: 'pink',
  status: 'purple',
  check: 'blue',
  exception: 'sky',
  exhausted: 'grey',
  cut: 'green',
};

const PERCENTILES: readonly (readonly [string, keyof Percentiles, Color])[] = [
  ['max', 'maxMs', 'grey'],
  ['p99.9', 'p999Ms', 'red'],
  ['p99', 'p99Ms', 'orange'],
  ['p90', 'p90Ms', 'green'],
  ['p50', 'p50Ms', 'blue'],
];

export function rateChart(view: View): LineChart {
  const perS = (count: number, durationMs: number) => (count * 1_000) / Math.max(durationMs, 1);
  const always: Line[] = [
    { label: 'arrivals', color: 'sky', value: (s) => perS(s.arrivals, s.durationMs) },
    {
      label: 'ok',
      color: 'green',
      width: 2,
      value: (s) => perS(s.completed - s.failed, s.durationMs),
    },
    { label: 'failed', color: 'red', value: (s) => perS(s.failed, s.durationMs) },
  ];
  // Last, so that it can be seen on what was achieved.
  const asked: Line = {
    label: 'asked',
    color: 'text',
    dash: [4, 5],
    width: 1,
    value: (slice) => slice.askedPerS,
  };
  const chart = createLineChart({
    title: 'Rate',
    note: 'flows per second',
    view,
    format: formatNumber,
    formatTick: formatCompact,
    steps: WHOLE_STEPS,
    lines: always,
  });
  return withLine(chart, always, asked, (slice) => slice.askedPerS !== null);
}

/** With a switch between the two times it can be measured from. */
export function latencyChart(view: View): LineChart {
  const linesOf = (from: 'latency' | 'service'): Line[] =>
    PERCENTILES.map(([label, key, color]) => ({
      label,
      color,
      ...(label === 'max' ? { dash: [2, 3], width: 1 } : {}),
      value: (slice) => slice[from]?.[key] ?? null,
    }));
  const chart = createLineChart({
    title: 'Latency',
    view,
    isLog: true,
    format: formatMs,
    formatTick: formatMsTick,
    lines: linesOf('latency'),
  });
  const group = element('div', { class: 'segments', role: 'group', 'aria-label': 'Measured' });
  const choices = [
    ['latency', 'from intended send'],
    ['service', 'from actual send'],
  ] as const;
  const buttons = choices.map(([from, label]) => {
    const button = element(
      'button',
      { type: 'button', 'aria-pressed': String(from === 'latency') },
      label,
    );
    button.addEventListener('click', () => {
      for (const other of buttons) other.setAttribute('aria-pressed', String(other === button));
      chart.setLines(linesOf(from));
    });
    return button;
  });
  group.append(...buttons);
  chart.tools.append(group);
  return chart;
}

/** Only the kinds that occurred; ten lines at 0 would say nothing. */
export function failuresChart(view: View): LineChart {
  const chart = createLineChart({
    title: 'Failures by kind',
    note: 'per second',
    view,
    isStacked: true,
    format: formatNumber,
    formatTick: formatCompact,
    steps: WHOLE_STEPS,
    lines: [],
  });
  const none = element('p', { class: 'empty' }, 'No failures so far');
  chart.element.append(none);
  const seen = new Set<FailureKind>();
  let told: RunData | undefined;
  let slicesSeen = 0;
  return {
    ...chart,
    update(run) {
      if (run !== told) {
        slicesSeen = 0;
        seen.clear();
        chart.setLines([]);
      }
      told = run;
      const before = seen.size;
      for (const { failures } of run.slices.slice(slicesSeen)) {
        for (const kind of FAILURE_KINDS) if ((failures[kind] ?? 0) > 0) seen.add(kind);
      }
      slicesSeen = run.slices.length;
      if (seen.size !== before) {
        const kinds = FAILURE_KINDS.filter((kind) => seen.has(kind));
        chart.setLines(
          kinds.map((kind) => ({
            label: kind,
            color: FAILURE_COLORS[kind],
            value: (slice) => slice.failures[kind] ?? 0,
          })),
        );
      }
      none.hidden = seen.size > 0;
      chart.update(run);
    },
  };
}

export function inFlightChart(view: View): LineChart {
  const always: Line[] = [
    { label: 'in flight', color: 'blue', value: (slice) => slice.inFlight },
    { label: 'connections', color: 'orange', value: (slice) => slice.connections },
  ];
  const users: Line = { label: 'users', color: 'purple', dash: [5, 4], value: (s) => s.users };
  const chart = createLineChart({
    title: 'In flight',
    view,
    format: formatNumber,
    formatTick: formatCompact,
    steps: WHOLE_STEPS,
    lines: always,
  });
  return withLine(chart, always, users, (slice) => slice.users !== null);
}

/** Has a line more, in runs whose seconds have a value for it. */
function withLine(
  chart: LineChart,
  always: readonly Line[],
  more: Line,
  hasValue: (slice: Slice) => boolean,
): LineChart {
  let hasLine = false;
  return {
    ...chart,
    update(run) {
      const last = run.slices.at(-1);
      const hasNow = last === undefined ? hasLine : hasValue(last);
      if (hasNow !== hasLine) chart.setLines(hasNow ? [...always, more] : always);
      hasLine = hasNow;
      chart.update(run);
    },
  };
}

/** 100 % is one core, or a loop that never waits. */
export function generatorLoadChart(view: View): LineChart {
  return createLineChart({
    title: 'Generator: load',
    note: '100 % = one core, one full loop',
    view,
    format: formatPercent,
    lines: [
      { label: 'CPU', color: 'purple', value: ({ generator }) => generator.cpuCores },
      {
        label: 'busiest loop',
        color: 'blue',
        value: ({ generator }) => generator.loopUtilization,
      },
    ],
  });
}

export function generatorDelayChart(view: View): LineChart {
  return createLineChart({
    title: 'Generator: delay',
    view,
    isLog: true,
    format: formatMs,
    formatTick: formatMsTick,
    lines: [
      { label: 'longest loop delay', color: 'orange', value: (s) => s.generator.loopDelayMs },
      { label: 'send delay p99', color: 'red', value: (s) => s.generator.sendDelayP99Ms },
    ],
  });
}
