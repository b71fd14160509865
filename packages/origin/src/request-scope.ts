// Owns what belongs to one request from arrival to its last byte: id, trace, deadline, and its
// place in the in-flight count.
import { randomBytes } from 'node:crypto';
import {
  childTrace,
  createRandomHex,
  createRequestIds,
  isValidRequestId,
  type Logger,
  newTrace,
  parseTraceparent,
  type TraceContext,
} from '@headgate/telemetry';
import type { HttpBindings } from '@hono/node-server';
import type { Context, MiddlewareHandler } from 'hono';
import { createDeadline, type Deadline, deadlineHeader, parseDeadline } from './deadline.ts';
import type { Lifecycle } from './lifecycle.ts';

/** What a handler knows about the request it answers; partner calls take it along. */
export interface RequestScope {
  /** The edge's `x-request-id`, or one of our own. */
  readonly requestId: string;
  /** This origin's step in the caller's trace. */
  readonly trace: TraceContext;
  readonly deadline: Deadline;
}

/** The Hono environment of every origin. */
export interface OriginEnv {
  /** Undefined altogether in `app.request()`, where no socket is involved. */
  Bindings: Partial<HttpBindings>;
  Variables: {
    scope: RequestScope;
    /** The deadline's signal: pass it to everything that can be cancelled. */
    signal: AbortSignal;
    /** Aborts when the process starts to leave: endless streams end on it. */
    draining: AbortSignal;
    /** The log of this origin. */
    logger: Logger;
  };
}

/** What the scope of every request is made with. */
export interface RequestScopeOptions {
  /** Budget of a request in milliseconds, unless its route raises it. */
  deadlineMs: number;
  lifecycle: Lifecycle;
  logger: Logger;
  /** Called after the last byte, with the time since arrival in milliseconds. */
  onEnd(c: Context<OriginEnv>, durationMs: number): void;
}

/** The middleware that opens the scope of a request and closes it after the last byte. */
export function requestScope(options: RequestScopeOptions): MiddlewareHandler<OriginEnv> {
  const { deadlineMs, lifecycle, logger, onEnd } = options;
  const ids = createRequestIds(randomBytes);

  return async (c, next) => {
    const arrivedAtMs = performance.now();
    const leaveCount = lifecycle.begin();
    const { incoming, outgoing } = c.env ?? {};
    const deadline = createDeadline({
      budgetMs: deadlineMs,
      callerBudgetMs: parseDeadline(c.req.header(deadlineHeader)),
      // A response on the wire tells by its end, which costs less than the signal of its request.
      client: outgoing === undefined ? c.req.raw.signal : undefined,
    });
    const scope: RequestScope = {
      requestId: takeRequestId(c.req.header('x-request-id')) ?? ids.next(),
      trace: takeTrace(c.req.header('traceparent')),
      deadline,
    };
    c.set('scope', scope);
    c.set('signal', deadline.signal);
    c.set('draining', lifecycle.draining);
    c.set('logger', logger);

    const end = () => {
      deadline.end();
      leaveCount();
      onEnd(c, performance.now() - arrivedAtMs);
      if (incoming?.errored || outgoing?.writableFinished === false) deadline.leave();
    };
    // An upgrade request has no response object: it lasts as long as its socket.
    const wire = outgoing ?? incoming?.socket;
    wire?.on('close', end);
    await next();

    const setHeader = headerSetter(c, outgoing);
    setHeader('x-request-id', scope.requestId);
    setHeader('headgate-load', String(lifecycle.inFlight));
    if (lifecycle.closesConnection()) setHeader('connection', 'close');
    if (wire === undefined) end();
  };
}

/** Adds a header to the answer: on the wire where there is one, since a `Headers` has to be made. */
function headerSetter(
  c: Context<OriginEnv>,
  outgoing: HttpBindings['outgoing'] | undefined,
): (name: string, value: string) => void {
  if (outgoing === undefined || outgoing.headersSent) {
    const { headers } = c.res;
    return (name, value) => headers.set(name, value);
  }
  return (name, value) => outgoing.setHeader(name, value);
}

function takeRequestId(value: string | undefined): string | undefined {
  return value !== undefined && isValidRequestId(value) ? value : undefined;
}

const randomHex = createRandomHex(randomBytes);

function takeTrace(traceparent: string | undefined): TraceContext {
  const caller = parseTraceparent(traceparent);
  return caller ? childTrace(caller, randomHex) : newTrace(randomHex);
}
