/**
 * How much worse than it looks an upstream is: the factor by which policies take its load to be
 * higher than what is in flight. Exactly 1 while upstreams are alike, so that noise in latencies
 * never moves a request.
 */
import type { Upstream } from './upstream.ts';

/** Up to this many times the median latency is noise. */
const SLOW_RATIO = 2;

/**
 * So many milliseconds more than the median are noise, whatever the ratio: an origin that has to
 * wait for its turn on a shared processor is as late as that, however quick its code is.
 */
const NOISE_MS = 1;

/**
 * Three times the standard deviation of one answer's logarithm: π/√6 when times of service are
 * exponential, as with a queue in front of them; most are steadier.
 */
const CHANCE = 4;

/** Slowness counts for a little more than its ratio: its queue is slow as well. */
const SLOW_POWER = 1.25;

/** What each failure in a row multiplies the load by, and how many count. */
const FAILURE_FACTOR = 4;
const COUNTED_FAILURES = 3;

/** An upstream in another zone gets a request when those here have so many more in flight. */
const OTHER_ZONE_HANDICAP = 2;

/** What the upstreams of one service are compared with. */
export interface Comparison {
  /** Median of ln(milliseconds) over the upstreams; undefined while too few are known. */
  readonly medianLnMs: number | undefined;
  /** Answers of the upstream in the middle. */
  readonly answers: number;
  /** The zone to prefer; undefined when nobody is in it. */
  readonly zone: string | undefined;
}

/** Compares `upstreams` as they look now; `scratch` has room for one number each. */
export function compare(
  upstreams: readonly Upstream[],
  zone: string | undefined,
  scratch: Float64Array,
  nowMs: number,
): Comparison {
  let known = 0;
  let isZoneServed = false;
  for (const upstream of upstreams) {
    if (upstream.latency.isKnown) scratch[known++] = lnNowOf(upstream, nowMs);
    isZoneServed ||= zone !== undefined && upstream.zone === zone;
  }
  const sorted = scratch.subarray(0, known).sort();
  // Of two in the middle the quicker: with half of them slow, it is still the slow ones that are.
  const medianLnMs = known < 2 ? undefined : sorted[(known - 1) >> 1];
  const middle = upstreams.find((one) => one.latency.isKnown && lnNowOf(one, nowMs) === medianLnMs);
  return {
    medianLnMs,
    answers: middle?.latency.answers ?? 0,
    zone: isZoneServed ? zone : undefined,
  };
}

/**
 * Latency in multiples of the median, as it looks now; exactly 1 while that is no more than
 * chance, or there is nothing to compare. The fewer answers tell, the more they have to differ.
 */
export function slownessOf(
  upstream: Upstream,
  { medianLnMs, answers }: Comparison,
  nowMs: number,
): number {
  if (medianLnMs === undefined || !upstream.latency.isKnown) return 1;
  const lnMs = lnNowOf(upstream, nowMs);
  const chance = CHANCE * Math.sqrt(1 / upstream.latency.answers + 1 / answers);
  return lnMs - medianLnMs > chance && isLate(lnMs, medianLnMs) ? Math.exp(lnMs - medianLnMs) : 1;
}

function lnNowOf({ latency, waiting, waitingSinceMs }: Upstream, nowMs: number): number {
  return waiting > 0 ? latency.lnNowMs(waitingSinceMs, nowMs) : latency.lnMs;
}

/** The correction of `upstream`, whose latency is `slowness` times the median. */
export function correctionOf(upstream: Upstream, slowness: number): number {
  const correction = slowness ** SLOW_POWER;
  const { ownRun } = upstream.detector;
  return ownRun > 0
    ? correction * FAILURE_FACTOR ** Math.min(ownRun, COUNTED_FAILURES)
    : correction;
}

/** How many requests `upstream` is taken to have besides its own: those of the way to its zone. */
export function handicapOf(upstream: Upstream, { zone }: Comparison): number {
  if (zone === undefined || upstream.zone === undefined || upstream.zone === zone) return 0;
  return OTHER_ZONE_HANDICAP;
}

/** Is one answer after that time as quick as others' answers are? */
export function isQuick(latencyMs: number, { medianLnMs }: Comparison): boolean {
  return medianLnMs !== undefined && !isLate(Math.log(latencyMs), medianLnMs);
}

function isLate(lnMs: number, medianLnMs: number): boolean {
  const medianMs = Math.exp(medianLnMs);
  return Math.exp(lnMs) > Math.max(SLOW_RATIO * medianMs, medianMs + NOISE_MS);
}
