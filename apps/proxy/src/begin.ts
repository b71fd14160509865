/** Who asks, under which id, for what, until when, under which configuration. */
import { parseDeadlineMs, parseGrpcTimeoutMs } from '@headgate/balancer';
import type { Fields } from '@headgate/http1';
import { isValidRequestId, type RandomHex } from '@headgate/telemetry';
import type { Carrier, IncomingHead } from './carrier.ts';
import { fieldValue } from './headers.ts';
import { type RequestRecord, Stopwatch } from './request.ts';
import type { Snapshot } from './snapshot.ts';
import { parseTarget } from './target.ts';

/** What the record of a request is made from. */
export interface Beginning {
  readonly snapshot: () => Snapshot;
  /** Monotonic clock in milliseconds. */
  readonly now: () => number;
  readonly nextRequestId: () => string;
  readonly randomHex: RandomHex;
  /** Whether anybody reads what each stage took. */
  isTimed: boolean;
}

/** The record of a request that has just come in. */
export function begin(edge: Beginning, head: IncomingHead, carrier: Carrier): RequestRecord {
  const stopwatch = edge.isTimed ? new Stopwatch(edge.now) : undefined;
  const startedMs = edge.now();
  const snapshot = edge.snapshot();
  const { method, fields } = head;
  const target = parseTarget(head.target, method);
  const host = head.authority || carrier.localAuthority();
  const client = carrier.peer.identify(host, fields, snapshot.trustedProxies);
  const givenId = client.isPeerTrusted ? fieldValue(fields, 'x-request-id') : undefined;
  return {
    id: givenId && isValidRequestId(givenId) ? givenId : edge.nextRequestId(),
    trace: undefined,
    randomHex: edge.randomHex,
    snapshot,
    client,
    method,
    host,
    path: target.ok ? target.path : head.target,
    query: target.ok ? target.query : '',
    targetProblem: target.ok ? undefined : target.reason,
    fields,
    startedMs,
    // Anybody else could have the origins give up early, or believe they have for ever.
    deadlineMs: client.isPeerTrusted ? startedMs + patienceOf(fields) : Number.POSITIVE_INFINITY,
    stopwatch,
    stage: 'begin',
    endedAt: 'begin',
    route: undefined,
    allowed: undefined,
    service: undefined,
    upstream: undefined,
    attempts: 0,
    cached: undefined,
    status: 0,
    failure: undefined,
    error: undefined,
  };
}

/** How many milliseconds the client says it will wait; Infinity when it says nothing. */
function patienceOf(fields: Fields): number {
  return Math.min(
    parseDeadlineMs(fieldValue(fields, 'headgate-deadline-ms')) ?? Number.POSITIVE_INFINITY,
    parseGrpcTimeoutMs(fieldValue(fields, 'grpc-timeout')) ?? Number.POSITIVE_INFINITY,
  );
}
