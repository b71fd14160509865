// Decides whether a store that failed may be asked again: closed (ask), open (leave it alone for a
// back-off), then one trial. Pure decisions; the clock and the dice come from outside.

/** Permission for one request. Settle it exactly once, with `succeed` or `fail`. */
export interface Pass {
  succeed(): void;
  fail(error: Error): void;
}

/** See {@link createCircuit}. */
export interface Circuit {
  /** True from a failure until a trial succeeds: requests are refused, but for one trial at a time. */
  readonly isOpen: boolean;
  /** The failure that opened the circuit last; kept after it closes. */
  readonly lastError: Error | undefined;
  /** Asks to make one request; `undefined` is a refusal. Costs one clock reading at most. */
  enter(): Pass | undefined;
}

/** Settings of {@link createCircuit}. */
export interface CircuitOptions {
  /** A clock in milliseconds that never goes back. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

const FIRST_BACK_OFF_MS = 1_000;
const MAX_BACK_OFF_MS = 30_000;

/**
 * Makes a closed circuit. The k-th failure in a row (from 0) refuses requests for 1 s · 2^k, at most
 * 30 s; half of that is random, so that many processes do not return together ("equal jitter",
 * M. Brooker, Exponential Backoff and Jitter, AWS 2015).
 */
export function createCircuit({ now, random }: CircuitOptions): Circuit {
  let failuresInARow = 0;
  let retryAtMs = 0;
  let isTrialUnderWay = false;
  let lastError: Error | undefined;
  // Passes given before the last change say nothing about the present: fifty requests that time out
  // together are one failure, and a straggler neither closes the circuit nor fails the trial.
  let era = 0;

  function settle(enteredEra: number, failure: Error | undefined) {
    if (enteredEra !== era) return;
    if (failure === undefined && failuresInARow === 0) return;
    era += 1;
    isTrialUnderWay = false;
    if (failure === undefined) {
      failuresInARow = 0;
      return;
    }
    const backOffMs = Math.min(MAX_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** failuresInARow);
    retryAtMs = now() + backOffMs * (0.5 + random() / 2);
    failuresInARow += 1;
    lastError = failure;
  }

  return {
    get isOpen() {
      return failuresInARow > 0;
    },
    get lastError() {
      return lastError;
    },
    enter() {
      if (failuresInARow > 0) {
        if (isTrialUnderWay || now() < retryAtMs) return undefined;
        isTrialUnderWay = true;
      }
      const enteredEra = era;
      return {
        succeed: () => settle(enteredEra, undefined),
        fail: (error) => settle(enteredEra, error),
      };
    },
  };
}
