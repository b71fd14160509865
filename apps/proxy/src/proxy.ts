/**
 * The life of a request, in nine stages: begin, route, guard, cache, admit, acquire, exchange,
 * settle, finish. Plain requests and upgraded connections live the same life; what differs is the
 * carrier, which makes one attempt or writes one error page. See docs/life-of-a-request.md.
 */
import type { Ask, Lease } from '@headgate/balancer';
import type { Fields } from '@headgate/http1';
import { type Guest, Waiter } from './admission.ts';
import { askFor, isRepeatableRequest, priorityOf } from './ask.ts';
import { Attempts, type AttemptsOwner } from './attempts.ts';
import { type Beginning, begin } from './begin.ts';
import type { Cancellable, Carrier, IncomingHead } from './carrier.ts';
import { deadlineOf, isTooLate } from './deadline.ts';
import type { EdgeCache } from './edge-cache/edge-cache.ts';
import type { CacheGuest, Passage } from './edge-cache/guest.ts';
import {
  errorPage,
  type Failure,
  type FailureKind,
  failure,
  type Outcome,
  statusOf,
} from './errors.ts';
import type { PreparedRequest } from './exchange.ts';
import { guard } from './guard.ts';
import { prepare } from './prepare.ts';
import { enter, type RequestRecord } from './request.ts';
import { routeRequest } from './route-request.ts';
import { isAffordable, isRepeatable } from './settle.ts';
import type { ServiceRuntime, Snapshot } from './snapshot.ts';
import { Deadline, type TimerWheel } from './timer-wheel.ts';

/** What a request needs from the running edge. */
export interface Edge extends Beginning {
  readonly timers: TimerWheel;
  readonly cache: EdgeCache;
  /** Requests being served now, over all services. */
  inFlight: number;
  /** Called once per request, when it is over. */
  readonly onFinish: (record: RequestRecord) => void;
}

/** Serves one request from begin to finish. Never throws: whatever happens becomes an answer. */
export function serve(edge: Edge, head: IncomingHead, carrier: Carrier): void {
  // 1 begin: who asks, under which id, for what, under which configuration.
  const record = begin(edge, head, carrier);
  edge.inFlight++;
  new Life(edge, record, head, carrier).run();
}

/** Has an upstream answer `request` for the cache: a life from admit on, of which `carrier` hears. */
export function fetch(
  edge: Edge,
  record: RequestRecord,
  request: PreparedRequest,
  carrier: Carrier,
): void {
  new Life(edge, record, undefined, carrier).fetch(request);
}

class Life implements AttemptsOwner, Guest, CacheGuest, Cancellable {
  readonly record: RequestRecord;
  readonly carrier: Carrier;
  readonly #edge: Edge;
  /** Undefined when it is the cache that asks. */
  readonly #head: IncomingHead | undefined;
  cacheTurns = 0;
  #request: PreparedRequest | undefined;
  #attempts: Attempts | undefined;
  #waiter: Waiter | undefined;
  /** What it reads from the cache, or waits for there. */
  #reader: Cancellable | undefined;
  #passage: Passage | undefined;
  #total: Deadline | undefined;
  #isAttended = false;

  constructor(edge: Edge, record: RequestRecord, head: IncomingHead | undefined, carrier: Carrier) {
    this.#edge = edge;
    this.record = record;
    this.#head = head;
    this.carrier = carrier;
  }

  run(): void {
    try {
      const refusal = this.#route() ?? this.#guard() ?? this.#cache();
      if (refusal) this.#finish(refusal);
    } catch (error) {
      this.#finishBroken(error);
    }
  }

  fetch(request: PreparedRequest): void {
    try {
      enter(this.record, 'admit');
      this.#start(request);
    } catch (error) {
      this.#finishBroken(error);
    }
  }

