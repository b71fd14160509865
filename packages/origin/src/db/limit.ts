// Owns how long one piece of work on the database may go on: its caller's signal and a time.

/** Ends once, by the signal, the time or the limit around it, whichever comes first. */
export interface Limit {
  /** Why it has ended; undefined while it has not. */
  readonly reason: unknown;
  /** Whether it ended by a time, not by a signal. */
  readonly isTimeout: boolean;
  /** Calls `act` when it ends, unless the returned function was called before. */
  watch(act: (reason: unknown) => void): () => void;
  /** The work is over: timer and listener go. */
  release(): void;
}

/** What a limit is made of. */
export interface LimitOptions {
  readonly signal: AbortSignal | undefined;
  /** Milliseconds from now; Infinity for none. */
  readonly timeoutMs: number;
  /** What it ends with when the time is up. */
  readonly timeoutReason: () => unknown;
  /** Ends this one too. */
  readonly around?: Limit | undefined;
}

// setTimeout turns anything longer into 1 ms.
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Starts a limit; call `release` when the work is over. */
export function startLimit(options: LimitOptions): Limit {
  return new RunningLimit(options);
}

class RunningLimit implements Limit {
  reason: unknown;
  isTimeout = false;
  readonly #signal: AbortSignal | undefined;
  readonly #timeoutReason: () => unknown;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #leaveAround: (() => void) | undefined;
  readonly #acts: ((reason: unknown) => void)[] = [];

  constructor({ signal, timeoutMs, timeoutReason, around }: LimitOptions) {
    this.#signal = signal;
    this.#timeoutReason = timeoutReason;
    if (signal?.aborted) this.#end(signal.reason);
    else if (around?.reason !== undefined) this.#endLike(around);
    else {
      signal?.addEventListener('abort', this, { once: true });
      this.#leaveAround = around?.watch(() => this.#endLike(around));
      if (timeoutMs <= LONGEST_TIMER_MS) this.#timer = setTimeout(expire, timeoutMs, this);
    }
  }

  watch(act: (reason: unknown) => void): () => void {
    this.#acts.push(act);
    return () => {
      const at = this.#acts.indexOf(act);
      if (at >= 0) this.#acts.splice(at, 1);
    };
  }

  release(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this);
    this.#leaveAround?.();
  }

  /** The signal has aborted: an object as listener needs no closure. */
  handleEvent(): void {
    this.#end(this.#signal?.reason);
  }

  expire(): void {
    this.isTimeout = true;
    this.#end(this.#timeoutReason());
  }

  #endLike(around: Limit): void {
    this.isTimeout = around.isTimeout;
    this.#end(around.reason);
  }

  #end(reason: unknown): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.release();
    for (const act of this.#acts.splice(0)) act(reason);
  }
}

function expire(limit: RunningLimit): void {
  limit.expire();
}
