/** One request's hold on an upstream: counted when taken, given back exactly once. */
import type { Upstream } from './upstream.ts';

/** How the request ended for the upstream; `ignored` when that says nothing about it. */
export type LeaseOutcome = 'success' | 'failure' | 'ignored';

/** Who is told what becomes of a lease. */
export interface LeaseOwner {
  /** The answer has begun: `latencyMs` after the pick, when `waitingBefore` others waited. */
  answered(lease: Lease, latencyMs: number, isGood: boolean, nowMs: number): void;
  /** It is over; `heldMs` after the pick. */
  released(lease: Lease, outcome: LeaseOutcome, heldMs: number, nowMs: number): void;
}

/**
 * Held from the pick until the last byte of the response body, or until the attempt is aborted.
 * A class because there is one per request: closures would triple what each of them allocates.
 */
export class Lease {
  readonly upstream: Upstream;
  /** Taken to find out about an upstream in doubt: its request should not suffer from it. */
  readonly isTrial: boolean;
  readonly takenMs: number;
  /** How many others waited for this upstream at the pick. */
  readonly waitingBefore: number;
  isAnswered = false;
  isReleased = false;
  /** The answer was no good, and that has been counted. */
  isFailed = false;
  readonly #owner: LeaseOwner;

  /** Counts one more request in flight on `upstream`, until the lease is released. */
  constructor(owner: LeaseOwner, upstream: Upstream, isTrial: boolean, nowMs: number) {
    this.#owner = owner;
    this.upstream = upstream;
    this.isTrial = isTrial;
    this.takenMs = nowMs;
    this.waitingBefore = upstream.waiting;
    if (upstream.waiting === 0) upstream.waitingSinceMs = nowMs;
    upstream.inFlight++;
    upstream.waiting++;
    upstream.requests++;
  }

  /** The first byte of an answer is there; `isGood` when it is none of a failing upstream. */
  answered(isGood: boolean, nowMs: number): void {
    if (this.isAnswered || this.isReleased) return;
    this.isAnswered = true;
    this.upstream.waiting--;
    this.#owner.answered(this, nowMs - this.takenMs, isGood, nowMs);
  }

  /** Gives the upstream back. Only the first call counts; any further one does nothing. */
  release(outcome: LeaseOutcome, nowMs: number): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.upstream.inFlight--;
    if (!this.isAnswered) this.upstream.waiting--;
    this.#owner.released(this, outcome, nowMs - this.takenMs, nowMs);
  }
}
