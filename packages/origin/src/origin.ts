// Owns how the parts of the kit become one app: the order here is the life of a request.
import { createLogger, createRegistry, type Logger, type Registry } from '@headgate/telemetry';
import { type Context, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { addHealth } from './health.ts';
import { createLifecycle, type Lifecycle } from './lifecycle.ts';
import { createMetricsSource, type MetricsSource } from './metrics-source.ts';
import { HttpProblem, notFound, problemResponse } from './problem.ts';
import { registerRequestMetrics } from './request-metrics.ts';
import { type OriginEnv, requestScope } from './request-scope.ts';

/** A Hono app with the kit's parts in place, and what the listener that serves it needs. */
export type Origin = Hono<OriginEnv> & {
  readonly label: string;
  readonly lifecycle: Lifecycle;
  readonly registry: Registry;
  readonly metrics: MetricsSource;
};

/** What an origin is made of. */
export interface OriginOptions {
  /** Names the app in logs and messages. */
  name: string;
  /** Budget of a request in milliseconds, unless its route raises it. Default 5000. */
  deadlineMs?: number;
  /** Where unexpected errors go. Default: JSON lines on standard error. */
  logger?: Logger;
  /** What this process tells at `GET /metrics`. Default: an empty one. */
  registry?: Registry;
}

/**
 * Makes an app whose requests have an id, a trace and one deadline; whose errors are problem+json;
 * and which answers `/health`, `/ready` and `/metrics`. Routes are added to it as to any Hono app.
 */
export function createOrigin({
  name,
  deadlineMs = 5000,
  logger = createLogger({ name }),
  registry = createRegistry(),
}: OriginOptions): Origin {
  const app = new Hono<OriginEnv>();
  const lifecycle = createLifecycle();
  const metrics = createMetricsSource(registry);
  const record = registerRequestMetrics(registry, lifecycle);

  app.use(
    requestScope({
      deadlineMs,
      lifecycle,
      logger,
      // Without a response by now, the client has left: 499 as in problems.
      onEnd: (c, durationMs) => record(c.req.method, c.finalized ? c.res.status : 499, durationMs),
    }),
  );
  addHealth(app, lifecycle, metrics);
  app.notFound((c) => answer(c, notFound(`nothing is found at ${c.req.path}`)));
  app.onError((error, c) => {
    const problem = asProblem(error, c.var.signal);
    if (problem.kind === 'internal') {
      const { requestId, trace } = c.var.scope;
      const { method, path } = c.req;
      logger.error('request failed', { error, requestId, traceId: trace.traceId, method, path });
    }
    return answer(c, problem);
  });
  return Object.assign(app, { label: name, lifecycle, registry, metrics });
}

function answer(c: Context<OriginEnv>, problem: HttpProblem): Response {
  return problemResponse(problem, c.var.scope.requestId);
}

/**
 * What `error` is answered with. Work that was cancelled fails in many ways, so once the request's
 * signal has aborted, its reason is the answer rather than whatever broke because of it.
 */
function asProblem(error: unknown, signal: AbortSignal): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (signal.aborted && signal.reason instanceof HttpProblem) return signal.reason;
  if (error instanceof HTTPException) {
    const { status, message } = error;
    const side = status < 500 ? 'client' : 'origin';
    return new HttpProblem({ status, kind: 'http', side, retryable: false, detail: message });
  }
  return new HttpProblem({
    status: 500,
    kind: 'internal',
    side: 'origin',
    retryable: false,
    detail: 'the origin failed; quote the request id when reporting this',
    cause: error,
  });
}
