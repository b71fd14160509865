// Owns one who waits for a call: for how long, and what they are told. Several may wait for one.
import type { CallOptions, PartnerResult } from './call-options.ts';
import { abortFailure, type Failure, failureOf } from './failure.ts';
import { readAnswer } from './partner-answer.ts';
import type { CallMeters } from './partner-metrics.ts';
import type { WireAnswer } from './transport.ts';

/** What a caller waits for. */
export interface Awaited {
  /** Names partner and path. */
  readonly what: string;
  readonly meters: CallMeters | undefined;
  /** Monotonic clock in milliseconds. */
  now(): number;
  /** `caller` waits no longer; it has been told why. */
  left(caller: Waiting, isTimeout: boolean): void;
}

/** One who waits, as the call knows them. */
export interface Waiting {
  /** When its time is up, on the clock of the call. */
  readonly endMs: number;
  /** It is about to leave: its signal has aborted. */
  readonly isLeaving: boolean;
  /** Tells it, and it waits no longer. */
  answered(answer: WireAnswer): void;
  failed(failure: Failure): void;
}

/**
 * Waits until told, its time is up, or one of its signals aborts; then its result is there. A class
 * that is its own listener: thousands may wait, and closures would triple what each of them costs.
 */
export class Caller<T> implements Waiting {
  readonly result: Promise<PartnerResult<T>>;
  readonly endMs: number;
  readonly #call: Awaited;
  readonly #options: CallOptions<T>;
  readonly #startedMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal | undefined;
  readonly #scopeSignal: AbortSignal | undefined;
  #resolve!: (result: PartnerResult<T>) => void;

  /** Starts to wait, for `budgetMs` at most. None of its signals may have aborted. */
  constructor(call: Awaited, options: CallOptions<T>, budgetMs: number, nowMs: number) {
    this.#call = call;
    this.#options = options;
    this.#startedMs = nowMs;
    this.endMs = nowMs + budgetMs;
    this.result = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#timer = setTimeout(timeIsUp, Math.ceil(budgetMs), this);
    this.#signal = options.signal;
    this.#scopeSignal = scopeSignalOf(options);
    this.#signal?.addEventListener('abort', this);
    this.#scopeSignal?.addEventListener('abort', this);
  }

  get isLeaving(): boolean {
    return this.#signal?.aborted === true || this.#scopeSignal?.aborted === true;
  }

  answered(answer: WireAnswer): void {
    const result = readAnswer(answer, this.#options, this.#call);
    this.#settle(result);
  }

  failed(failure: Failure): void {
    this.#settle({ ok: false, failure });
  }

  /** Its time is up. */
  timeIsUp(): void {
    this.failed(failureOf('timeout', `${this.#call.what}: no answer in time`));
    this.#call.left(this, true);
  }

  /** One of its signals has aborted. */
  handleEvent(): void {
    const signal = this.#signal?.aborted ? this.#signal : this.#scopeSignal;
    const failure = abortFailure(signal as AbortSignal, this.#call.what);
    this.failed(failure);
    this.#call.left(this, failure.kind === 'timeout');
  }

  #settle(result: PartnerResult<T>): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this);
    this.#scopeSignal?.removeEventListener('abort', this);
    const { meters } = this.#call;
    if (meters) {
      const outcome = result.ok ? 'ok' : result.failure.kind;
      meters.ended(outcome, this.#call.now() - this.#startedMs);
    }
    this.#resolve(result);
  }
}

/** The signal of the request a call is made for, unless it is the call's own anyway. */
export function scopeSignalOf({
  scope,
  signal,
}: Pick<CallOptions, 'scope' | 'signal'>): AbortSignal | undefined {
  const scopeSignal = scope?.signal ?? scope?.deadline?.signal;
  return scopeSignal === signal ? undefined : scopeSignal;
}

function timeIsUp(caller: { timeIsUp(): void }): void {
  caller.timeIsUp();
}
