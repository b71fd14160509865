/**
 * The open model: flows begin when the profile says, whatever has become of those before. One
 * that cannot begin in time begins late, and its latency counts from when it was due.
 */
import type { Arrival } from './arrivals.ts';
import type { FlowOwner, RunningFlow } from './flows/running-flow.ts';
import type { LoadDriver } from './load-driver.ts';
import type { SeriesId } from './recorder.ts';
import type { Recording } from './recording.ts';

export interface WeightedFlow {
  readonly flow: RunningFlow;
  readonly series: SeriesId;
}

export interface OpenDriverOptions {
  readonly arrivals: {
    peek(): Arrival;
    take(): Arrival;
    scaleFrom(fromMs: number, scale: number): void;
  };
  readonly flows: readonly WeightedFlow[];
  readonly choose: (index: number) => number;
  readonly userAt: (index: number) => unknown;
  readonly recording: Recording;
  /** More are not begun, but dropped. */
  readonly maxInFlight: number;
  readonly durationMs: number;
  /** Milliseconds of `performance.now()` at the start of the run. */
  readonly originMs: number;
  readonly now: () => number;
}

/**
 * Timers come due once a millisecond. What is due before the next one is begun now: less than a
 * millisecond early, which no server notices, rather than late, which would count as latency.
 */
const TICK_MS = 1;

export class OpenDriver implements LoadDriver, FlowOwner {
  readonly users = 0;
  readonly #options: OpenDriverOptions;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: OpenDriverOptions) {
    this.#options = options;
  }

  start(): void {
    this.#tick();
  }

  scaleFrom(fromMs: number, scale: number): void {
    this.#options.arrivals.scaleFrom(fromMs, scale);
    if (!this.#isStopped) this.#wait();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  flowEnded(): void {}

  #tick(): void {
    const { arrivals, originMs, durationMs, now } = this.#options;
    const untilMs = now() - originMs + TICK_MS;
    for (;;) {
      const { atMs } = arrivals.peek();
      if (atMs > untilMs || atMs >= durationMs) break;
      this.#begin(arrivals.take());
    }
    this.#wait();
  }

  #begin({ index, atMs }: Arrival): void {
    const { flows, choose, userAt, recording, maxInFlight, originMs, now } = this.#options;
    const { flow, series } = flows[choose(index)] as WeightedFlow;
    if (recording.inFlight >= maxInFlight) {
      recording.dropped(series);
      return;
    }
    const nowMs = now();
    const intendedMs = Math.min(originMs + atMs, nowMs);
    recording.arrived(nowMs - intendedMs);
    flow.begin(intendedMs, this, userAt(index));
  }

  #wait(): void {
    clearTimeout(this.#timer);
    const { arrivals, originMs, durationMs, now } = this.#options;
    const { atMs } = arrivals.peek();
    // The rate may still be raised, so a profile at 0 is looked at again by `scaleFrom` only.
    if (atMs >= durationMs) return;
    const waitMs = Math.max(TICK_MS, originMs + atMs - now() - TICK_MS);
    this.#timer = setTimeout(() => this.#tick(), Math.min(waitMs, 2 ** 31 - 1));
  }
}
