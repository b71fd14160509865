/**
 * The life of a request, in nine stages: begin, route, guard, cache, admit, acquire, exchange,
 * settle, finish. Plain requests and upgraded connections live the same life; what differs is the
 * carrier, which makes one attempt or writes one error page. See docs/life-of-a-request.md.
 */
import type { IncomingMessage } from 'node:http';
import { type Lease, mayRetry, type Upstream } from '@headgate/balancer';
import {
  childTrace,
  formatTraceparent,
  isValidRequestId,
  newTrace,
  parseTraceparent,
} from '@headgate/telemetry';
import { formatAddress } from './address.ts';
import {
  type ErrorPage,
  errorPage,
  type FailedOutcome,
  type Failure,
  failure,
  type Outcome,
  statusOf,
} from './errors.ts';
import type { PreparedRequest, RequestBody } from './exchange.ts';
import { forwardingHeaders, identifyClient, plainAddress } from './forwarded.ts';
import { guardRequest } from './guard.ts';
import { endToEndRequestHeaders, headerValue } from './headers.ts';
import { type RequestRecord, startStopwatch } from './request.ts';
import { hostnameOf } from './router.ts';
import type { ServiceRuntime, Snapshot, UpstreamRuntime } from './snapshot.ts';
import { parseTarget } from './target.ts';

/** What a request needs from the running edge. */
export interface Edge {
  /** The current snapshot; a request reads it once. */
  readonly snapshot: () => Snapshot;
  readonly now: () => number;
  readonly nextRequestId: () => string;
  readonly randomBytes: (size: number) => Uint8Array;
  /** Requests being served now, over all services. */
  inFlight: number;
  /** Called once per request, when it is over. */
  readonly onFinish: (record: RequestRecord) => void;
}

/** How attempts and error pages travel for one kind of downstream exchange. */
export interface Carrier {
  /** The client's body; undefined when the request has none. */
  readonly body: RequestBody | undefined;
  /** Fields only this kind of exchange sends upstream (an upgrade's own handshake). */
  readonly extraHeaders: readonly string[];
  attempt(
    request: PreparedRequest,
    upstream: UpstreamRuntime,
    service: ServiceRuntime,
  ): Promise<Outcome>;
  refuse(page: ErrorPage): void;
}

/** Serves one request from begin to finish. Never rejects: whatever happens becomes an answer. */
export async function serve(edge: Edge, message: IncomingMessage, carrier: Carrier): Promise<void> {
  const record = begin(edge, message);
  edge.inFlight++;
  try {
    const refusal = route(record) ?? guard(record, message) ?? cache(record) ?? admit(edge, record);
    const ending = refusal ?? (await attemptUntilSettled(record, carrier));
    if (ending) refuse(record, carrier, ending);
  } catch (error) {
    record.error = error;
    refuse(record, carrier, failure('internal', 'the edge failed to serve this request'));
  } finally {
    edge.inFlight--;
    record.endedAt = record.stopwatch.stage;
    record.stopwatch.enter('finish');
    edge.onFinish(record);
  }
}

/** 1 begin: who asks, under which id, for what, under which configuration. */
function begin(edge: Edge, message: IncomingMessage): RequestRecord {
  const stopwatch = startStopwatch(edge.now);
  const startedMs = edge.now();
  const snapshot = edge.snapshot();
  const headers = message.rawHeaders;
  const peer = plainAddress(message.socket.remoteAddress);
  const method = message.method ?? 'GET';
  const target = parseTarget(message.url ?? '/', method);
  const named = (target.ok ? target.host : undefined) ?? headerValue(headers, 'host');
  const { localAddress = '', localPort = 0 } = message.socket;
  const host = named || formatAddress(plainAddress(localAddress), localPort);
  const client = identifyClient(peer, 'http', host, headers, snapshot.trustedProxies);
  const givenId = client.isPeerTrusted ? headerValue(headers, 'x-request-id') : undefined;
  const parent = parseTraceparent(headerValue(headers, 'traceparent'));
  return {
    id: givenId && isValidRequestId(givenId) ? givenId : edge.nextRequestId(),
    trace: parent ? childTrace(parent, edge.randomBytes) : newTrace(edge.randomBytes),
    snapshot,
    client,
    peer,
    method,
    host,
    path: target.ok ? target.path : (message.url ?? ''),
    query: target.ok ? target.query : '',
    targetProblem: target.ok ? undefined : target.reason,
    headers,
    startedMs,
    stopwatch,
    endedAt: 'begin',
    route: undefined,
    service: undefined,
    upstream: undefined,
    attempts: 0,
    status: 0,
    failure: undefined,
    error: undefined,
  };
}

