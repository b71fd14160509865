/** A named group of upstreams: who may get requests, and the pick that also counts. */
import {
  type Comparison,
  compare,
  correctionOf,
  handicapOf,
  isQuick,
  slownessOf,
} from './correction.ts';
import { LONG_HORIZON_MS, OutcomeTally, SHORT_HORIZON_MS } from './failure-detector.ts';
import { Lease, type LeaseOutcome, type LeaseOwner } from './lease.ts';
import {
  assertDistinctKeys,
  canSpare,
  decideMembers,
  hasGivenLimit,
  setLimits,
} from './membership.ts';
import type { Ask, Policy } from './policy.ts';
import type { Random } from './random.ts';
import { nextTrial, retryTrial, trialsDue } from './trials.ts';
import { note, type Upstream, type UpstreamEvent } from './upstream.ts';

/** Input of `createService` and of `reconfigure`. */
export interface ServiceOptions {
  readonly name: string;
  /** Used by this service alone. */
  readonly policy: Policy;
  readonly upstreams: readonly Upstream[];
  readonly random: Random;
  /** Most requests in flight over all upstreams; default no limit. */
  readonly maxInFlight?: number | undefined;
  /** Where this process runs; upstreams elsewhere get less. Default: nobody said. */
  readonly zone?: string | undefined;
  /** Told of what happens to upstreams, as it happens. */
  readonly onEvent?: ((upstream: Upstream, event: UpstreamEvent) => void) | undefined;
}

/** No lease: all that might take the request are full, or there is nobody to take it. */
export type Refusal = 'full' | 'none';

/** What has been learnt is turned into decisions this often, in milliseconds, and when it is used. */
const REVIEW_MS = 25;

/** Upstreams per millisecond between reviews: a review of thousands must stay rare. */
const REVIEWED_PER_MS = 10;

/** Reports as recent as this, in milliseconds, make up the mean of the fleet. */
const REPORTED_MS = 1_000;

/** Slow for so long, in milliseconds, and people are told. */
const SLOW_FOR_MS = 1_000;

/** A group of upstreams that answer the same requests. */
export class Service implements LeaseOwner {
  /** Requests in flight over all upstreams. */
  inFlight = 0;
  /** So much of the weight looks unhealthy that health is ignored; see `refresh`. */
  isPanicking = false;
  /** Answers per second of all upstreams, lately. */
  ratePerSecond = 0;
  /** Typical latency of the quickest upstream in milliseconds; 0 while unknown. */
  quickestMs = 0;
  #options: ServiceOptions;
  #candidates: readonly Upstream[] = [];
  #trials: readonly Upstream[] = [];
  #comparison: Comparison = { medianLnMs: undefined, answers: 0, zone: undefined };
  #scratch = new Float64Array(0);
  readonly #tally = new OutcomeTally();
  #othersMean = 0;
  #picks = 0;
  #reviewedMs = Number.NEGATIVE_INFINITY;

  /** Throws when two upstreams have the same key. */
  constructor(options: ServiceOptions) {
    assertDistinctKeys(options.name, options.upstreams);
    this.#options = options;
    this.refresh(0);
  }

  get name(): string {
    return this.#options.name;
  }

  get upstreams(): readonly Upstream[] {
    return this.#options.upstreams;
  }

  /** Requests that got a lease so far. */
  get requests(): number {
    return this.#picks;
  }

