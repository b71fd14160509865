/** One request inside a simulated proxy. */
import { type Lease, QueueEntry, type Upstream } from '@headgate/balancer';
import type { Scheduled } from './engine.ts';

/** How a request ended for its client: `shed` when the proxy refused it, `abandoned` by the client. */
export type Outcome = 'good' | 'error' | 'shed' | 'abandoned';

/** One attempt that is under way. */
export interface Leg {
  readonly lease: Lease;
  readonly isFirst: boolean;
}

/** A class because it waits in the queue of the balancer. */
export class Exchange extends QueueEntry {
  /** Index of what its first attempt will find; the others follow. */
  readonly firstDraw: number;
  readonly acceptedMs: number;
  readonly over: (outcome: Outcome) => void;
  readonly tried: Upstream[] = [];
  readonly legs: Leg[] = [];
  attempts = 0;
  firstSentMs = 0;
  isOver = false;
  hedge: Scheduled | undefined;
  /** When its client leaves. */
  deadline: Scheduled | undefined;

  constructor(firstDraw: number, acceptedMs: number, over: (outcome: Outcome) => void) {
    super('normal');
    this.firstDraw = firstDraw;
    this.acceptedMs = acceptedMs;
    this.over = over;
  }
}
