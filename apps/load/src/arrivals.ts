/** When requests arrive in the open model: computed from the profile and the seed, one by one. */
import type { Knot } from './knots.ts';
import { uniformAt } from './random.ts';

export interface ArrivalsOptions {
  /** Arrivals per second over time, of all workers together. */
  readonly knots: readonly Knot[];
  readonly spacing: 'poisson' | 'even';
  readonly seed: number;
  /** This worker takes every `parts`th arrival, beginning with number `part`. */
  readonly part: number;
  readonly parts: number;
}

/** An arrival, or, where none is left, one at infinity. */
export interface Arrival {
  /** Counts the arrivals of all workers, from 0. */
  readonly index: number;
  readonly atMs: number;
}

/**
 * The share of one worker. Every worker goes through all arrivals and takes its own, so that they
 * are the same ones however many workers share them. The times are those of an inhomogeneous
 * Poisson process by inversion of its cumulative rate (or, evenly spaced, of its whole numbers).
 */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #scales = [{ fromMs: Number.NEGATIVE_INFINITY, scale: 1 }];
  /** The last own arrival that was taken; everything later can still be changed. */
  #taken: Arrival = { index: -1, atMs: 0 };
  #next: Arrival | undefined;
  /** The knot after the time last looked at: a wave has too many to search them every time. */
  #knotAfter = 0;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  /** The next own arrival. */
  peek(): Arrival {
    this.#next ??= this.#compute();
    return this.#next;
  }

  take(): Arrival {
    this.#taken = this.peek();
    this.#next = undefined;
    return this.#taken;
  }

  /** From a time on, which is not before any other such time, the rate is multiplied by `scale`. */
  scaleFrom(fromMs: number, scale: number): void {
    this.#scales.push({ fromMs, scale });
    this.#next = undefined;
  }

  #compute(): Arrival {
    const { part, parts, spacing, seed } = this.#options;
    const ownIndex = this.#taken.index < 0 ? part : this.#taken.index + parts;
    let atMs = this.#taken.atMs;
    for (let index = this.#taken.index + 1; index <= ownIndex && atMs < Infinity; index++) {
      const isFirstEven = spacing === 'even' && index === 0;
      const area = spacing === 'poisson' ? -Math.log(uniformAt(seed, index)) : 1;
      atMs = this.#timeAfter(atMs, isFirstEven ? 0 : area);
    }
    return { index: ownIndex, atMs };
  }

  /** When, after `fromMs`, the rate has added up to this many arrivals. */
  #timeAfter(fromMs: number, area: number): number {
    let atMs = fromMs;
    let left = area;
    for (;;) {
      const piece = this.#pieceAt(atMs);
      const rate = piece.rate + piece.slope * (atMs - piece.fromMs);
      const lengthMs = piece.toMs - atMs;
      const here =
        lengthMs === Infinity ? Infinity : (rate + (piece.slope * lengthMs) / 2) * lengthMs;
      // Without this, a rate of 0 for ever would be Infinity times 0.
      if (lengthMs === Infinity && rate <= 0) return Infinity;
      // Evenly spaced, the first needs no area, but does need a rate.
      if (here > 0 && here >= left) return atMs + timeFor(left, rate, piece.slope);
      left -= here;
      atMs = piece.toMs;
    }
  }

  /** The straight piece of the rate, in arrivals per millisecond, that holds a time. */
  #pieceAt(atMs: number): { fromMs: number; toMs: number; rate: number; slope: number } {
    const { knots } = this.#options;
    let after = this.#knotAfter;
    while (after > 0 && (knots[after - 1] as Knot).atMs > atMs) after--;
    while (after < knots.length && (knots[after] as Knot).atMs <= atMs) after++;
    this.#knotAfter = after;
    const end = knots[after];
    const start = knots[after - 1] ?? end;
    if (!start) return { fromMs: 0, toMs: Infinity, rate: 0, slope: 0 };
    const afterScale = this.#scales.findIndex((one) => one.fromMs > atMs);
    const { scale } = this.#scales.at(afterScale < 0 ? -1 : afterScale - 1) as { scale: number };
    const scaleEndMs = this.#scales[afterScale]?.fromMs ?? Infinity;
    const perMs = scale / 1_000;
    const slope =
      end && end.atMs > start.atMs ? (end.level - start.level) / (end.atMs - start.atMs) : 0;
    return {
      fromMs: start.atMs,
      toMs: Math.min(end?.atMs ?? Infinity, scaleEndMs),
      rate: start.level * perMs,
      slope: slope * perMs,
    };
  }
}

/** How long until `area` has come together at a rate that changes evenly. */
function timeFor(area: number, rate: number, slope: number): number {
  if (area === 0) return 0;
  // The quadratic's solution, in the form that does not lose digits when the slope is small.
  return (2 * area) / (rate + Math.sqrt(Math.max(0, rate * rate + 2 * slope * area)));
}