  /** Requests that wait beyond what their upstreams may have waiting. */
  get excess(): number {
    let excess = 0;
    for (const { waiting, limit } of this.#candidates) excess += Math.max(0, waiting - limit);
    return excess;
  }

  /** Goes on under other settings; what is known about upstreams it keeps stays known. */
  reconfigure(options: ServiceOptions, nowMs: number): void {
    assertDistinctKeys(options.name, options.upstreams);
    const kept = new Set(options.upstreams);
    for (const upstream of this.upstreams) if (!kept.has(upstream)) upstream.slot = -1;
    this.#options = options;
    this.refresh(nowMs);
  }

  /** Picks an upstream and counts the request, in one synchronous turn. */
  acquire(ask: Ask): Lease | Refusal {
    const { nowMs, tried } = ask;
    this.#reviewIfDue(nowMs);
    const { policy, random, maxInFlight } = this.#options;
    if (maxInFlight !== undefined && this.inFlight >= maxInFlight) return 'full';
    const trial = this.#trialFor(ask);
    const upstream = trial ?? policy.pick(ask, random);
    if (!upstream) return this.#candidates.some((one) => !tried.includes(one)) ? 'full' : 'none';
    if (trial) this.#trials = this.#trials.filter((one) => one !== trial);
    this.#picks++;
    upstream.pickedMs = nowMs;
    upstream.pickedAt = this.#picks;
    this.inFlight++;
    const isInDoubt = trial !== undefined && isInDoubtOf(trial);
    if (isInDoubt) upstream.ejection.isOnTrial = true;
    upstream.latency.ask();
    const lease = new Lease(this, upstream, isInDoubt, nowMs);
    policy.update?.(upstream);
    return lease;
  }

  answered(lease: Lease, latencyMs: number, isGood: boolean, nowMs: number): void {
    const { upstream } = lease;
    upstream.latency.hear(upstream.waitingSinceMs, nowMs);
    if (isGood) {
      if (isAvoidedNow(upstream) && isQuick(latencyMs, this.#comparison)) {
        // It may have recovered: better not to wait for the next trial's time to know.
        upstream.latency.doubt();
        retryTrial(upstream);
      }
      upstream.latency.observe(latencyMs, isAvoidedNow(upstream), nowMs);
      upstream.found.answered(latencyMs, lease.waitingBefore);
      this.#succeeded(lease, nowMs);
    } else {
      this.#failed(lease, 'answered with a server error', nowMs);
    }
    const { policy } = this.#options;
    policy.update?.(upstream);
    policy.answered?.(upstream, latencyMs, isGood, nowMs);
  }

  released(lease: Lease, outcome: LeaseOutcome, heldMs: number, nowMs: number): void {
    const { upstream } = lease;
    this.inFlight--;
    if (outcome === 'failure') {
      if (!lease.isFailed) this.#failed(lease, 'failed', nowMs);
      if (!lease.isAnswered) this.#options.policy.answered?.(upstream, heldMs, false, nowMs);
    } else if (!lease.isAnswered && outcome === 'success') {
      upstream.latency.hear(upstream.waitingSinceMs, nowMs);
      upstream.latency.observe(heldMs, isAvoidedNow(upstream), nowMs);
      this.#succeeded(lease, nowMs);
    } else if (!lease.isAnswered) {
      if (lease.isTrial) upstream.ejection.isOnTrial = false;
      // Given up on: it would have taken at least as long.
      upstream.found.givenUp(heldMs);
      upstream.latency.observeAtLeast(heldMs, isAvoidedNow(upstream), nowMs);
    }
    this.#options.policy.update?.(upstream);
  }

  /** An upstream said how many requests it has in flight, from everybody. */
  reported(upstream: Upstream, total: number, nowMs: number): void {
    upstream.reported.report(total, upstream.inFlight, nowMs);
    upstream.othersInFlight = upstream.reported.others(nowMs, this.#othersMean);
    this.#options.policy.update?.(upstream);
  }

  /**
   * Decides anew who may get requests, as `decideMembers` says; who comes in beside others does so
   * by steps. Call it after a change of verdict,
   * weight, or of who is draining or disabled.
   */
  refresh(nowMs: number): void {
    const { upstreams, policy } = this.#options;
    const wasPanicking = this.isPanicking;
    const { candidates, isPanicking } = decideMembers(upstreams);
    this.isPanicking = isPanicking;
    this.#candidates = candidates;
    // Where nobody stays there is nobody to carry the load meanwhile.
    const isStaying = candidates.some(({ slot }) => slot >= 0);
    for (const upstream of candidates) {
      const isBack = upstream.slot < 0 && upstream.ejection.presence !== 'out';
      if (isBack && isStaying && !wasPanicking && !isPanicking) {
        upstream.ejection.startReturn(nowMs);
      }
    }
    for (const upstream of upstreams) upstream.slot = -1;
    this.#candidates.forEach((upstream, i) => {
      upstream.slot = i;
    });
    if (this.#scratch.length < upstreams.length) this.#scratch = new Float64Array(upstreams.length);
    setLimits(this.#candidates);
    // Some of those due may have left or been switched off.
    this.#trials = [];
    policy.use(this.#candidates);
  }

  /** Turns what has been learnt into shares, corrections and limits, and finds who is due a trial. */
  review(nowMs: number): void {
    const elapsedMs = nowMs - this.#reviewedMs;
    this.#reviewedMs = nowMs;
    this.#fade(elapsedMs);
    const { policy, zone } = this.#options;
    const candidates = this.#candidates;
    this.#comparison = compare(candidates, zone, this.#scratch, nowMs);
    this.#othersMean = meanOthers(candidates, nowMs);
    let hasShareChanged = false;
    let rate = 0;
    let quickest = Number.POSITIVE_INFINITY;
    for (const upstream of candidates) {
      const share = upstream.weight * upstream.detector.grade(this.#tally);
      hasShareChanged ||= share !== upstream.share;
      upstream.share = share;
      upstream.othersInFlight = upstream.reported.others(nowMs, this.#othersMean);
      upstream.handicap = handicapOf(upstream, this.#comparison);
      this.#judgeSpeed(upstream, nowMs);
      this.#judgeQueue(upstream, nowMs);
      rate += upstream.found.ratePerSecond;
      if (upstream.latency.isKnown) quickest = Math.min(quickest, upstream.latency.lnMs);
    }
    this.ratePerSecond = rate;
    this.quickestMs = quickest === Number.POSITIVE_INFINITY ? 0 : Math.exp(quickest);
    setLimits(this.#candidates);
    if (hasShareChanged) policy.use(candidates);
    else if (policy.update) for (const upstream of candidates) policy.update(upstream);
    this.#trials = trialsDue(this.upstreams, this.#picks, nowMs);
  }

  #trialFor(ask: Ask): Upstream | undefined {
    if (this.#trials.length === 0) return undefined;
    return nextTrial(this.#trials, ask, this.#options.policy.isBlind?.(ask) ?? false);
  }

  #reviewIfDue(nowMs: number): void {
    const everyMs = Math.max(REVIEW_MS, this.upstreams.length / REVIEWED_PER_MS);
    if (nowMs - this.#reviewedMs >= everyMs) this.review(nowMs);
  }

  #fade(elapsedMs: number): void {
    const longFactor = Math.exp(-elapsedMs / LONG_HORIZON_MS);
    const shortFactor = Math.exp(-elapsedMs / SHORT_HORIZON_MS);
    this.#tally.fade(longFactor, shortFactor);
    for (const { detector } of this.upstreams) detector.tally.fade(longFactor, shortFactor);
  }

  #judgeSpeed(upstream: Upstream, nowMs: number): void {
    upstream.detector.review(this.#tally);
    const slowness = slownessOf(upstream, this.#comparison, nowMs);
    upstream.correction = correctionOf(upstream, slowness);
    const hasLasted = nowMs - upstream.slowSinceMs >= SLOW_FOR_MS;
    if (slowness > 1) {
      upstream.slowSinceMs = Math.min(upstream.slowSinceMs, nowMs);
      if (!upstream.isSlow && hasLasted) {
        upstream.isSlow = true;
        const times = slowness.toFixed(slowness < 10 ? 1 : 0);
        this.#tell(upstream, 'slow', `takes ${times} times as long as the median upstream`, nowMs);
      }
      return;
    }
    upstream.slowSinceMs = Number.POSITIVE_INFINITY;
    if (!upstream.isSlow) return;
    upstream.isSlow = false;
    this.#tell(upstream, 'no longer slow', 'answers about as fast as the others', nowMs);
  }

  #judgeQueue(upstream: Upstream, nowMs: number): void {
    if (hasGivenLimit(upstream)) return;
    const { found, waiting } = upstream;
    const wasEngaged = found.isEngaged;
    if (waiting >= found.value) found.reached(nowMs);
    found.roll(waiting, nowMs);
    if (found.isEngaged === wasEngaged) return;
    if (found.isEngaged) {
      this.#tell(upstream, 'limited', `has a queue of its own; ${found.value} at once`, nowMs);
    } else {
      this.#tell(upstream, 'no longer limited', 'its limit was not reached', nowMs);
    }
  }

  #succeeded(lease: Lease, nowMs: number): void {
    const { upstream } = lease;
    const { ejection, detector } = upstream;
    const hadFailed = detector.run > 0;
    upstream.successes++;
    this.#tally.add(true);
    detector.observe(true, this.#tally);
    if (hadFailed) this.#judgeSpeed(upstream, nowMs);
    if (ejection.presence === 'in') return;
    if (ejection.presence === 'out') {
      if (!lease.isTrial && !this.isPanicking) return;
      detector.forgive();
      ejection.admit(nowMs);
      this.#tell(upstream, 'returning', 'a request on trial went well', nowMs);
      this.refresh(nowMs);
    } else if (ejection.progress(slownessOf(upstream, this.#comparison, nowMs) === 1, nowMs)) {
      ejection.admit(nowMs);
      this.#tell(upstream, 'readmitted', 'its requests went well', nowMs);
      setLimits(this.#candidates);
    } else {
      setLimits(this.#candidates);
    }
  }

  #failed(lease: Lease, what: string, nowMs: number): void {
    const { upstream } = lease;
    const { ejection, detector } = upstream;
    lease.isFailed = true;
    upstream.failures++;
    this.#tally.add(false);
    const suspicion = detector.observe(false, this.#tally);
    this.#judgeSpeed(upstream, nowMs);
    if (lease.isTrial && ejection.presence === 'out') {
      this.#eject(upstream, `a request on trial ${what}`, nowMs);
    } else if (ejection.isOnProbation(lease.isTrial ? nowMs : lease.takenMs)) {
      this.#eject(upstream, `one of its first requests ${what}`, nowMs);
    } else if (suspicion && ejection.presence !== 'out') {
      this.#eject(upstream, suspicion.reason, nowMs);
    }
  }

  #eject(upstream: Upstream, reason: string, nowMs: number): void {
    if (upstream.ejection.presence !== 'out' && !canSpare(this.upstreams, upstream)) return;
    upstream.ejection.eject(nowMs, this.#options.random);
    this.#tell(upstream, 'ejected', reason, nowMs);
    this.refresh(nowMs);
  }

  #tell(upstream: Upstream, what: UpstreamEvent['what'], reason: string, atMs: number): void {
    const event = { what, reason, atMs };
    note(upstream, event);
    this.#options.onEvent?.(upstream, event);
  }
}

/** A service over `upstreams`. Throws when two of them have the same key. */
export function createService(options: ServiceOptions): Service {
  return new Service(options);
}

function isAvoidedNow({ slowSinceMs }: Upstream): boolean {
  return slowSinceMs !== Number.POSITIVE_INFINITY;
}

function isInDoubtOf({ ejection, detector }: Upstream): boolean {
  return ejection.presence === 'out' || detector.run > 0;
}

/** What other proxies have in flight at an upstream, on average over those that said so lately. */
function meanOthers(upstreams: readonly Upstream[], nowMs: number): number {
  let sum = 0;
  let count = 0;
  for (const { reported } of upstreams) {
    if (nowMs - reported.reportedMs > REPORTED_MS) continue;
    sum += reported.othersInFlight;
    count++;
  }
  return count === 0 ? 0 : sum / count;
}
