/** Arrivals at the times of a trace. */
import type { Arrival } from './arrivals.ts';

/** The share of one worker: every `parts`th time, beginning with number `part`. */
export class TraceArrivals {
  readonly #timesMs: Float64Array;
  readonly #parts: number;
  #index: number;
  /** While it is paused, nothing is due; what was due then is passed over. */
  #pausedFromMs = Number.POSITIVE_INFINITY;

  /** `timesMs` is ascending. */
  constructor(timesMs: Float64Array, part: number, parts: number) {
    this.#timesMs = timesMs;
    this.#parts = parts;
    this.#index = part;
  }

  peek(): Arrival {
    const atMs = this.#timesMs[this.#index] ?? Number.POSITIVE_INFINITY;
    const isPaused = atMs >= this.#pausedFromMs;
    return { index: this.#index, atMs: isPaused ? Number.POSITIVE_INFINITY : atMs };
  }

  take(): Arrival {
    const arrival = this.peek();
    this.#index += this.#parts;
    return arrival;
  }

  /** A trace has its own pace: it can be paused (0), and go on where the time has come to. */
  scaleFrom(fromMs: number, scale: number): void {
    if (scale === 0) {
      this.#pausedFromMs = fromMs;
      return;
    }
    while ((this.#timesMs[this.#index] ?? Number.POSITIVE_INFINITY) < fromMs) {
      if ((this.#timesMs[this.#index] as number) < this.#pausedFromMs) break;
      this.#index += this.#parts;
    }
    this.#pausedFromMs = Number.POSITIVE_INFINITY;
  }
}
