// Owns the one deadline of a request: a signal that aborts when time is up or the client has left.
import { HttpProblem } from './problem.ts';

/** Header in which a caller states how many milliseconds it will still wait. */
export const deadlineHeader = 'headgate-deadline-ms';

/** The time a request has left, and the signal that cancels its work. */
export interface Deadline {
  /**
   * Aborts with an HttpProblem of kind `timeout` or `client-gone`. It is made, with its timer, when
   * it is first asked for: nothing happens at a deadline that nobody watches.
   */
  readonly signal: AbortSignal;
  /** Milliseconds left, never negative; Infinity when there is no deadline. */
  remainingMs(): number;
  /** Gives the request `budgetMs` from now (Infinity: no deadline), at most what the caller allows. */
  raise(budgetMs: number): void;
  /** Why the signal has aborted, or would have for a client that left; undefined while it has not. */
  readonly endedBy: HttpProblem | undefined;
  /** The client has left: the signal aborts. */
  leave(): void;
  /** Stops the timer: the request is over. The departure of the client is still told. */
  end(): void;
}

/** What a deadline is made of. */
export interface DeadlineOptions {
  /** When the request arrived, on the clock of `now`. Default: this moment. */
  readonly arrivedAtMs?: number;
  /** The origin's own budget in milliseconds, from the arrival. */
  readonly budgetMs: number;
  /** The caller's budget in milliseconds, if it stated one; never exceeded. */
  readonly callerBudgetMs?: number | undefined;
  /** Aborts when the client disconnects; whoever has none calls `leave`. */
  readonly client?: AbortSignal | undefined;
  /** Monotonic clock in milliseconds. */
  readonly now?: () => number;
}

// setTimeout turns anything longer into 1 ms.
const longestTimerMs = 2 ** 31 - 1;

/** The deadline of one request; call `end` when its last byte is out. */
export function createDeadline(options: DeadlineOptions): Deadline {
  return new RequestDeadline(options);
}

class RequestDeadline implements Deadline {
  readonly #now: () => number;
  readonly #callerEndMs: number;
  #endMs: number;
  #controller: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #endedBy: HttpProblem | undefined;
  #isOver = false;

  constructor(options: DeadlineOptions) {
    const { budgetMs, callerBudgetMs = Number.POSITIVE_INFINITY, client } = options;
    const { now = monotonicNow, arrivedAtMs = now() } = options;
    this.#now = now;
    this.#callerEndMs = arrivedAtMs + callerBudgetMs;
    this.#endMs = Math.min(arrivedAtMs + budgetMs, this.#callerEndMs);
    if (client?.aborted) this.leave();
    else client?.addEventListener('abort', () => this.leave(), { once: true });
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#endedBy !== undefined) this.#controller.abort(this.#endedBy);
      else this.#watch();
    }
    return this.#controller.signal;
  }

  get endedBy(): HttpProblem | undefined {
    return this.#endedBy;
  }

  remainingMs(): number {
    return Math.max(0, this.#endMs - this.#now());
  }

  raise(budgetMs: number): void {
    this.#endMs = Math.min(this.#now() + budgetMs, this.#callerEndMs);
    if (this.#controller !== undefined) this.#watch();
  }

  leave(): void {
    this.#abort(clientGone());
  }

  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#isOver) return;
    const leftMs = this.remainingMs();
    if (leftMs === 0) this.#pass();
    else if (leftMs <= longestTimerMs) this.#timer = setTimeout(pass, leftMs, this);
  }

  #pass(): void {
    this.#abort(deadlineExceeded());
  }

  #abort(problem: HttpProblem): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = problem;
    this.#controller?.abort(problem);
  }

  static pass(deadline: RequestDeadline): void {
    deadline.#pass();
  }
}

const { pass } = RequestDeadline;

function monotonicNow(): number {
  return performance.now();
}

/** The budget a caller stated, in milliseconds; undefined when absent or not a whole number. */
export function parseDeadline(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

/** 504: the request's own deadline passed. */
export function deadlineExceeded(): HttpProblem {
  return new HttpProblem({
    status: 504,
    kind: 'timeout',
    side: 'origin',
    retryable: true,
    detail: 'the deadline of this request passed before it could be answered',
  });
}

/** 499, nginx's word for it: the client has left. It is seen in logs and metrics only. */
export function clientGone(): HttpProblem {
  return new HttpProblem({
    status: 499,
    kind: 'client-gone',
    side: 'client',
    retryable: false,
    detail: 'the client left before it was answered',
  });
}
