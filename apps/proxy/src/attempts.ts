/**
 * The attempts of one request: one after the other, or two at once where a late answer is hedged.
 * Whoever answers first wins; the other is given up.
 */
import type { Hedging, Lease, Upstream } from '@headgate/balancer';
import { isIdempotentMethod, parseLoad } from '@headgate/balancer';
import { type FieldLines, type Fields, fieldLine } from '@headgate/http1';
import { askFor, isRepeatableRequest, stickyLine } from './ask.ts';
import type { AttemptListener, Cancellable, Carrier } from './carrier.ts';
import type { FailureKind, Outcome } from './errors.ts';
import type { PreparedRequest } from './exchange.ts';
import { fieldValue } from './headers.ts';
import type { RequestRecord } from './request.ts';
import { isAffordable, isGoodStatus, isStatusRepeatable, leaseOutcomeOf } from './settle.ts';
import type { ServiceRuntime, Snapshot, UpstreamRuntime } from './snapshot.ts';

const NONE: readonly Upstream[] = [];
const NO_LINES = '' as FieldLines;

/** Whose attempts they are. */
export interface AttemptsOwner {
  readonly record: RequestRecord;
  readonly carrier: Carrier;
  readonly service: ServiceRuntime;
  readonly request: PreparedRequest;
  /** Monotonic clock in milliseconds. */
  now(): number;
  /** The configuration in force, which may know upstreams the request's own does not. */
  snapshot(): Snapshot;
  /** An answer with these fields is the one to be passed on. */
  answering(status: number, fields: Fields): void;
  /** The last attempt under way has ended; where another one has been found, `next` is its lease. */
  ended(lease: Lease, outcome: Outcome, next: Lease | undefined): void;
}

export class Attempts implements Cancellable {
  /** Upstreams that have failed this request. */
  tried = NONE;
  readonly #owner: AttemptsOwner;
  #first: Attempted | undefined;
  /** The second attempt beside the first. */
  #hedge: Attempted | undefined;
  #hedgeTimer: NodeJS.Timeout | undefined;
  #next: Lease | undefined;

  constructor(owner: AttemptsOwner) {
    this.#owner = owner;
  }

