// Owns one exchange with one upstream: what becomes of its lease, and who is told.
import { type Lease, type LeaseOutcome, type Pass, parseLoad } from '@headgate/balancer';
import type { Dispatch } from './dispatch.ts';
import { isServerError } from './repeat.ts';
import type { AnswerSink, TransportFailure, WireAnswer, WireAttempt } from './transport.ts';

/** Whose attempt it is; told exactly one of these, once, unless it gives up first. */
export interface AttemptOwner {
  /** An answer, whatever its status; `answer` is undefined when all there is of it is its status. */
  attemptAnswered(
    attempt: Attempt,
    status: number,
    answer: WireAnswer | undefined,
    nowMs: number,
  ): void;
  attemptFailed(attempt: Attempt, failure: TransportFailure, nowMs: number): void;
  /** It took longer than an attempt may; it is over. */
  attemptTimedOut(attempt: Attempt, nowMs: number): void;
}

/** Held from the pick until the last byte of the answer. */
export class Attempt implements AnswerSink {
  readonly lease: Lease;
  /** Set as soon as it is sent. */
  wire: WireAttempt | undefined;
  readonly #owner: AttemptOwner;
  readonly #dispatch: Dispatch;
  readonly #pass: Pass;
  #status = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(owner: AttemptOwner, dispatch: Dispatch, lease: Lease, pass: Pass) {
    this.#owner = owner;
    this.#dispatch = dispatch;
    this.lease = lease;
    this.#pass = pass;
    const { attemptTimeoutMs } = dispatch;
    if (attemptTimeoutMs !== undefined) this.#timer = setTimeout(timedOut, attemptTimeoutMs, this);
  }

  onHead(status: number, header: (name: string) => string | undefined): void {
    const { lease } = this;
    const nowMs = this.#dispatch.now();
    this.#status = status;
    lease.answered(!isServerError(status), nowMs);
    if (this.#dispatch.maySayLoad(lease.upstream)) {
      const load = parseLoad(header('headgate-load') ?? '');
      if (load !== undefined) this.#dispatch.service.reported(lease.upstream, load, nowMs);
    }
    this.#dispatch.freed();
  }

  onAnswer(answer: WireAnswer): void {
    this.#answered(answer);
  }

  onFailure(failure: TransportFailure): void {
    const isRefused = this.#status !== 0 && !(this.#status >= 200 && this.#status <= 299);
    if (isRefused) {
      // A refusal is known by its status, however its body ends.
      this.#answered(undefined);
      return;
    }
    const nowMs = this.#dispatch.now();
    this.#release(failure.kind === 'too-large' ? 'success' : 'failure', nowMs);
    this.#owner.attemptFailed(this, failure, nowMs);
  }

  /** Ends it, on the wire too; `outcome` is what that says about the upstream. */
  giveUp(outcome: LeaseOutcome, nowMs: number): void {
    this.wire?.abort();
    this.#release(outcome, nowMs);
  }

  timedOut(): void {
    const nowMs = this.#dispatch.now();
    this.giveUp('failure', nowMs);
    this.#owner.attemptTimedOut(this, nowMs);
  }

  #answered(answer: WireAnswer | undefined): void {
    const nowMs = this.#dispatch.now();
    const status = this.#status;
    this.#release(isServerError(status) ? 'failure' : 'success', nowMs);
    this.#owner.attemptAnswered(this, status, answer, nowMs);
  }

  #release(outcome: LeaseOutcome, nowMs: number): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.lease.release(outcome, nowMs);
    this.#dispatch.breaker?.settle(this.#pass, outcome, nowMs);
  }
}

function timedOut(attempt: Attempt): void {
  attempt.timedOut();
}
