// Owns the life of one call, on behalf of everybody who waits for it: its turn, its attempts one
// after the other or two at once, and its end, which comes when it has an answer, when nothing more
// can be tried, or when the last caller has left.

import { type Lease, type Pass, QueueEntry, type Upstream } from '@headgate/balancer';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { attemptLines } from './attempt-fields.ts';
import { Audience } from './audience.ts';
import type { CallScope } from './call-options.ts';
import type { Awaited, Waiting } from './caller.ts';
import type { Dispatch } from './dispatch.ts';
import { type Failure, failureOf, statusFailure, wireFailure } from './failure.ts';
import type { Order } from './order.ts';
import { startOf } from './partner-answer.ts';
import type { Applicant } from './per-request.ts';
import { isPassing, isServerError, parseRetryAfterMs, repeatInMs, type Verdict } from './repeat.ts';
import type { TransportFailure, WireAnswer } from './transport.ts';

/** Who is told when a call is over, and takes no further caller. */
export type CallEnd = (call: Call) => void;

const NONE: readonly Upstream[] = [];
const NOBODY: CallScope = {};

/** One call; also its own place in the queue, because thousands may wait there. */
export class Call extends QueueEntry implements AttemptOwner, Awaited, Applicant {
  readonly order: Order;
  /** What identical calls have in common; undefined for one that is not shared. */
  readonly key: string | undefined;
  /** Upstreams that have failed it. */
  tried = NONE;
  readonly audience = new Audience();
  isOver = false;
  readonly #dispatch: Dispatch;
  readonly #scope: CallScope | undefined;
  readonly #onEnd: CallEnd;
  #attempts = 0;
  #first: Attempt | undefined;
  /** The second attempt beside the first. */
  #hedge: Attempt | undefined;
  /** Until the hedge, or until the next attempt. */
  #timer: NodeJS.Timeout | undefined;
  /** How the latest attempt failed. */
  #failure: Failure | undefined;
  #isStarted = false;
  /** Counted among what its request has under way. */
  #hasShare = false;

  constructor(
    dispatch: Dispatch,
    order: Order,
    key: string | undefined,
    scope: CallScope | undefined,
    onEnd: CallEnd,
  ) {
    super('normal');
    this.#dispatch = dispatch;
    this.order = order;
    this.key = key;
    this.#scope = scope;
    this.#onEnd = onEnd;
  }

  get what(): string {
    return `${this.#dispatch.name} ${this.order.path}`;
  }

  /** The clock when the last of its callers gives up. */
  get endMs(): number {
    return this.audience.endMs;
  }

  /** False when it is over, or about to be. */
  get isWanted(): boolean {
    return !this.isOver && this.audience.isThere;
  }

  /** Still waiting for its request to have room for it. */
  get isDue(): boolean {
    return this.isWanted && !this.#isStarted;
  }

  get meters() {
    return this.#dispatch.meters;
  }

  now(): number {
    return this.#dispatch.now();
  }

  /** Has `caller` share it, who is not held up by what the request of the first one has under way. */
  join(caller: Waiting): void {
    this.audience.add(caller);
    if (!this.#isStarted) this.#start();
  }

  /** Takes its turn, for who is in its audience, unless its request has as many calls under way as it may. */
  enter(): void {
    const { perRequest } = this.#dispatch;
    if (perRequest && this.#scope && !perRequest.enter(this.#scope, this)) return;
    this.granted();
  }

  granted(): void {
    this.#hasShare = true;
    this.#start();
  }

  /** Sends an attempt to the upstream of `lease`. */
  send(lease: Lease, pass: Pass, nowMs: number): void {
    this.#attempts++;
    this.#first = this.#attempt(lease, pass, nowMs);
    const { hedging } = this.#dispatch;
    if (!hedging || this.#attempts > 1 || !this.order.isIdempotent || this.order.body) return;
    hedging.deposit();
    const delayMs = hedging.delayMs(nowMs);
    if (delayMs !== undefined) this.#timer = setTimeout(startHedge, delayMs, this);
  }

  attemptAnswered(
    attempt: Attempt,
    status: number,
    answer: WireAnswer | undefined,
    nowMs: number,
  ): void {
    if (answer && status >= 200 && status <= 299) {
      this.#recordWait(nowMs);
      this.#detach(attempt);
      this.#dispatch.retryBudget?.deposit();
      this.#finish(answer, undefined, nowMs);
      return;
    }
    const retryAfterMs = parseRetryAfterMs(answer?.header('retry-after'));
    const message = `${this.what}: answered ${status}`;
    const failure = statusFailure(status, message, { retryAfterMs, body: startOf(answer) });
    const isUnsure = isServerError(status) || status === 429;
    if (!isUnsure) this.#dispatch.retryBudget?.deposit();
    const mayPass = isPassing(status, retryAfterMs);
    this.#failed(attempt, failure, nowMs, {
      isUnsure,
      mayPass,
      wasAnythingSent: true,
      retryAfterMs,
    });
  }

  attemptFailed(attempt: Attempt, failed: TransportFailure, nowMs: number): void {
    const { kind, wasAnythingSent } = failed;
    const mayPass = kind === 'connect' || kind === 'broken';
    const failure = wireFailure(failed, this.what);
    this.#failed(attempt, failure, nowMs, { isUnsure: true, mayPass, wasAnythingSent });
  }

  attemptTimedOut(attempt: Attempt, nowMs: number): void {
    const { attemptTimeoutMs } = this.#dispatch;
    const message = `${this.what}: no answer within the ${attemptTimeoutMs} ms of an attempt`;
    const verdict = { isUnsure: true, mayPass: true, wasAnythingSent: true };
    this.#failed(attempt, failureOf('timeout', message), nowMs, verdict);
  }

  left(caller: Waiting, isTimeout: boolean): void {
    if (!this.audience.remove(caller)) return;
    // Nobody waits any more: whatever would come out is for nobody.
    const nowMs = this.now();
    this.#recordWait(nowMs);
    this.#end(nowMs, isTimeout);
  }

  /** It comes to nothing; what an attempt has found out says more than why there is no other. */
  fail(failure: Failure, nowMs: number): void {
    this.#finish(undefined, this.#failure ?? failure, nowMs);
  }

  startHedge(): void {
    this.#timer = undefined;
    const first = this.#first;
    const { hedging, breaker, queued } = this.#dispatch;
    if (!first || first.lease.isAnswered || !hedging?.mayHedge(queued > 0)) return;
    const nowMs = this.now();
    const pass = breaker ? breaker.admit(nowMs) : 0;
    if (pass === undefined) return;
    const lease = this.#dispatch.acquireBeside([first.lease.upstream], nowMs);
    if (!lease) {
      breaker?.settle(pass, 'ignored', nowMs);
      return;
    }
    this.meters?.hedged();
    this.#hedge = this.#attempt(lease, pass, nowMs);
  }

  repeat(): void {
    this.#timer = undefined;
    this.tried = NONE;
    this.#dispatch.begin(this, this.now());
  }

  #start(): void {
    this.#isStarted = true;
    this.#dispatch.begin(this, this.now());
  }

