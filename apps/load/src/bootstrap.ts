/**
 * Confidence intervals without assumptions on the distribution (B. Efron 1979), for seconds that
 * are not independent of each other: drawn in blocks (H. Künsch 1989), around the end of a run to
 * its beginning, so that every second is drawn as often (D. Politis, J. Romano 1992).
 *
 * Of simulated pairs of the same system, an interval of 95 % holds the ratio 1 in 92 to 96 of 100
 * when seconds are independent, and in 84 to 90 when each carries 0.6 of the one before it.
 */
import type { Random } from './scenario.ts';

/** The seconds of one run, among the seconds of all runs of a side. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Cube root of the length: what keeps bias and variance of the interval in balance. */
export function blockLengthOf(seconds: number): number {
  return Math.max(1, Math.round(Math.cbrt(seconds)));
}

/**
 * Draws as many runs as there are, with replacement, and of each drawn run as many seconds as it
 * has, in blocks. `weights` becomes how often each second was drawn.
 */
export function resample(spans: readonly Span[], weights: Float64Array, random: Random): void {
  weights.fill(0);
  for (let i = 0; i < spans.length; i++) {
    const span = spans[spans.length === 1 ? 0 : Math.floor(random() * spans.length)] as Span;
    drawBlocks(span, weights, random);
  }
}

function drawBlocks({ start, length }: Span, weights: Float64Array, random: Random): void {
  const blockLength = blockLengthOf(length);
  for (let drawn = 0; drawn < length; drawn += blockLength) {
    const first = Math.floor(random() * length);
    const size = Math.min(blockLength, length - drawn);
    for (let i = 0; i < size; i++) {
      const second = start + ((first + i) % length);
      weights[second] = (weights[second] as number) + 1;
    }
  }
}

/**
 * Between which `confidence` (0 to 1) of the values lie, the rest in equal parts on both sides;
 * null when a value is not finite, since what cannot be said of all of them is not known.
 */
export function percentileInterval(values: Float64Array, confidence: number): Interval | null {
  if (values.length === 0 || !values.every(Number.isFinite)) return null;
  const sorted = values.toSorted();
  const last = sorted.length - 1;
  // 1 - 0.9 is a little less than 0.1, which must not cost a place.
  const below = Math.floor(((1 - confidence) / 2) * last + 1e-9);
  return { low: sorted[below] as number, high: sorted[last - below] as number };
}
