/** Peak EWMA: of two upstreams, the one expected to answer sooner by its recent latency. */
import type { Policy } from '../policy.ts';
import type { Upstream } from '../upstream.ts';
import { unitLoad } from './load.ts';
import { createTwoChoices } from './power-of-two.ts';

/** Time after which an old latency counts for 1/e. */
const DECAY_MS = 10_000;
/** A failure counts as an answer at least this late, so that failing fast attracts nothing. */
const FAILURE_MS = 5_000;
/** The latency of one that has never answered but owes an answer: more than that of any other. */
const UNKNOWN_MS = 2 ** 47;

/** Peak EWMA is told of answers: it judges by them. */
export interface PeakEwma extends Policy {
  answered(upstream: Upstream, latencyMs: number, isGood: boolean, nowMs: number): void;
}

/** The latency one upstream is expected to have, as of its latest answer. */
interface Expectation {
  latencyMs: number;
  atMs: number;
}

/**
 * Power of two choices by latency × (requests in flight + 1), each request for its share, as in
 * Finagle (`PeakEwma.scala`) and Linkerd. The expected latency jumps up with a single late answer,
 * comes down as a moving average, and fades while there is no answer at all, so that an upstream
 * avoided is tried again. One that has never answered is tried with one request at a time.
 */
export function createPeakEwma(): PeakEwma {
  // Outlives the set of candidates: an upstream that returns is as slow as it was.
  const expectations = new WeakMap<Upstream, Expectation>();
  let unit = 1;

  const { use, pick } = createTwoChoices((upstream, nowMs) => {
    const expected = expectations.get(upstream);
    const inFlight = upstream.inFlight + upstream.othersInFlight;
    if (!expected) return inFlight === 0 ? 0 : UNKNOWN_MS * (inFlight / upstream.share);
    // The request to come counts the same for all: an idle service then shares by the draws.
    return fade(expected, nowMs) * (inFlight / upstream.share + unit);
  });

  return {
    use(candidates) {
      unit = unitLoad(candidates);
      use(candidates);
    },

    answered(upstream, latencyMs, isGood, nowMs) {
      const seenMs = isGood ? latencyMs : Math.max(latencyMs, FAILURE_MS);
      const expected = expectations.get(upstream);
      if (!expected) {
        expectations.set(upstream, { latencyMs: seenMs, atMs: nowMs });
        return;
      }
      const kept = Math.exp((expected.atMs - nowMs) / DECAY_MS);
      expected.latencyMs =
        seenMs > expected.latencyMs ? seenMs : expected.latencyMs * kept + seenMs * (1 - kept);
      expected.atMs = nowMs;
    },

    pick,
  };
}

function fade({ latencyMs, atMs }: Expectation, nowMs: number): number {
  return latencyMs * Math.exp((atMs - nowMs) / DECAY_MS);
}
