// Owns who waits for one call, and until when.
import type { Waiting } from './caller.ts';

/** The callers of one call. */
export class Audience {
  /** The clock when the last of them gives up. */
  endMs = 0;
  /** Until when the partner was told that somebody waits; Infinity before it was told. */
  toldEndMs = Number.POSITIVE_INFINITY;
  readonly #callers: Waiting[] = [];

  /** False when all have left or are about to: a signal that ends many tells one after another. */
  get isThere(): boolean {
    return this.#callers.some(({ isLeaving }) => !isLeaving);
  }

  /**
   * May somebody with this much time be added? Not when the partner was told that less than half of
   * that is left: it may give up by then.
   */
  hasTimeFor(budgetMs: number, nowMs: number): boolean {
    return this.toldEndMs - nowMs >= budgetMs / 2;
  }

  add(caller: Waiting): void {
    this.#callers.push(caller);
    this.endMs = Math.max(this.endMs, caller.endMs);
  }

  /** `caller` has left; true when that was the last one. */
  remove(caller: Waiting): boolean {
    const at = this.#callers.indexOf(caller);
    if (at < 0) return false;
    this.#callers.splice(at, 1);
    return this.#callers.length === 0;
  }

  /** Lets everybody go, to be told; who leaves from now on is nobody's last. */
  dismiss(): readonly Waiting[] {
    return this.#callers.splice(0);
  }
}
