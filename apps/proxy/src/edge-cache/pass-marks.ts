/** Keys whose answers lately were not for all: who asks for them need not wait for each other. */

/** As long as nothing is asked for again, an origin that has changed its mind is noticed by then. */
const MARK_MS = 10_000;
const MAX_MARKS = 50_000;

export class PassMarks {
  readonly #now: () => number;
  /** The first to end comes first. */
  readonly #untilMs = new Map<string, number>();

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#untilMs.size;
  }

  has(key: string): boolean {
    const untilMs = this.#untilMs.get(key);
    if (untilMs === undefined) return false;
    if (this.#now() < untilMs) return true;
    this.#untilMs.delete(key);
    return false;
  }

  add(key: string): void {
    const nowMs = this.#now();
    // Taken out first: a Map keeps a key's first place however often it is set.
    this.#untilMs.delete(key);
    this.#untilMs.set(key, nowMs + MARK_MS);
    for (const [oldest, untilMs] of this.#untilMs) {
      if (nowMs < untilMs && this.#untilMs.size <= MAX_MARKS) break;
      this.#untilMs.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#untilMs.delete(key);
  }
}
