// Owns what ends a partner call before its answer: the caller leaves, or its time is up.
import { deadlineExceeded } from '../deadline.ts';

/** The limit of one call, from its start until `end`. */
export class CallLimit {
  /** Told once, with why, when the call is over before it was ended. */
  onOver: ((reason: unknown) => void) | undefined;
  readonly #caller: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  readonly #endMs: number;
  #isOver = false;
  #reason: unknown;

  /** `caller` ends the call, and so does the end of `budgetMs` milliseconds. */
  constructor(caller: AbortSignal, budgetMs: number) {
    this.#caller = caller;
    this.#endMs = performance.now() + budgetMs;
    this.#timer = setTimeout(passed, budgetMs, this);
    if (caller.aborted) this.#abandon();
    else caller.addEventListener('abort', this.#abandon);
  }

  /** Whether the call is over, though it was not ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Why it is over: what the caller's signal says, or a problem of kind `timeout`. */
  get reason(): unknown {
    return this.#reason;
  }

  /** Milliseconds left, never negative. */
  remainingMs(): number {
    return Math.max(0, this.#endMs - performance.now());
  }

  /** Makes the call over, for `reason`; only the first counts. */
  over(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reason = reason;
    this.onOver?.(reason);
  }

  /** The call has its answer: nothing is told any more, and nothing is left behind. */
  end(): void {
    clearTimeout(this.#timer);
    this.#caller.removeEventListener('abort', this.#abandon);
    this.onOver = undefined;
  }

  readonly #abandon = (): void => this.over(this.#caller.reason);
}

function passed(limit: CallLimit): void {
  limit.over(deadlineExceeded());
}
