// Owns noticing a statement that one request runs again and again: N+1.

/** Counts the statements of requests, told apart by their signals. */
export class RepeatCounter {
  readonly #limit: number;
  readonly #counts = new WeakMap<AbortSignal, Map<string, number>>();

  /** For `limit` runs of one statement in one request. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts one run; true exactly when it is the one that reaches the limit. */
  isReached(signal: AbortSignal, text: string): boolean {
    let counts = this.#counts.get(signal);
    if (counts === undefined) {
      counts = new Map();
      this.#counts.set(signal, counts);
    }
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    return count === this.#limit;
  }
}
