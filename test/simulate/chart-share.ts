/** Which origin gets how much of the load over time: a row per origin, coloured by its share. */
import {
  escapeText,
  LEFT,
  RIGHT,
  type Span,
  short,
  svg,
  timeAxis,
  timeScale,
  tips,
  WIDTH,
} from './chart-plot.ts';

/** How much of its fair share it gets, up to `below`; fair is what its weight says. */
const shareSteps = [
  { below: 0.05, style: 'share-none', name: 'none' },
  { below: 0.5, style: 'share-little', name: 'below half' },
  { below: 0.75, style: 'share-less', name: 'less' },
  { below: 1.333, style: 'share-fair', name: 'its fair share' },
  { below: 2, style: 'share-more', name: 'more' },
  { below: Number.POSITIVE_INFINITY, style: 'share-double', name: 'double or more' },
] as const;

/** Input of `drawShares`. */
export interface ShareChart {
  readonly label: string;
  readonly origins: readonly {
    readonly key: string;
    readonly weight: number;
    readonly faults: readonly Span[];
  }[];
  /** Share of all requests, by origin and step. */
  readonly shares: readonly Float64Array[];
  readonly stepMs: number;
  readonly lengthMs: number;
}

const TOP = 4;
const BOTTOM = 20;
/** Rows lower than this have no number and no mark. */
const LEAST_MARKED = 8;

/** The chart as an `<svg>`. */
export function drawShares({ label, origins, shares, stepMs, lengthMs }: ShareChart): string {
  const rowHeight = Math.max(3, Math.min(14, 140 / origins.length));
  const isMarked = rowHeight >= LEAST_MARKED;
  const height = rowHeight * origins.length;
  const totalWeight = origins.reduce((sum, { weight }) => sum + weight, 0);
  const x = timeScale(lengthMs);
  const cells = new Map<string, string>();
  const rows = origins.map(({ weight, faults }, row) => {
    const y = TOP + rowHeight * row;
    const middle = y + rowHeight / 2 - (isMarked ? 1 : 0);
    for (const { style, fromStep, toStep } of runsOf(
      shares[row] as Float64Array,
      weight / totalWeight,
    )) {
      const path = `M${short(x(fromStep * stepMs))} ${short(middle)}H${short(x(toStep * stepMs))}`;
      cells.set(style, (cells.get(style) ?? '') + path);
    }
    if (!isMarked) return '';
    const marks = faults.map(
      ({ fromMs, toMs }) => `M${short(x(fromMs))} ${short(y + rowHeight - 1.5)}H${short(x(toMs))}`,
    );
    return (
      `<text class="y" x="${LEFT - 5}" y="${short(y + rowHeight / 2 + 3)}">${row + 1}</text>` +
      (marks.length > 0 ? `<path class="fault" d="${marks.join('')}"/>` : '')
    );
  });
  const thickness = short(Math.max(1, rowHeight - (isMarked ? 4 : 0.6)));
  return svg(label, Math.ceil(TOP + height + BOTTOM), [
    ...[...cells].map(
      ([style, path]) => `<path class="${style}" stroke-width="${thickness}" d="${path}"/>`,
    ),
    ...rows,
    `<path class="grid" d="M${LEFT} ${short(TOP + height + 0.5)}H${WIDTH - RIGHT}"/>`,
    timeAxis(lengthMs, TOP + height),
    ...tips(lengthMs, stepMs, TOP, height, (step) => extremesAt(step, origins, shares)),
  ]);
}

/** Neighbours of one colour are one stroke. */
function runsOf(shares: Float64Array, fairShare: number) {
  const runs: { style: string; fromStep: number; toStep: number }[] = [];
  shares.forEach((share, step) => {
    if (Number.isNaN(share)) return;
    const { style } = shareSteps.find(({ below }) => share / fairShare < below) ?? shareSteps[5];
    const last = runs.at(-1);
    if (last?.style === style && last.toStep === step) last.toStep = step + 1;
    else runs.push({ style, fromStep: step, toStep: step + 1 });
  });
  return runs;
}

function extremesAt(
  step: number,
  origins: ShareChart['origins'],
  shares: readonly Float64Array[],
): string {
  const byShare = origins
    .map(({ key }, i) => ({ key, share: shares[i]?.[step] ?? Number.NaN }))
    .filter(({ share }) => !Number.isNaN(share))
    .sort((a, b) => a.share - b.share);
  const [least] = byShare;
  const most = byShare.at(-1);
  if (!least || !most) return '';
  const text = ({ key, share }: typeof least) => `${key} ${(100 * share).toFixed(1)} %`;
  return `least ${text(least)}, most ${text(most)}`;
}

/** The legend, as HTML. */
export function shareLegend(): string {
  return shareSteps
    .map(({ style, name }) => `<span><i class="cell ${style}"></i>${escapeText(name)}</span>`)
    .join('');
}