/** 2 route: from host, path, method and headers to a service. */
function route(record: RequestRecord): Failure | undefined {
  record.stopwatch.enter('route');
  if (record.targetProblem !== undefined) return failure('bad-request', record.targetProblem);
  const result = record.snapshot.router.match({
    method: record.method,
    path: record.path,
    hostname: hostnameOf(record.host),
    header: (name) => headerValue(record.headers, name),
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
function guard(record: RequestRecord, message: IncomingMessage): Failure | undefined {
  record.stopwatch.enter('guard');
  const { method, path, host, headers } = record;
  const { requestHeaderCount } = record.snapshot.config.limits;
  return guardRequest(
    { method, path, host, headers, httpVersion: message.httpVersion },
    requestHeaderCount,
  );
}

/** 4 cache: a stored answer may end the request here; routes without a cache go on. */
function cache(record: RequestRecord): undefined {
  record.stopwatch.enter('cache');
  return undefined;
}

/** 5 admit: no more at once than the process can carry; the rest hears so immediately. */
function admit(edge: Edge, record: RequestRecord): Failure | undefined {
  record.stopwatch.enter('admit');
  const { maxInFlight } = record.snapshot.config.limits;
  if (edge.inFlight <= maxInFlight) return undefined;
  return failure('overloaded', `${maxInFlight} requests are in flight already; ask again shortly`);
}

/** Stages 6 to 8, until an attempt succeeds or may not be repeated. */
async function attemptUntilSettled(
  record: RequestRecord,
  carrier: Carrier,
): Promise<Failure | undefined> {
  const service = record.service;
  if (!service) throw new Error(`route ${record.route?.index} names a service that does not exist`);
  const request = prepare(record, carrier);
  const tried: Upstream[] = [];
  for (;;) {
    record.stopwatch.enter('acquire');
    const lease = acquire(service, tried, record.failure);
    if (!lease) {
      return (
        record.failure ?? failure('no-upstream', `no upstream of ${service.name} takes requests`)
      );
    }
    const upstream = service.upstreams.get(lease.upstream.key) as UpstreamRuntime;
    record.attempts++;
    record.upstream = lease.upstream.key;

    record.stopwatch.enter('exchange');
    let outcome: Outcome;
    try {
      outcome = await carrier.attempt(request, upstream, service);
    } catch (error) {
      lease.release('ignored');
      throw error;
    }

    record.stopwatch.enter('settle');
    settle(record, service, lease, outcome);
    if (outcome.kind === 'answered') return undefined;
    if (outcome.kind === 'connect-failed' || outcome.kind === 'connect-timeout') {
      upstream.probe?.hurry();
    }
    if (outcome.hasResponseStarted || outcome.kind === 'client-gone') return undefined;
    if (!isRepeatable(record, carrier, outcome)) return outcome;
    tried.push(lease.upstream);
    service.metrics.retried();
  }
}

/** What goes upstream; made once, so that every attempt starts from the same request. */
function prepare(record: RequestRecord, carrier: Carrier): PreparedRequest {
  const headers = [
    'host',
    record.host,
    ...endToEndRequestHeaders(record.headers),
    ...forwardingHeaders(record.client, record.peer, record.headers),
    'x-request-id',
    record.id,
    'traceparent',
    formatTraceparent(record.trace),
    'via',
    '1.1 headgate',
    ...carrier.extraHeaders,
  ];
  return {
    id: record.id,
    method: record.method,
    target: record.path + record.query,
    headers,
    body: carrier.body,
  };
}

/** 6 acquire: pick and count in one turn; an upstream is asked again only when no other is left. */
function acquire(
  service: ServiceRuntime,
  tried: readonly Upstream[],
  last: Failure | undefined,
): Lease | undefined {
  const lease = service.balancer.acquire(tried);
  // An idle connection that had died says nothing about its upstream, so that a fresh one may be
  // tried; how often is bounded by `retries`.
  return lease ?? (last?.kind === 'upstream-reset' ? service.balancer.acquire() : undefined);
}

/** 8 settle: the lease goes back exactly once, with what the attempt says about the upstream. */
function settle(
  record: RequestRecord,
  service: ServiceRuntime,
  lease: Lease,
  outcome: Outcome,
): void {
  if (outcome.kind === 'answered') {
    record.status = outcome.status;
    record.failure = undefined;
    lease.release(outcome.status >= 500 ? 'failure' : 'success');
  } else {
    record.failure = outcome;
    record.status = statusOf(outcome.kind);
    lease.release(outcome.side === 'upstream' ? 'failure' : 'ignored');
  }
  service.metrics.attempted(lease.upstream.key, outcome.kind);
}

function isRepeatable(record: RequestRecord, carrier: Carrier, outcome: FailedOutcome): boolean {
  if (!outcome.retryable) return false;
  const { service } = record;
  if (!service) return false;
  // A refused connection costs next to nothing, so every upstream may be asked before giving up.
  const isRefused = outcome.kind === 'connect-failed';
  return mayRetry({
    method: record.method,
    attempts: record.attempts,
    maxAttempts: 1 + Math.max(service.config.retries, isRefused ? service.upstreams.size - 1 : 0),
    wasAnythingSent: outcome.wasAnythingSent,
    hasResponseStarted: outcome.hasResponseStarted,
    canReplayBody: !carrier.body?.isStarted,
  });
}

function refuse(record: RequestRecord, carrier: Carrier, problem: Failure): void {
  record.failure = problem;
  record.status = statusOf(problem.kind);
  const allow = record.allowed ? ['allow', record.allowed.join(', ')] : [];
  carrier.refuse(errorPage(problem, record.id, allow));
}
