/** How long to wait before a worker that died is started again. Pure; the clock comes from outside. */

/** A worker that lived this long did not die of its start. */
const LONG_ENOUGH_MS = 10_000;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 10_000;

/**
 * A worker that served for a while is replaced at once. For those that die soon after their start
 * the wait doubles from 100 ms to 10 s, or they would take the whole machine for starting.
 */
export class CrashLoop {
  #earlyDeaths = 0;
  #quietFromMs = Number.NEGATIVE_INFINITY;

  /** A worker died at `nowMs`; returns how long to wait, in milliseconds. */
  died(nowMs: number, livedMs: number): number {
    if (livedMs >= LONG_ENOUGH_MS || nowMs >= this.#quietFromMs) this.#earlyDeaths = 0;
    if (livedMs >= LONG_ENOUGH_MS) return 0;
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** this.#earlyDeaths, MAX_DELAY_MS);
    this.#earlyDeaths += 1;
    // The next one has lived long enough if it dies after this.
    this.#quietFromMs = nowMs + delayMs + LONG_ENOUGH_MS;
    return delayMs;
  }
}
