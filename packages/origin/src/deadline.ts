// Owns the one deadline of a request: a signal that aborts when time is up or the client has left.
import { HttpProblem } from './problem.ts';

/** Header in which a caller states how many milliseconds it will still wait. */
export const deadlineHeader = 'headgate-deadline-ms';

/** The time a request has left, and the signal that cancels its work. */
export interface Deadline {
  /** Aborts with an HttpProblem of kind `timeout` or `client-gone`. */
  readonly signal: AbortSignal;
  /** Milliseconds left, never negative; Infinity when there is no deadline. */
  remainingMs(): number;
  /** Gives the request `budgetMs` from now (Infinity: no deadline), at most what the caller allows. */
  raise(budgetMs: number): void;
  /** The client has left: the signal aborts. */
  leave(): void;
  /** Stops the timer: the request is over. The departure of the client is still told. */
  end(): void;
}

/** What a deadline is made of. */
export interface DeadlineOptions {
  /** The origin's own budget in milliseconds. */
  budgetMs: number;
  /** The caller's budget in milliseconds, if it stated one; never exceeded. */
  callerBudgetMs?: number | undefined;
  /** Aborts when the client disconnects; whoever has none calls `leave`. */
  client?: AbortSignal | undefined;
  /** Monotonic clock in milliseconds. */
  now?: () => number;
}

// setTimeout turns anything longer into 1 ms.
const longestTimerMs = 2 ** 31 - 1;

/** Starts the deadline of one request; call `end` when its last byte is out. */
export function createDeadline(options: DeadlineOptions): Deadline {
  return new RequestDeadline(options);
}

class RequestDeadline implements Deadline {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #now: () => number;
  readonly #callerEndMs: number;
  #endMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DeadlineOptions) {
    const { budgetMs, callerBudgetMs = Number.POSITIVE_INFINITY, client } = options;
    const { now = monotonicNow } = options;
    this.signal = this.#controller.signal;
    this.#now = now;
    this.#callerEndMs = now() + callerBudgetMs;
    if (client?.aborted) this.leave();
    else client?.addEventListener('abort', () => this.leave(), { once: true });
    this.raise(budgetMs);
  }

  remainingMs(): number {
    return Math.max(0, this.#endMs - this.#now());
  }

  raise(budgetMs: number): void {
    clearTimeout(this.#timer);
    const nowMs = this.#now();
    this.#endMs = Math.min(nowMs + budgetMs, this.#callerEndMs);
    const leftMs = this.#endMs - nowMs;
    if (leftMs > longestTimerMs) return;
    this.#timer = setTimeout(passed, Math.max(0, leftMs), this.#controller);
  }

  leave(): void {
    this.#controller.abort(clientGone());
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

function passed(controller: AbortController): void {
  controller.abort(deadlineExceeded());
}

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

// 499 is nginx's word for it; it is seen in logs and metrics only.
function clientGone(): HttpProblem {
  return new HttpProblem({
    status: 499,
    kind: 'client-gone',
    side: 'client',
    retryable: false,
    detail: 'the client left before it was answered',
  });
}
