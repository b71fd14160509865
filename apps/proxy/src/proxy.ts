/**
 * The life of a request, in nine stages: begin, route, guard, cache, admit, acquire, exchange,
 * settle, finish. Plain requests and upgraded connections live the same life; what differs is the
 * carrier, which makes one attempt or writes one error page. See docs/life-of-a-request.md.
 */
import type { Lease, Upstream } from '@headgate/balancer';
import {
  childTrace,
  isValidRequestId,
  newTrace,
  parseTraceparent,
  type RandomHex,
} from '@headgate/telemetry';
import type { Carrier, IncomingHead, RunningAttempt } from './carrier.ts';
import { errorPage, type Failure, failure, type Outcome, statusOf } from './errors.ts';
import type { PreparedRequest } from './exchange.ts';
import { guardRequest } from './guard.ts';
import { fieldValue } from './headers.ts';
import { prepare } from './prepare.ts';
import { enter, type RequestRecord, Stopwatch } from './request.ts';
import { hostnameOf } from './router.ts';
import { isRepeatable, leaseOutcomeOf } from './settle.ts';
import type { ServiceRuntime, Snapshot, UpstreamRuntime } from './snapshot.ts';
import { parseTarget } from './target.ts';
import { Deadline, type TimerWheel } from './timer-wheel.ts';

/** What a request needs from the running edge. */
export interface Edge {
  /** The current snapshot; a request reads it once. */
  readonly snapshot: () => Snapshot;
  /** Monotonic clock in milliseconds. */
  readonly now: () => number;
  readonly timers: TimerWheel;
  readonly nextRequestId: () => string;
  readonly randomHex: RandomHex;
  /** Whether anybody reads what each stage took. */
  isTimed: boolean;
  /** Requests being served now, over all services. */
  inFlight: number;
  /** Called once per request, when it is over. */
  readonly onFinish: (record: RequestRecord) => void;
}

/** Serves one request from begin to finish. Never throws: whatever happens becomes an answer. */
export function serve(edge: Edge, head: IncomingHead, carrier: Carrier): void {
  new Life(edge, head, carrier).run();
}

const NONE: readonly Upstream[] = [];

class Life {
  readonly #edge: Edge;
  readonly #head: IncomingHead;
  readonly #carrier: Carrier;
  readonly #record: RequestRecord;
  #request: PreparedRequest | undefined;
  #attempt: RunningAttempt | undefined;
  #tried = NONE;
  #total: Deadline | undefined;

  constructor(edge: Edge, head: IncomingHead, carrier: Carrier) {
    this.#edge = edge;
    this.#head = head;
    this.#carrier = carrier;
    this.#record = begin(edge, head, carrier);
    edge.inFlight++;
  }

  run(): void {
    try {
      const refusal = this.#route() ?? this.#guard() ?? this.#cache() ?? this.#admit();
      if (refusal) {
        this.#finish(refusal);
        return;
      }
      this.#request = prepare(this.#record, this.#head, this.#carrier);
      this.#startTotal();
      this.#acquire();
    } catch (error) {
      this.#finishBroken(error);
    }
  }

