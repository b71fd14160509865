/**
 * Taking a failing upstream out, and back in: out for a while that doubles, then one request on
 * trial, then more at once for as long as they go well. New ones come in the same way.
 */
import type { Random } from './random.ts';

/** First time out, in milliseconds; doubled each further time. */
const FIRST_OUT_MS = 1_000;
const LONGEST_OUT_MS = 30_000;

/** So long in without a further ejection, in milliseconds, and the next one is the first again. */
const FORGIVEN_AFTER_MS = 5_000;

/** Allowed so many at once, an upstream is as good as any. */
const FULL_ALLOWANCE = 64;

/** A return ends after this, in milliseconds, however slow: what remains is for the policy. */
const LONGEST_RETURN_MS = 10_000;

/** `in` like any other, `out` until its time is up and its trial went well, `returning` by steps. */
export type Presence = 'in' | 'out' | 'returning';

/** Whether one upstream takes part, as far as its own traffic has decided. */
export class Ejection {
  presence: Presence = 'in';
  /** While out: when a trial is due. */
  untilMs = 0;
  /** While returning: how many requests may wait at once. */
  allowance = Number.POSITIVE_INFINITY;
  /** While out: a request is finding out how it is. */
  isOnTrial = false;
  #times = 0;
  #outMs = 0;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #good = 0;

  /** Out, for twice as long as last time, give or take a fifth. */
  eject(nowMs: number, random: Random): void {
    if (this.presence === 'in' && nowMs - this.#sinceMs > FORGIVEN_AFTER_MS) this.#times = 0;
    this.#outMs = Math.min(LONGEST_OUT_MS, FIRST_OUT_MS * 2 ** this.#times);
    this.#times++;
    this.presence = 'out';
    this.isOnTrial = false;
    this.#sinceMs = nowMs;
    this.untilMs = nowMs + this.#outMs * (0.8 + 0.4 * random());
    this.allowance = Number.POSITIVE_INFINITY;
  }

  /** Comes in by steps: new here, found healthy again, or its trial went well. */
  startReturn(nowMs: number): void {
    this.presence = 'returning';
    this.#sinceMs = nowMs;
    this.allowance = 1;
    this.#good = 0;
  }

  /** In at once, like an upstream the service starts with. */
  admit(nowMs: number): void {
    this.presence = 'in';
    this.allowance = Number.POSITIVE_INFINITY;
    this.#sinceMs = nowMs;
  }

  /** Out, its time is up, and one request should find out how it is. */
  isTrialDue(nowMs: number): boolean {
    return this.presence === 'out' && !this.isOnTrial && nowMs >= this.untilMs;
  }

  /** Nobody risked a trial for as long again as it was out: anybody's request will do. */
  isTrialOverdue(nowMs: number): boolean {
    return this.presence === 'out' && nowMs >= this.untilMs + this.#outMs;
  }

  /** So newly back that one failure is enough, if its request was sent since (at `sentMs`). */
  isOnProbation(sentMs: number): boolean {
    return this.presence === 'returning' && this.allowance <= 2 && sentMs >= this.#sinceMs;
  }

  /** Takes a good answer while returning; true when that ends the return. */
  progress(isQuick: boolean, nowMs: number): boolean {
    if (nowMs - this.#sinceMs > LONGEST_RETURN_MS) return true;
    if (!isQuick) return false;
    this.#good++;
    if (this.#good < this.allowance) return false;
    this.allowance *= 2;
    this.#good = 0;
    return this.allowance >= FULL_ALLOWANCE;
  }
}
