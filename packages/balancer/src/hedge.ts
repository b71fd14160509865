/**
 * When to send a request a second time because its answer is late, and take whichever comes first
 * (J. Dean and L. A. Barroso, "The Tail at Scale", CACM 2013). What is late is found from the
 * route's own latencies; a budget bounds the extra load whatever happens.
 */
import { RecentLatencies } from './quantile.ts';
import { createRetryBudget } from './retry-budget.ts';

/** Input of `createHedging`. */
export interface HedgingOptions {
  /** Hedges per request in the long run, above 0; default 0.02. */
  readonly budgetRatio?: number;
  /** Most hedges that can be saved up; default 10. */
  readonly burst?: number;
}

/** Hedging of one route. */
export interface Hedging {
  /**
   * Takes the latency of a first attempt, in milliseconds to its first byte. When its hedge was
   * faster, or its client left, pass how long it had waited by then.
   *
   * That is enough, and nothing is lost by giving up on it: it had waited for longer than the delay,
   * so it counts among the slow ones whatever its latency would have been, and the quantile between
   * them and the quick ones stays where it is. The hedge's own latency would move it; leave it out.
   */
  record(latencyMs: number, nowMs: number): void;
  /** How long to wait for an answer before a hedge; undefined while too few latencies are known. */
  delayMs(nowMs: number): number | undefined;
  /** Adds what one request pays for; call it for every request of the route, at its first attempt. */
  deposit(): void;
  /**
   * Pays for one hedge; false when it cannot be afforded, and always when the service `isBusy`:
   * then requests are late because they queue, and more of them would make them later still.
   */
  mayHedge(isBusy: boolean): boolean;
}

/** Somewhat less than all of the budget is aimed at, so that a hedge is there when it is needed. */
const BUDGET_SHARE = 0.75;

/** Below this, in milliseconds, a second attempt gains too little. */
const LEAST_DELAY_MS = 5;

/** So many latencies make a quantile in the tail worth anything. */
const LEAST_SAMPLES = 100;

/** Hedging that knows no latency yet. Throws a RangeError when `budgetRatio` is not above 0. */
export function createHedging({ budgetRatio = 0.02, burst = 10 }: HedgingOptions = {}): Hedging {
  const latencies = new RecentLatencies();
  const budget = createRetryBudget({ ratio: budgetRatio, burst });
  const quickShare = 1 - BUDGET_SHARE * budgetRatio;
  return {
    record: (latencyMs, nowMs) => latencies.record(latencyMs, nowMs),
    delayMs(nowMs) {
      if (latencies.count(nowMs) < LEAST_SAMPLES) return undefined;
      const lateMs = latencies.quantile(quickShare, nowMs);
      return lateMs === undefined ? undefined : Math.max(LEAST_DELAY_MS, lateMs);
    },
    deposit: () => budget.deposit(),
    mayHedge: (isBusy) => !isBusy && budget.withdraw(),
  };
}
