/**
 * Second attempts are paid for by successes: when little fails there are plenty, when everything
 * fails they stop instead of multiplying the load (M. Brooker, "Fixing retries with token buckets
 * and circuit breakers", 2022).
 */

/** Input of `createRetryBudget`. */
export interface RetryBudgetOptions {
  /** Retries per deposit in the long run, above 0; default 0.1. */
  readonly ratio?: number;
  /** Most retries that can be saved up, and how many there are at first; default 10. */
  readonly burst?: number;
}

/** A budget of further attempts. */
export interface RetryBudget {
  /** Adds what one success pays for. */
  deposit(): void;
  /** Pays for one further attempt; false when that cannot be afforded. */
  withdraw(): boolean;
}

/** A full budget. Throws a RangeError when `ratio` is not a number above 0. */
export function createRetryBudget({
  ratio = 0.1,
  burst = 10,
}: RetryBudgetOptions = {}): RetryBudget {
  if (!(ratio > 0)) {
    throw new RangeError(`retry budget: ratio is ${ratio}; give retries per success, above 0`);
  }
  // Counted in deposits, because a tenth added up ten times is a little less than one.
  const price = 1 / ratio;
  const most = burst * price;
  let saved = most;
  return {
    deposit() {
      saved = Math.min(saved + 1, most);
    },
    withdraw() {
      if (saved < price) return false;
      saved -= price;
      return true;
    },
  };
}
