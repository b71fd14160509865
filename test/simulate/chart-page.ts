/** Every run of a simulation as charts: one page that needs nothing else. */
import {
  drawLines,
  escapeText,
  type Line,
  linearScale,
  logScale,
  type Span,
} from './chart-plot.ts';
import { drawShares, shareLegend } from './chart-share.ts';
import { chartStyle } from './chart-style.ts';
import type { Scenario } from './scenario.ts';
import { type Entry, figureCells, figureHead, goalsOf, goalText } from './summary.ts';
import { type Timeline, timelineOf } from './timeline.ts';

/** The charts of one scenario. */
export interface Chapter {
  readonly name: string;
  readonly html: string;
}

/** So many shaded stripes would hide what they explain. */
const MOST_SPANS = 20;

/** The whole page, as HTML. */
export function renderPage(chapters: readonly Chapter[]): string {
  const links = chapters.map(({ name }) => {
    return `<a href="#${escapeText(name)}">${escapeText(name)}</a>`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Headgate, simulated</title>
<style>${chartStyle}</style>
<h1>Headgate, simulated</h1>
<p class="note">Virtual time, the balancer’s own code. The bound is one queue in front of all workers, which no balancer can beat.</p>
${chapters.length > 1 ? `<nav>${links.join(' ')}</nav>` : ''}
${chapters.map(({ html }) => html).join('\n')}
</html>
`;
}

/** Draws every contestant of a scenario beside the others; of several runs of one the first. */
export function drawChapter(scenario: Scenario, entries: readonly Entry[]): Chapter {
  const timelines = entries.flatMap(({ contestant, runs: [run] }) =>
    run ? [{ contestant, timeline: timelineOf(run) }] : [],
  );
  const goals = goalsOf(scenario, entries[0]?.runs ?? []).map((goal) => {
    const how = goal.isMet ? 'met' : 'missed';
    const word = goal.isMet ? 'reached' : 'missed';
    return `<li><b class="${how}">${word}</b> ${escapeText(goalText(goal))}</li>`;
  });
  const draw = (drawOne: (timeline: Timeline, label: string) => string, what: string) =>
    `<div class="charts">${timelines
      .map(({ contestant, timeline }) => {
        const label = `${what}, ${contestant}`;
        return `<div><h4>${contestant}</h4>${drawOne(timeline, label)}</div>`;
      })
      .join('')}</div>`;
  const html = `<section id="${escapeText(scenario.name)}">
<h2>${escapeText(scenario.name)}</h2>
<p>${escapeText(scenario.about)}</p>
<div class="wide">${figuresTable(entries)}</div>
${goals.length > 0 ? `<ul>${goals.join('')}</ul>` : ''}
${lineCharts(scenario, timelines, draw)}
</section>`;
  return { name: scenario.name, html };
}

type Draw = (drawOne: (timeline: Timeline, label: string) => string, what: string) => string;

function lineCharts(
  scenario: Scenario,
  timelines: readonly { readonly timeline: Timeline }[],
  draw: Draw,
): string {
  const shaded = troubleOf(scenario);
  const kind = (
    title: string,
    scaleOf: typeof linearScale,
    linesOf: (timeline: Timeline) => readonly Line[],
  ) => {
    const scale = scaleOf(
      timelines.flatMap(({ timeline }) => linesOf(timeline).map(({ values }) => values)),
    );
    const [first] = timelines;
    const legend = first ? linesOf(first.timeline).map(legendOf) : [];
    if (shaded.length > 0) legend.push('<span><i class="band"></i>a fault, or more load</span>');
    return `<h3>${title}</h3><div class="legend">${legend.join('')}</div>${draw(
      (timeline, label) => {
        const { stepMs, lengthMs } = timeline;
        return drawLines({ label, lines: linesOf(timeline), scale, stepMs, lengthMs, shaded });
      },
      title,
    )}`;
  };
  const hasFailures = timelines.some(({ timeline }) =>
    failuresOf(timeline).some(({ values }) => values.some((value) => value > 0)),
  );
  return [
    kind('Latency of good answers, ms', logScale, latenciesOf),
    `<h3>Share of each origin</h3><div class="legend">${shareLegend()}</div>`,
    draw((timeline, label) => {
      return drawShares({ ...timeline, label, origins: scenario.origins });
    }, 'Share of each origin'),
    keysOf(scenario),
    kind('Requests in flight at the origins', linearScale, ({ inFlight }) => [
      { name: 'in flight', style: 'flight', values: inFlight },
    ]),
    ...(hasFailures
      ? [
          kind('Good answers per second', linearScale, ({ goodPerSecond }) => [
            { name: 'good answers', style: 'good-answers', values: goodPerSecond },
          ]),
          kind('Requests without one, per second', linearScale, failuresOf),
        ]
      : ['<p class="note">Every request got a good answer.</p>']),
  ].join('\n');
}

function latenciesOf({ p50Ms, p90Ms, p99Ms, boundP99Ms }: Timeline): readonly Line[] {
  return [
    { name: 'bound p99', style: 'bound', values: boundP99Ms },
    { name: 'p50', style: 'p50', values: p50Ms },
    { name: 'p90', style: 'p90', values: p90Ms },
    { name: 'p99', style: 'p99', values: p99Ms },
  ];
}

function failuresOf(timeline: Timeline): readonly Line[] {
  return [
    { name: 'error', style: 'errors', values: timeline.errorsPerSecond },
    { name: 'shed', style: 'shed', values: timeline.shedPerSecond },
    { name: 'client left', style: 'left', values: timeline.leftPerSecond },
  ];
}

function legendOf({ name, style }: Line): string {
  return `<span><i class="${style}"></i>${name}</span>`;
}

function figuresTable(entries: readonly Entry[]): string {
  const row = (cells: readonly string[], tag: 'th' | 'td') =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeText(cell)}</${tag}>`).join('')}</tr>`;
  const rows = figureCells(entries).map((cells) => row(cells, 'td'));
  return `<table>${row(figureHead, 'th')}${rows.join('')}</table>`;
}

/** Which row of the shares is which, where the number alone does not say it. */
function keysOf({ origins }: Scenario): string {
  if (origins.every(({ key }, i) => key === `origin-${i + 1}`)) return '';
  const names = origins.map(({ key }, i) => `${i + 1} ${escapeText(key)}`);
  return `<p class="keys">${names.join(' · ')}</p>`;
}

/** When some origin is at fault, or more requests come than at other times. */
function troubleOf({ origins, phases }: Scenario): readonly Span[] {
  const lengthMs = phases.at(-1)?.untilMs ?? 0;
  const least = Math.min(...phases.map(({ ratePerSecond }) => ratePerSecond));
  const busy = phases.flatMap(({ untilMs, ratePerSecond }, i) =>
    ratePerSecond > least ? [{ fromMs: phases[i - 1]?.untilMs ?? 0, toMs: untilMs }] : [],
  );
  const spans = [...origins.flatMap(({ faults }) => faults), ...busy]
    .filter(({ fromMs, toMs }) => fromMs > 0 || toMs < lengthMs)
    .sort((a, b) => a.fromMs - b.fromMs);
  const merged: Span[] = [];
  for (const { fromMs, toMs } of spans) {
    const last = merged.at(-1);
    if (last && fromMs <= last.toMs) {
      merged[merged.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, toMs) };
    } else {
      merged.push({ fromMs, toMs });
    }
  }
  return merged.length > MOST_SPANS ? [] : merged;
}