  /** 2 route: from host, path, method and headers to a service. */
  #route(): Failure | undefined {
    enter(this.record, 'route');
    return routeRequest(this.record);
  }

  /** 3 guard: is this request one the edge is willing to pass on? */
  #guard(): Failure | undefined {
    enter(this.record, 'guard');
    return guard(this.record, this.#head as IncomingHead);
  }

  /** 4 cache: a stored answer, or one on its way, may end the request here. */
  #cache(): Failure | undefined {
    const { record } = this;
    enter(record, 'cache');
    const { cache } = this.#edge;
    const policy = record.route && record.snapshot.caching[record.route.index];
    this.#passage = policy ? cache.admit(this, policy) : cache.watch(record);
    return this.#passage || !policy ? this.#admit() : undefined;
  }

  waits(reader: Cancellable): void {
    this.#reader = reader;
    this.#attend();
  }

  goOn(passage: Passage): void {
    this.#reader = undefined;
    this.#passage = passage;
    try {
      const refusal = this.#admit();
      if (refusal) this.#finish(refusal);
    } catch (error) {
      this.#finishBroken(error);
    }
  }

  broken(error: unknown): void {
    this.#reader = undefined;
    this.#finishBroken(error);
  }

  finishedByCache(problem: Failure | undefined, hasBegun: boolean): void {
    const { record } = this;
    this.#reader = undefined;
    if (!problem || !(hasBegun || problem.kind === 'client-gone')) {
      this.#finish(problem);
      return;
    }
    record.failure = problem;
    record.status = statusOf(problem.kind);
    this.#finish(undefined);
  }

  /** 5 admit: no more at once than can be carried; the rest waits briefly, or hears so at once. */
  #admit(): Failure | undefined {
    const { record } = this;
    enter(record, 'admit');
    const { maxInFlight } = record.snapshot.config.limits;
    if (this.#edge.inFlight > maxInFlight) {
      const detail = `${maxInFlight} requests are in flight already; ask again shortly`;
      return failure('overloaded', detail);
    }
    const statusLine = this.#passage?.statusLine;
    this.#start(prepare(record, this.#head as IncomingHead, this.carrier, statusLine));
    return undefined;
  }

  #start(request: PreparedRequest): void {
    const { record, service } = this;
    this.#request = request;
    this.#attempts = new Attempts(this);
    this.#attend();
    if (record.route) record.snapshot.hedging[record.route.index]?.deposit();
    // Who comes now does not overtake those who wait.
    if (service.admission.length > 0) this.#wait();
    else this.#acquire();
  }

  /** From here on it ends when its client leaves, or its time is up. */
  #attend(): void {
    if (this.#isAttended) return;
    this.#isAttended = true;
    this.carrier.attend(this);
    this.#startTotal();
  }

  #wait(): void {
    enter(this.record, 'admit');
    this.#waiter = new Waiter(priorityOf(this.record), this);
    this.service.admission.enter(this.#waiter);
  }

  askAt(nowMs: number): Ask {
    const { record, service } = this;
    const isRepeatable = isRepeatableRequest(record, this.carrier.body !== undefined);
    return askFor(record, service, this.#attempts?.tried ?? [], isRepeatable, nowMs);
  }

  granted(lease: Lease): void {
    this.#waiter = undefined;
    try {
      this.#exchange(lease);
    } catch (error) {
      // Whose upstream has become free has nothing to do with it.
      this.#finishBroken(error);
    }
  }

  shed(retryAfterSeconds: number): void {
    this.#waiter = undefined;
    const detail = 'all upstreams have as much to do as they can; ask again later';
    this.#finish(failure('overloaded', detail, retryAfterSeconds));
  }

  /** 6 acquire: pick and count in one turn; an upstream is asked again only when no other is left. */
  #acquire(): void {
    const { record, service } = this;
    enter(record, 'acquire');
    // Nothing has been waited for yet the first time, unless it was in the cache.
    const isFirst = record.attempts === 0 && this.cacheTurns === 0;
    const nowMs = isFirst ? record.startedMs : this.now();
    const leftMs = record.deadlineMs - nowMs;
    if (isTooLate(service, leftMs, nowMs)) {
      const detail = `in the ${Math.max(0, Math.round(leftMs))} ms left no upstream would answer`;
      this.#finish(record.failure ?? failure('deadline-too-short', detail));
      return;
    }
    let lease = service.balancer.acquire(this.askAt(nowMs));
    if (lease === 'none' && record.failure?.kind === 'upstream-reset' && this.#attempts) {
      // An idle connection that had died says nothing about its upstream, so that a fresh one may
      // be tried; how often is bounded by `retries`.
      this.#attempts.tried = [];
      lease = service.balancer.acquire(this.askAt(nowMs));
    }
    if (typeof lease !== 'string') this.#exchange(lease);
    else if (record.failure) this.#finish(record.failure);
    else if (lease === 'full') this.#wait();
    else this.#finish(failure('no-upstream', `no upstream of ${service.name} takes requests`));
  }

  /** 7 exchange: one attempt with one upstream, or two where a late answer is hedged. */
  #exchange(lease: Lease): void {
    enter(this.record, 'exchange');
    this.#attempts?.start(lease);
  }

  answering(status: number, fields: Fields): void {
    try {
      this.#passage?.observe(status, fields);
    } catch (error) {
      // The answer is none the worse for what the cache cannot make of it.
      this.record.error = error;
    }
  }

  /** 8 settle: what the attempt means for the request; its lease has been given back by now. */
  ended(lease: Lease, outcome: Outcome, next: Lease | undefined): void {
    const { record, service } = this;
    enter(record, 'settle');
    try {
      if (outcome.kind === 'answered') {
        record.status = outcome.status;
        record.failure = undefined;
        if (outcome.status < 500) service.retryBudget.deposit();
        this.#finish(undefined);
        return;
      }
      record.failure = outcome;
      record.status = statusOf(outcome.kind);
      if (outcome.kind === 'connect-failed' || outcome.kind === 'connect-timeout') {
        service.upstreams.get(lease.upstream.key)?.probe?.hurry();
      }
      if (next) {
        service.metrics.retried();
        this.#exchange(next);
      } else if (outcome.hasResponseStarted || outcome.kind === 'client-gone') {
        this.#finish(undefined);
      } else if (
        isRepeatable(record, this.carrier, lease, outcome) &&
        isAffordable(service, lease, outcome.kind)
      ) {
        service.metrics.retried();
        this.#acquire();
      } else {
        this.#finish(outcome);
      }
    } catch (error) {
      this.#finishBroken(error);
    }
  }

  /** 9 finish: an error page where one is due, one metrics update, one access-log line. */
  #finish(problem: Failure | undefined): void {
    const { record } = this;
    const edge = this.#edge;
    if (problem) this.#refuse(problem);
    if (this.#total) edge.timers.remove(this.#total);
    record.endedAt = record.stage;
    enter(record, 'finish');
    if (this.#head) {
      edge.inFlight--;
      edge.onFinish(record);
    }
    this.carrier.finished();
  }

  #finishBroken(error: unknown): void {
    // Broken while finishing: there is nothing left to say to anybody.
    if (this.record.stage === 'finish') throw error;
    this.record.error = error;
    this.#finish(failure('internal', 'the edge failed to serve this request'));
  }

  #refuse(problem: Failure): void {
    const { record } = this;
    record.failure = problem;
    record.status = statusOf(problem.kind);
    const allow = record.allowed ? ['allow', record.allowed.join(', ')] : [];
    this.carrier.refuse(errorPage(problem, record.id, allow));
  }

  /** The client has left, or there is no time left. */
  cancel(kind: FailureKind, detail: string): void {
    const waiter = this.#waiter;
    if (this.#reader) {
      this.#reader.cancel(kind, detail);
      return;
    }
    if (!waiter) {
      this.#attempts?.cancel(kind, detail);
      return;
    }
    this.#waiter = undefined;
    this.service.admission.leave(waiter);
    const problem = failure(kind, detail);
    this.record.failure = problem;
    this.record.status = statusOf(kind);
    this.#finish(kind === 'client-gone' ? undefined : problem);
  }

  #startTotal(): void {
    const { record, service } = this;
    record.deadlineMs = deadlineOf(record, service);
    if (record.deadlineMs === Number.POSITIVE_INFINITY) return;
    const totalMs = Math.max(0, Math.round(record.deadlineMs - record.startedMs));
    this.#total = new Deadline(() =>
      this.cancel('total-timeout', `the request took longer than ${totalMs} ms in total`),
    );
    this.#edge.timers.set(this.#total, totalMs);
  }

  get service(): ServiceRuntime {
    return this.record.service as ServiceRuntime;
  }

  get request(): PreparedRequest {
    return this.#request as PreparedRequest;
  }

  now(): number {
    return this.#edge.now();
  }

  snapshot(): Snapshot {
    return this.#edge.snapshot();
  }
}
