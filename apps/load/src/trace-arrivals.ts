/** Arrivals at the times of a trace. */
import type { Arrival } from './arrivals.ts';

/** The share of one worker: every `parts`th time, beginning with number `part`. */
export class TraceArrivals {
  readonly #timesMs: Float64Array;
  readonly #parts: number;
  #index: number;
  /** Nothing is due in a pause, and what was due then is passed over; the last may have no end. */
  readonly #pauses: { fromMs: number; toMs: number }[] = [];

  /** `timesMs` is ascending. */
  constructor(timesMs: Float64Array, part: number, parts: number) {
    this.#timesMs = timesMs;
    this.#parts = parts;
    this.#index = part;
  }

  peek(): Arrival {
    for (;;) {
      const atMs = this.#timesMs[this.#index] ?? Infinity;
      const pause = this.#pauses.find(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs);
      if (pause === undefined) return { index: this.#index, atMs };
      if (pause.toMs === Infinity) return { index: this.#index, atMs: Infinity };
      this.#index += this.#parts;
    }
  }

  take(): Arrival {
    const arrival = this.peek();
    this.#index += this.#parts;
    return arrival;
  }

  /** A trace has its own pace: it can be paused (0), and go on where the time has come to. */
  scaleFrom(fromMs: number, scale: number): void {
    const last = this.#pauses.at(-1);
    if (last?.toMs === Infinity) {
      if (scale > 0) last.toMs = fromMs;
    } else if (scale === 0) {
      this.#pauses.push({ fromMs, toMs: Infinity });
    }
  }
}
