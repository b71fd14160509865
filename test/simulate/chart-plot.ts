/** One chart as SVG: lines over time, on a frame that others share. */

/** Units of the drawing; it is scaled to the room there is. */
export const WIDTH = 400;
export const LEFT = 36;
export const RIGHT = 8;
const TOP = 8;
const PLOT_HEIGHT = 120;
const BOTTOM = 20;

/** Values over time. */
export interface Line {
  readonly name: string;
  /** Names the stroke in the style sheet. */
  readonly style: string;
  readonly values: Float64Array;
}

/** When something was wrong. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Input of `drawLines`. */
export interface LineChart {
  /** For those who cannot see it. */
  readonly label: string;
  readonly lines: readonly Line[];
  readonly scale: Scale;
  readonly stepMs: number;
  readonly lengthMs: number;
  readonly shaded: readonly Span[];
}

/** From values to heights, 0 at the bottom to 1 at the top. */
export interface Scale {
  readonly ticks: readonly number[];
  heightOf(value: number): number;
}

/** From 0 to somewhat above the largest of `values`. */
export function linearScale(values: readonly Float64Array[]): Scale {
  const most = Math.max(largest(values), 1);
  const step = niceAbove(most / 4);
  const top = Math.ceil(most / step) * step;
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step);
  return { ticks, heightOf: (value) => value / top };
}

/** For latencies, which differ by factors. */
export function logScale(values: readonly Float64Array[]): Scale {
  const most = Math.max(2, largest(values));
  const least = Math.max(1, Math.min(smallest(values), most / 2));
  const all: number[] = [];
  for (let decade = 1; decade < 10 * most; decade *= 10) all.push(decade, 2 * decade, 5 * decade);
  const from = all.findLast((tick) => tick <= least) ?? 1;
  const to = all.find((tick) => tick >= most) ?? most;
  const within = all.filter((tick) => tick >= from && tick <= to);
  const ticks = within.length <= 6 ? within : within.filter((tick) => /^10*$/.test(`${tick}`));
  const heightOf = (value: number) => Math.log(Math.max(value, from) / from) / Math.log(to / from);
  return { ticks, heightOf };
}

/** The chart as an `<svg>`. */
export function drawLines(chart: LineChart): string {
  const { label, lines, scale, stepMs, lengthMs, shaded } = chart;
  const x = timeScale(lengthMs);
  const y = (value: number) => TOP + PLOT_HEIGHT * (1 - scale.heightOf(value));
  const parts = [
    ...shaded.map(
      ({ fromMs, toMs }) =>
        `<rect class="shaded" x="${short(x(fromMs))}" y="${TOP}" width="${short(x(toMs) - x(fromMs))}" height="${PLOT_HEIGHT}"/>`,
    ),
    ...scale.ticks.map(
      (tick) =>
        `<path class="grid" d="M${LEFT} ${short(y(tick))}H${WIDTH - RIGHT}"/>` +
        `<text class="y" x="${LEFT - 5}" y="${short(y(tick) + 4)}">${axisText(tick)}</text>`,
    ),
    timeAxis(lengthMs, TOP + PLOT_HEIGHT),
    ...lines.map(({ style, values }) => {
      const points = Array.from(values, (value, i) => ({ at: x((i + 0.5) * stepMs), value }));
      return `<path class="line ${style}" d="${pathOf(points, y)}"/>`;
    }),
    ...tips(lengthMs, stepMs, TOP, PLOT_HEIGHT, (step) =>
      lines
        .filter(({ values }) => !Number.isNaN(values[step]))
        .map(({ name, values }) => `${name} ${tipText(values[step] as number)}`)
        .join(', '),
    ),
  ];
  return svg(label, TOP + PLOT_HEIGHT + BOTTOM, parts);
}

/** An `<svg>` of that height. */
export function svg(label: string, height: number, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeText(label)}">${parts.join('')}</svg>`;
}

/** Where a moment is. */
export function timeScale(lengthMs: number): (ms: number) => number {
  return (ms) => LEFT + ((WIDTH - RIGHT - LEFT) * Math.min(ms, lengthMs)) / lengthMs;
}

/** Seconds, written below `y`. */
export function timeAxis(lengthMs: number, y: number): string {
  const x = timeScale(lengthMs);
  const everyMs = 1_000 * niceAbove(lengthMs / 6_500);
  const texts: string[] = [];
  for (let ms = 0; ms <= lengthMs; ms += everyMs) {
    const anchor = ms + everyMs > lengthMs && x(ms) > WIDTH - 30 ? ' end' : '';
    const at = anchor ? WIDTH - RIGHT : x(ms);
    texts.push(`<text class="x${anchor}" x="${short(at)}" y="${y + 15}">${ms / 1_000} s</text>`);
  }
  return texts.join('');
}

/** What the pointer is told over each step. */
export function tips(
  lengthMs: number,
  stepMs: number,
  y: number,
  height: number,
  textOf: (step: number) => string,
): string[] {
  const x = timeScale(lengthMs);
  return Array.from({ length: Math.ceil(lengthMs / stepMs) }, (_, step) => {
    const text = textOf(step);
    if (text === '') return '';
    const fromMs = step * stepMs;
    return (
      `<rect class="tip" x="${short(x(fromMs))}" y="${y}" width="${short(x(fromMs + stepMs) - x(fromMs))}" height="${height}">` +
      `<title>${fromMs / 1_000} s: ${escapeText(text)}</title></rect>`
    );
  });
}

/** Text in HTML and in attributes. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A coordinate in as few characters as can be seen. */
export function short(value: number): string {
  return `${Number(value.toFixed(1))}`;
}

function pathOf(
  points: readonly { readonly at: number; readonly value: number }[],
  y: (value: number) => number,
): string {
  let isDown = false;
  return points
    .map(({ at, value }) => {
      const command = isDown ? 'L' : 'M';
      isDown = !Number.isNaN(value);
      return isDown ? `${command}${short(at)} ${short(y(value))}` : '';
    })
    .join('');
}

function largest(values: readonly Float64Array[]): number {
  return extreme(values, Math.max, Number.NEGATIVE_INFINITY);
}

function smallest(values: readonly Float64Array[]): number {
  return extreme(values, Math.min, Number.POSITIVE_INFINITY);
}

function extreme(
  values: readonly Float64Array[],
  choose: (a: number, b: number) => number,
  none: number,
): number {
  let found = none;
  for (const line of values) {
    for (const value of line) if (!Number.isNaN(value)) found = choose(found, value);
  }
  return found;
}

/** The next of 1, 2, 5, 10, 20 … */
function niceAbove(value: number): number {
  const decade = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5].find((digit) => digit * decade >= value) ?? 10) * decade;
}

function axisText(value: number): string {
  return value >= 1_000 ? `${value / 1_000}k` : `${Number(value.toPrecision(3))}`;
}

function tipText(value: number): string {
  return `${Number(value.toPrecision(3))}`;
}