  #attempt(lease: Lease, pass: Pass, nowMs: number): Attempt {
    const attempt = new Attempt(this, this.#dispatch, lease, pass);
    const { method, path, body, isIdempotent } = this.order;
    this.audience.toldEndMs = this.endMs;
    const fields = this.order.lines + attemptLines(this.#scope ?? NOBODY, this.endMs - nowMs);
    const request = { method, path, fields, body, isIdempotent };
    attempt.wire = this.#dispatch.transportTo(lease.upstream).send(request, attempt);
    return attempt;
  }

  #failed(attempt: Attempt, failure: Failure, nowMs: number, verdict: Verdict): void {
    const other = this.#detach(attempt);
    this.#failure = failure;
    if (verdict.isUnsure && other) {
      this.tried = [...this.tried, attempt.lease.upstream];
      this.#dispatch.freed();
      return;
    }
    this.#stopTimer();
    if (this.#repeat(attempt, nowMs, verdict)) this.#dispatch.freed();
    else this.#finish(undefined, failure, nowMs);
  }

  /** Makes another attempt, now or in a moment, unless it must not be made. */
  #repeat({ lease }: Attempt, nowMs: number, verdict: Verdict): boolean {
    const dispatch = this.#dispatch;
    const tried = [...this.tried, lease.upstream];
    const leftMs = this.endMs - nowMs;
    const unfinished = { order: this.order, attempts: this.#attempts, tried, leftMs };
    const waitMs = repeatInMs(unfinished, lease, verdict, dispatch);
    if (waitMs === undefined) return false;
    this.tried = tried;
    this.meters?.retried();
    if (waitMs === 0) dispatch.begin(this, nowMs);
    else this.#timer = setTimeout(repeat, waitMs, this);
    return true;
  }

  /** Lets go of an attempt that has ended; returns the other one, if it goes on. */
  #detach(attempt: Attempt): Attempt | undefined {
    if (attempt === this.#first) this.#first = this.#hedge;
    this.#hedge = undefined;
    return this.#first;
  }

  /** How long the first attempt was waited for, by which hedging finds out what is late. */
  #recordWait(nowMs: number): void {
    const { hedging } = this.#dispatch;
    const first = this.#first;
    if (!hedging || !first || this.#attempts > 1 || this.tried.length > 0) return;
    hedging.record(nowMs - first.lease.takenMs, nowMs);
  }

  #finish(answer: WireAnswer | undefined, failure: Failure | undefined, nowMs: number): void {
    if (this.isOver) return;
    // First of all it is over: whoever is told may ask again.
    this.isOver = true;
    const callers = this.audience.dismiss();
    this.#end(nowMs, false);
    for (const caller of callers) {
      if (answer) caller.answered(answer);
      else if (failure) caller.failed(failure);
    }
  }

  #end(nowMs: number, isTimeout: boolean): void {
    const dispatch = this.#dispatch;
    this.isOver = true;
    this.#onEnd(this);
    this.#stopTimer();
    dispatch.leave(this);
    for (const attempt of [this.#first, this.#hedge]) {
      if (!attempt) continue;
      const isLate = isTimeout && dispatch.isOverdue(nowMs - attempt.lease.takenMs);
      attempt.giveUp(isLate ? 'failure' : 'ignored', nowMs);
    }
    this.#first = undefined;
    this.#hedge = undefined;
    if (this.#hasShare && this.#scope) dispatch.perRequest?.leave(this.#scope);
    dispatch.freed();
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function startHedge(call: Call): void {
  call.startHedge();
}

function repeat(call: Call): void {
  call.repeat();
}