  /** Makes one attempt with the upstream of `lease`. */
  start(lease: Lease): void {
    const attempt = new Attempted(this, lease);
    this.#first = attempt;
    this.#run(attempt);
    if (this.#first === attempt) this.#armHedge();
  }

  cancel(kind: FailureKind, detail: string): void {
    if (this.#hedgeTimer) clearTimeout(this.#hedgeTimer);
    // It would have been late, or the client would not have left.
    if (this.#first && !this.#first.lease.isAnswered) this.#recordWait(this.#first.lease);
    this.#giveUpHedge();
    this.#first?.running?.cancel(kind, detail);
  }

  /** Called by an attempt: its answer has begun; false when it is not wanted. */
  answered(attempt: Attempted, status: number, fields: Fields | undefined): boolean {
    const { service } = this.#owner;
    const nowMs = this.#owner.now();
    const { lease } = attempt;
    if (fields && maySayLoad(lease.upstream)) {
      const load = parseLoad(fieldValue(fields, 'headgate-load') ?? '');
      if (load !== undefined) service.balancer.reported(lease.upstream, load, nowMs);
    }
    attempt.answeredMs = nowMs;
    lease.answered(isGoodStatus(status), nowMs);
    service.admission.freed();
    if (!isGoodStatus(status)) {
      // The other one may still do better.
      if (this.#hedge) return false;
      this.#next = this.#findBetter(lease, status, nowMs);
      if (this.#next) return false;
    }
    this.#win(attempt);
    if (fields) this.#owner.answering(status, fields);
    return true;
  }

  /** Called by an attempt when it has ended. */
  settled(attempt: Attempted, outcome: Outcome): void {
    const { service } = this.#owner;
    const { lease } = attempt;
    // The clock is read once for an answer: its end teaches nothing its beginning has not.
    lease.release(leaseOutcomeOf(outcome), attempt.answeredMs ?? this.#owner.now());
    service.metrics.attempted(lease.upstream.key, outcome.kind);
    service.admission.freed();
    if (attempt !== this.#hedge) this.#first = this.#hedge;
    this.#hedge = undefined;
    if (outcome.kind === 'hedge-lost') return;
    if (outcome.kind !== 'answered') this.tried = [...this.tried, lease.upstream];
    if (this.#first) return;
    if (this.#hedgeTimer) clearTimeout(this.#hedgeTimer);
    const next = this.#next;
    this.#next = undefined;
    this.#owner.ended(lease, outcome, next);
  }

  #run(attempt: Attempted): void {
    const { record, carrier, request, service } = this.#owner;
    const { lease } = attempt;
    record.attempts++;
    record.upstream = lease.upstream.key;
    try {
      const upstream = this.#runtimeOf(lease.upstream.key);
      const requestLines = this.#deadlineLine();
      const sticky = stickyLine(record, service, lease.upstream);
      const answerLines = (sticky ? request.idLine + sticky : request.idLine) as FieldLines;
      const order = { request, upstream, service, requestLines, answerLines };
      const running = carrier.attempt(order, attempt);
      if (!lease.isReleased) attempt.running = running;
    } catch (error) {
      lease.release('ignored', this.#owner.now());
      throw error;
    }
  }

  #runtimeOf(key: string): UpstreamRuntime {
    const { service } = this.#owner;
    const known =
      service.upstreams.get(key) ??
      this.#owner.snapshot().services.get(service.name)?.upstreams.get(key);
    if (!known) throw new Error(`${service.name} has no upstream ${key} any more`);
    return known;
  }

  /** What is left of the time the answer may take, for the upstream to know. */
  #deadlineLine(): FieldLines {
    const { deadlineMs } = this.#owner.record;
    if (deadlineMs === Number.POSITIVE_INFINITY) return NO_LINES;
    const leftMs = Math.max(1, Math.floor(deadlineMs - this.#owner.now()));
    return fieldLine('headgate-deadline-ms', String(leftMs));
  }

  /** Another upstream for a request whose answer is a server error it need not take. */
  #findBetter(lease: Lease, status: number, nowMs: number): Lease | undefined {
    const { record, carrier, service } = this.#owner;
    if (!isStatusRepeatable(record, carrier, lease, status)) return undefined;
    const next = this.#acquireBeside(lease, nowMs);
    if (!next || isAffordable(service, lease, 'upstream-status')) return next;
    next.release('ignored', nowMs);
    return undefined;
  }

  #acquireBeside(lease: Lease, nowMs: number): Lease | undefined {
    const { record, carrier, service } = this.#owner;
    const isRepeatable = isRepeatableRequest(record, carrier.body !== undefined);
    const tried = [...this.tried, lease.upstream];
    const next = service.balancer.acquire(askFor(record, service, tried, isRepeatable, nowMs));
    return typeof next === 'string' ? undefined : next;
  }

  /** A late answer is asked for a second time elsewhere, where the route wants that. */
  #armHedge(): void {
    const { record, carrier } = this.#owner;
    const { route } = record;
    const hedging = route && record.snapshot.hedging[route.index];
    if (!hedging || !carrier.canHedge || carrier.body) return;
    if (!isIdempotentMethod(record.method) || this.tried.length > 0) return;
    const found = hedging.delayMs(this.#owner.now());
    const delayMs = typeof route.hedge === 'object' ? route.hedge.delay : found;
    if (delayMs === undefined) return;
    this.#hedgeTimer = setTimeout(() => this.#startHedge(hedging), delayMs);
  }

  #startHedge(hedging: Hedging): void {
    const { record, service } = this.#owner;
    const first = this.#first;
    if (!first || first.lease.isAnswered) return;
    if (!hedging.mayHedge(service.admission.length > 0)) return;
    const next = this.#acquireBeside(first.lease, this.#owner.now());
    if (!next) return;
    this.#hedge = new Attempted(this, next);
    service.metrics.hedged();
    try {
      this.#run(this.#hedge);
    } catch (error) {
      // The first attempt may still be answered; all that is lost is the second.
      this.#hedge = undefined;
      record.error = error;
    }
  }

  #win(attempt: Attempted): void {
    const { record } = this.#owner;
    if (this.#hedgeTimer) clearTimeout(this.#hedgeTimer);
    const first = this.#first as Attempted;
    this.#recordWait(first.lease);
    record.upstream = attempt.lease.upstream.key;
    if (attempt === this.#hedge) {
      this.#first = attempt;
      this.#hedge = first;
    }
    this.#giveUpHedge();
  }

  /** How long the first attempt was waited for, by which the route finds out what is late. */
  #recordWait(first: Lease): void {
    const { record } = this.#owner;
    const hedging = record.route && record.snapshot.hedging[record.route.index];
    if (!hedging || this.tried.length > 0) return;
    const nowMs = this.#owner.now();
    hedging.record(nowMs - first.takenMs, nowMs);
  }

  #giveUpHedge(): void {
    this.#hedge?.running?.cancel('hedge-lost', 'another upstream answered first');
  }
}

/** Origins that say how much they have in flight always do; the others are asked now and then. */
function maySayLoad({ reported, requests }: Upstream): boolean {
  return reported.reportedMs > 0 || requests % 64 === 1;
}

/** One attempt, as its carrier and its request know it. */
class Attempted implements AttemptListener {
  readonly lease: Lease;
  running: Cancellable | undefined;
  /** When its answer began. */
  answeredMs: number | undefined;
  readonly #attempts: Attempts;

  constructor(attempts: Attempts, lease: Lease) {
    this.#attempts = attempts;
    this.lease = lease;
  }

  answered(status: number, fields: Fields | undefined): boolean {
    return this.#attempts.answered(this, status, fields);
  }

  settled(outcome: Outcome): void {
    this.#attempts.settled(this, outcome);
  }
}
