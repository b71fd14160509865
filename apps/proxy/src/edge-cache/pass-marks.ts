/** Keys whose answers lately were not for all: who asks for them need not wait for each other. */
import { LRUCache } from 'lru-cache';

/** As long as nothing is asked for again, an origin that has changed its mind is noticed by then. */
const MARK_MS = 10_000;
const MAX_MARKS = 50_000;

export class PassMarks {
  readonly #now: () => number;
  readonly #untilMs = new LRUCache<string, number>({ max: MAX_MARKS });

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  has(key: string): boolean {
    if (this.#untilMs.size === 0) return false;
    const untilMs = this.#untilMs.get(key);
    if (untilMs === undefined) return false;
    if (this.#now() < untilMs) return true;
    this.#untilMs.delete(key);
    return false;
  }

  add(key: string): void {
    this.#untilMs.set(key, this.#now() + MARK_MS);
  }

  delete(key: string): void {
    if (this.#untilMs.size > 0) this.#untilMs.delete(key);
  }
}
