// Owns how many calls one request may have under way at a time: a request that fans out widely must
// not take every connection from the others.
import type { CallScope } from './call-options.ts';

/** One that asks for room. */
export interface Applicant {
  /** False when it has been started meanwhile, or nobody waits for it any more. */
  readonly isDue: boolean;
  /** There is room now, which it gives back with `leave`. */
  granted(): void;
}

interface Share {
  running: number;
  readonly waiting: Applicant[];
}

/** Shares of requests, forgotten with them. */
export class PerRequest {
  readonly #most: number;
  readonly #shares = new WeakMap<CallScope, Share>();

  constructor(most: number) {
    this.#most = most;
  }

  /** True when there is room, which `leave` gives back; otherwise `call` is told when there is. */
  enter(scope: CallScope, call: Applicant): boolean {
    let share = this.#shares.get(scope);
    if (!share) {
      share = { running: 0, waiting: [] };
      this.#shares.set(scope, share);
    }
    if (share.running < this.#most) {
      share.running++;
      return true;
    }
    share.waiting.push(call);
    return false;
  }

  /** A call of `scope` is over: the next that still wants to is started in its place. */
  leave(scope: CallScope): void {
    const share = this.#shares.get(scope);
    if (!share) return;
    for (let next = share.waiting.shift(); next; next = share.waiting.shift()) {
      if (!next.isDue) continue;
      next.granted();
      return;
    }
    share.running--;
  }
}
