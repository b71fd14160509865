// Owns calls to one partner: bounded, cancelled when the caller leaves or time is up, and always
// answered with a result rather than an exception.
import { formatTraceparent } from '@headgate/telemetry';
import { Pool } from 'undici';
import { deadlineHeader } from '../deadline.ts';
import type { RequestScope } from '../request-scope.ts';
import { createAdmission } from './admission.ts';
import { CallLimit } from './call-limit.ts';
import { type Answer, Exchange } from './exchange.ts';
import { abortFailure, errorFailure, type Failure, failureOf, statusFailure } from './failure.ts';
import { type Query, requestPath, type Segment } from './request-path.ts';

/** What a partner is called with. */
export interface PartnerClientOptions {
  /** Names the partner in messages. */
  name: string;
  /** `http(s)://host[:port][/base]`; every path is below it. */
  baseUrl: string;
  /** Longest time for one call in milliseconds, waiting in our queue included. */
  timeoutMs: number;
  /** Sockets to the partner. */
  maxConnections: number;
  /** Calls at once; more than `maxConnections` makes no sense on HTTP/1.1. */
  maxInFlight: number;
  /** Calls that may wait; one more is an `overload`. */
  maxQueue: number;
  /** Largest answer body in bytes. Default 1 MiB. */
  maxResponseBytes?: number;
}

/** One call. */
export interface CallOptions<T> {
  /** Aborts the call, on the wire too. */
  signal: AbortSignal;
  /** Checks the JSON body and gives it a type; throws when it is not what was agreed. */
  parse(body: unknown): T;
  /** The request this call is made for: its id, trace and remaining time go along. */
  scope?: Partial<RequestScope>;
  query?: Query;
  headers?: Record<string, string>;
}

/** What a call came to. */
export type PartnerResult<T> =
  | { readonly ok: true; readonly status: number; readonly body: T }
  | { readonly ok: false; readonly failure: Failure };

/** Calls one partner. */
export interface PartnerClient {
  readonly name: string;
  /** Calls on the wire. */
  readonly inFlight: number;
  /** Calls waiting for a place. */
  readonly queued: number;
  /** `GET` of the path made of `segments`. Never rejects. */
  get<T>(segments: readonly Segment[], options: CallOptions<T>): Promise<PartnerResult<T>>;
  /** Closes every connection; calls under way fail as `unreachable`. */
  close(): Promise<void>;
}

// A partner that does not even accept within this time is treated as unreachable.
const connectTimeoutMs = 1000;

/** Makes a client; it connects at the first call. Throws a TypeError for an unusable `baseUrl`. */
export function createPartnerClient(options: PartnerClientOptions): PartnerClient {
  const { name, timeoutMs } = options;
  const { origin, pathname } = new URL(options.baseUrl);
  const basePath = pathname.replace(/\/+$/, '');
  const admission = createAdmission(options);
  const pool = new Pool(origin, {
    connections: options.maxConnections,
    allowH2: false,
    maxResponseSize: options.maxResponseBytes ?? 1024 * 1024,
    connectTimeout: connectTimeoutMs,
    // Every call has a deadline of its own; undici's timers above 1 s are coarse.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  /** A place to call from, once there is one; undefined when too many wait for one. */
  async function wait(limit: CallLimit): Promise<(() => void) | undefined> {
    const waiting = new AbortController();
    limit.onOver = (reason) => waiting.abort(reason);
    return admission.enter(waiting.signal);
  }

  return {
    name,
    get inFlight() {
      return admission.inFlight;
    },
    get queued() {
      return admission.queued;
    },

    async get<T>(segments: readonly Segment[], call: CallOptions<T>): Promise<PartnerResult<T>> {
      let path: string;
      try {
        path = requestPath(basePath, segments, call.query);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const failure = failureOf('invalid', `${name}: ${reason}`);
        return { ok: false, failure: { ...failure, side: 'origin' } };
      }
      const budgetMs = Math.min(timeoutMs, call.scope?.deadline?.remainingMs() ?? timeoutMs);
      const limit = new CallLimit(call.signal, budgetMs);
      let leave: (() => void) | undefined;
      try {
        if (limit.isOver) throw limit.reason;
        leave = admission.enterNow() ?? (await wait(limit));
        if (leave === undefined) {
          const message = `${name} ${path}: too many calls waiting`;
          return { ok: false, failure: failureOf('overload', message) };
        }
        const headers = outgoingHeaders(call, limit.remainingMs());
        const answer = await new Exchange(pool, path, headers, limit).answer;
        return readAnswer(answer, call, name, path);
      } catch (error) {
        const what = `${name} ${path}`;
        return {
          ok: false,
          failure: limit.isOver ? abortFailure(limit, what) : errorFailure(error, what),
        };
      } finally {
        leave?.();
        limit.end();
      }
    },

    close: () => pool.destroy(),
  };
}

function outgoingHeaders(
  { scope, headers }: CallOptions<unknown>,
  remainingMs: number,
): Record<string, string> {
  const outgoing: Record<string, string> = {
    accept: 'application/json',
    ...headers,
    [deadlineHeader]: String(Math.floor(remainingMs)),
  };
  if (scope?.requestId !== undefined) outgoing['x-request-id'] = scope.requestId;
  if (scope?.trace !== undefined) outgoing.traceparent = formatTraceparent(scope.trace);
  return outgoing;
}

function readAnswer<T>(
  { status, text }: Answer,
  call: CallOptions<T>,
  name: string,
  path: string,
): PartnerResult<T> {
  if (text === undefined) {
    return { ok: false, failure: statusFailure(status, `${name} ${path}: answered ${status}`) };
  }
  try {
    return { ok: true, status, body: call.parse(JSON.parse(text)) };
  } catch {
    return { ok: false, failure: failureOf('invalid', `${name} ${path}: not the agreed JSON`) };
  }
}
