/** One request's hold on an upstream: counted when taken, given back exactly once. */
import type { Upstream } from './upstream.ts';

/** How the request ended for the upstream; `ignored` when that says nothing about it. */
export type LeaseOutcome = 'success' | 'failure' | 'ignored';

/** Held from the pick until the last byte of the response body, or until the attempt is aborted. */
export interface Lease {
  readonly upstream: Upstream;
  readonly isReleased: boolean;
  /** Gives the upstream back. Only the first call counts; any further one does nothing. */
  release(outcome: LeaseOutcome): void;
}

/** Counts one more request in flight on `upstream`, until the lease is released. */
export function takeLease(upstream: Upstream): Lease {
  return new CountedLease(upstream);
}

// A class because there is one per request: closures would triple what each of them allocates.
class CountedLease implements Lease {
  readonly upstream: Upstream;
  isReleased = false;

  constructor(upstream: Upstream) {
    this.upstream = upstream;
    upstream.inFlight++;
    upstream.requests++;
  }

  release(outcome: LeaseOutcome): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.upstream.inFlight--;
    if (outcome === 'failure') this.upstream.failures++;
  }
}