  /** 2 route: from host, path, method and headers to a service. */
  #route(): Failure | undefined {
    const record = this.#record;
    enter(record, 'route');
    // It names an authority and no path, so there is nothing to route by.
    if (record.method === 'CONNECT') return failure('method-refused', 'CONNECT is not served here');
    if (record.targetProblem !== undefined) return failure('bad-request', record.targetProblem);
    const result = record.snapshot.router.match({
      method: record.method,
      path: record.path,
      hostname: hostnameOf(record.host),
      header: (name) => fieldValue(record.fields, name),
    });
    if (result.kind === 'none') {
      return failure('no-route', `no route matches ${record.method} ${record.path}`);
    }
    if (result.kind === 'method') {
      record.allowed = result.allowed;
      return failure('method-refused', `${record.path} takes ${result.allowed.join(', ')}`);
    }
    record.route = result.route;
    record.service = record.snapshot.services.get(result.route.service);
    return undefined;
  }

  /** 3 guard: is this request one the edge is willing to pass on? */
  #guard(): Failure | undefined {
    const record = this.#record;
    enter(record, 'guard');
    const { framing, contentLength } = this.#head;
    const request = {
      method: record.method,
      path: record.path,
      expect: fieldValue(record.fields, 'expect'),
      bodySizeBytes: framing === 'length' ? contentLength : undefined,
    };
    return guardRequest(request, record.snapshot.config.limits.requestBodySize);
  }

  /** 4 cache: a stored answer may end the request here; routes without a cache go on. */
  #cache(): undefined {
    enter(this.#record, 'cache');
    return undefined;
  }

  /** 5 admit: no more at once than the process can carry; the rest hears so immediately. */
  #admit(): Failure | undefined {
    enter(this.#record, 'admit');
    const { maxInFlight } = this.#record.snapshot.config.limits;
    if (this.#edge.inFlight <= maxInFlight) return undefined;
    return failure(
      'overloaded',
      `${maxInFlight} requests are in flight already; ask again shortly`,
    );
  }

  /** 6 acquire: pick and count in one turn; an upstream is asked again only when no other is left. */
  #acquire(): void {
    const record = this.#record;
    enter(record, 'acquire');
    const { service } = record;
    if (!service) {
      throw new Error(`route ${record.route?.index} names a service that does not exist`);
    }
    // An idle connection that had died says nothing about its upstream, so that a fresh one may be
    // tried; how often is bounded by `retries`.
    const lease =
      service.balancer.acquire(this.#tried) ??
      (record.failure?.kind === 'upstream-reset' ? service.balancer.acquire() : undefined);
    if (lease) {
      this.#exchange(service, lease);
      return;
    }
    this.#finish(
      record.failure ?? failure('no-upstream', `no upstream of ${service.name} takes requests`),
    );
  }

  /** 7 exchange: one attempt with one upstream. */
  #exchange(service: ServiceRuntime, lease: Lease): void {
    const record = this.#record;
    enter(record, 'exchange');
    record.attempts++;
    record.upstream = lease.upstream.key;
    const upstream = service.upstreams.get(lease.upstream.key) as UpstreamRuntime;
    const request = this.#request as PreparedRequest;
    try {
      const attempt = this.#carrier.attempt(request, upstream, service, (outcome) =>
        this.#settle(service, lease, upstream, outcome),
      );
      if (!lease.isReleased) this.#attempt = attempt;
    } catch (error) {
      lease.release('ignored');
      throw error;
    }
  }

  /** 8 settle: the lease goes back exactly once, with what the attempt says about the upstream. */
  #settle(
    service: ServiceRuntime,
    lease: Lease,
    upstream: UpstreamRuntime,
    outcome: Outcome,
  ): void {
    const record = this.#record;
    enter(record, 'settle');
    this.#attempt = undefined;
    try {
      lease.release(leaseOutcomeOf(outcome));
      service.metrics.attempted(lease.upstream.key, outcome.kind);
      if (outcome.kind === 'answered') {
        record.status = outcome.status;
        record.failure = undefined;
        this.#finish(undefined);
        return;
      }
      record.failure = outcome;
      record.status = statusOf(outcome.kind);
      if (outcome.kind === 'connect-failed' || outcome.kind === 'connect-timeout') {
        upstream.probe?.hurry();
      }
      if (outcome.hasResponseStarted || outcome.kind === 'client-gone') {
        this.#finish(undefined);
        return;
      }
      if (!isRepeatable(record, this.#carrier, outcome)) {
        this.#finish(outcome);
        return;
      }
      this.#tried = [...this.#tried, lease.upstream];
      service.metrics.retried();
      this.#acquire();
    } catch (error) {
      this.#finishBroken(error);
    }
  }

  /** 9 finish: an error page where one is due, one metrics update, one access-log line. */
  #finish(problem: Failure | undefined): void {
    const record = this.#record;
    const edge = this.#edge;
    if (problem) this.#refuse(problem);
    if (this.#total) edge.timers.remove(this.#total);
    edge.inFlight--;
    record.endedAt = record.stage;
    enter(record, 'finish');
    edge.onFinish(record);
    this.#carrier.finished();
  }

  #finishBroken(error: unknown): void {
    // Broken while finishing: there is nothing left to say to anybody.
    if (this.#record.stage === 'finish') throw error;
    this.#record.error = error;
    this.#finish(failure('internal', 'the edge failed to serve this request'));
  }

  #refuse(problem: Failure): void {
    const record = this.#record;
    record.failure = problem;
    record.status = statusOf(problem.kind);
    const allow = record.allowed ? ['allow', record.allowed.join(', ')] : [];
    this.#carrier.refuse(errorPage(problem, record.id, allow));
  }

  #startTotal(): void {
    const totalMs = this.#record.service?.config.timeouts.total;
    if (totalMs === undefined) return;
    this.#total = new Deadline(() =>
      this.#attempt?.cancel('total-timeout', `the request took longer than ${totalMs} ms in total`),
    );
    this.#edge.timers.set(this.#total, totalMs);
  }
}

/** 1 begin: who asks, under which id, for what, under which configuration. */
function begin(edge: Edge, head: IncomingHead, carrier: Carrier): RequestRecord {
  const stopwatch = edge.isTimed ? new Stopwatch(edge.now) : undefined;
  const startedMs = edge.now();
  const snapshot = edge.snapshot();
  const { method, fields } = head;
  const target = parseTarget(head.target, method);
  const host = head.authority || carrier.localAuthority();
  const client = carrier.peer.identify(host, fields, snapshot.trustedProxies);
  const givenId = client.isPeerTrusted ? fieldValue(fields, 'x-request-id') : undefined;
  const parent = parseTraceparent(fieldValue(fields, 'traceparent'));
  return {
    id: givenId && isValidRequestId(givenId) ? givenId : edge.nextRequestId(),
    trace: parent ? childTrace(parent, edge.randomHex) : newTrace(edge.randomHex),
    snapshot,
    client,
    method,
    host,
    path: target.ok ? target.path : head.target,
    query: target.ok ? target.query : '',
    targetProblem: target.ok ? undefined : target.reason,
    fields,
    startedMs,
    stopwatch,
    stage: 'begin',
    endedAt: 'begin',
    route: undefined,
    allowed: undefined,
    service: undefined,
    upstream: undefined,
    attempts: 0,
    status: 0,
    failure: undefined,
    error: undefined,
  };
}
