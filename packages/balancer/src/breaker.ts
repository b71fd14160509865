/**
 * Whether a service that fails as a whole is asked at all. Ejection takes out the upstream that is
 * worse than the others; when all of them fail there is nothing to choose, and asking on only makes
 * callers wait and the service worse (M. Nygard, "Release It!", 2007).
 */
import type { LeaseOutcome } from './lease.ts';

/** Input of `createBreaker`. */
export interface BreakerOptions {
  /** Fewer outcomes than this in a window decide nothing. Default 20. */
  readonly minRequests?: number;
  /**
   * It opens when this share of the outcomes are failures, above 0 and at most 1. Default 0.9: as long
   * as some are good, asking gives more answers than not asking.
   */
  readonly failureRatio?: number;
  /** Outcomes are forgotten after half of this to all of it, in milliseconds. Default 10,000. */
  readonly windowMs?: number;
  /** How long nobody is let through before one request is tried, in milliseconds. Default 2,000. */
  readonly openMs?: number;
}

/**
 * `closed`: everybody may ask. `open`: nobody may. `half-open`: one may at a time, and how that
 * goes decides.
 */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** What `admit` gives out and `settle` takes back: the period it was given out in. */
export type Pass = number;

/** The breaker of one service. */
export interface Breaker {
  readonly state: BreakerState;
  /** Times it has opened so far. */
  readonly openings: number;
  /** May a request be sent now? Undefined when not; otherwise `settle` the pass exactly once. */
  admit(nowMs: number): Pass | undefined;
  /**
   * Takes how a request went. `ignored` says nothing, and lets another one try. What was sent
   * before the state last changed is too old to count.
   */
  settle(pass: Pass, outcome: LeaseOutcome, nowMs: number): void;
  /** Milliseconds until somebody may try again; 0 unless it is open. */
  waitMs(nowMs: number): number;
}

/** A closed breaker. Throws a RangeError, naming the option, for a number that makes no sense. */
export function createBreaker({
  minRequests = 20,
  failureRatio = 0.9,
  windowMs = 10_000,
  openMs = 2_000,
}: BreakerOptions = {}): Breaker {
  assertAboveZero('minRequests', minRequests);
  assertAboveZero('failureRatio', failureRatio);
  assertAboveZero('windowMs', windowMs);
  assertAboveZero('openMs', openMs);
  if (failureRatio > 1) {
    throw new RangeError(`breaker: failureRatio is ${failureRatio}; give a share of at most 1`);
  }
  let state: BreakerState = 'closed';
  let openings = 0;
  let untilMs = 0;
  let period = 0;
  let isTrying = false;
  // Two halves of the window: one is filled while the other is remembered.
  let sinceMs = Number.NEGATIVE_INFINITY;
  let count = 0;
  let failures = 0;
  let earlierCount = 0;
  let earlierFailures = 0;

  const enter = (next: BreakerState) => {
    state = next;
    period++;
    isTrying = false;
    count = 0;
    failures = 0;
    earlierCount = 0;
    earlierFailures = 0;
    sinceMs = Number.NEGATIVE_INFINITY;
  };

  const open = (nowMs: number) => {
    enter('open');
    openings++;
    untilMs = nowMs + openMs;
  };

  const rotate = (nowMs: number) => {
    const ageMs = nowMs - sinceMs;
    if (ageMs < windowMs / 2) return;
    const isRecent = ageMs < windowMs;
    earlierCount = isRecent ? count : 0;
    earlierFailures = isRecent ? failures : 0;
    count = 0;
    failures = 0;
    sinceMs = nowMs;
  };

  return {
    get state() {
      return state;
    },
    get openings() {
      return openings;
    },
    admit(nowMs) {
      if (state === 'closed') return period;
      if (state === 'open') {
        if (nowMs < untilMs) return undefined;
        enter('half-open');
      }
      if (isTrying) return undefined;
      isTrying = true;
      return period;
    },
    settle(pass, outcome, nowMs) {
      if (pass !== period) return;
      if (state === 'half-open') {
        isTrying = false;
        if (outcome === 'success') enter('closed');
        else if (outcome === 'failure') open(nowMs);
        return;
      }
      if (outcome === 'ignored') return;
      rotate(nowMs);
      count++;
      if (outcome === 'success') return;
      failures++;
      const all = count + earlierCount;
      if (all >= minRequests && failures + earlierFailures >= failureRatio * all) open(nowMs);
    },
    waitMs: (nowMs) => (state === 'open' ? Math.max(0, untilMs - nowMs) : 0),
  };
}

function assertAboveZero(name: string, value: number): void {
  if (value > 0 && value < Number.POSITIVE_INFINITY) return;
  throw new RangeError(`breaker: ${name} is ${value}; give a finite number above 0`);
}
