// Owns how the parts of the kit become one app: the order here is the life of a request.
import { createLogger, createRegistry, type Logger, type Registry } from '@headgate/telemetry';
import { Hono } from 'hono';
import { getPath } from 'hono/utils/url';
import { type AccessLogTarget, openAccessLog, type RequestLog } from './access-log.ts';
import { Background, type BackgroundOptions } from './background.ts';
import { type CompressionOptions, compression } from './compression.ts';
import { type CrossOriginOptions, crossOrigin } from './cors.ts';
import { addHealth, healthPaths } from './health.ts';
import { createLifecycle, type Lifecycle } from './lifecycle.ts';
import { matchedRoute } from './matched-route.ts';
import { createMetricsSource, type MetricsSource } from './metrics-source.ts';
import { mountRoutes } from './mount-routes.ts';
import type { OpenScope } from './open-scope.ts';
import type { DocsOptions } from './openapi-document.ts';
import { answerError, answerUnmatched } from './problem-answers.ts';
import { createReadiness, type ReadinessCheck } from './readiness.ts';
import { withScopes } from './request-life.ts';
import { registerRequestMetrics } from './request-metrics.ts';
import type { OriginEnv } from './request-scope.ts';
import type { Routes } from './routes.ts';

/** A Hono app with the kit's parts in place, and what the listener that serves it needs. */
export type Origin = Hono<OriginEnv> & {
  readonly label: string;
  readonly lifecycle: Lifecycle;
  readonly registry: Registry;
  readonly metrics: MetricsSource;
  readonly background: Background;
  /** Undefined when it is off; closed by the server that was made for the app. */
  readonly accessLog: RequestLog | undefined;
};

/** What an origin is made of. */
export interface OriginOptions {
  /** Names the app in logs and messages. */
  name: string;
  /** Groups of routes, as `createRoutes` makes them; plain ones are added to the app itself. */
  routes?: Routes | readonly Routes[];
  /** What `GET /openapi.json` and `GET /docs` say of `routes`; false: neither. */
  docs?: DocsOptions | false;
  /** Which pages of other origins may ask. Default: none. */
  cors?: CrossOriginOptions;
  /** Whether answers are compressed. Default false: an edge does that, once for all. */
  compression?: CompressionOptions | boolean;
  /** Budget of a request in milliseconds, unless its route raises it. Default 5000. */
  deadlineMs?: number;
  /** Where unexpected errors go. Default: JSON lines on standard error. */
  logger?: Logger;
  /** What this process tells at `GET /metrics`. Default: an empty one. */
  registry?: Registry;
  /** Where one line for each request goes that has ended. Default `off`. */
  accessLog?: AccessLogTarget;
  /** What `GET /ready` asks, by name; each has a second, and is asked once a second at most. */
  readiness?: Readonly<Record<string, ReadinessCheck>>;
  /**
   * Requests in flight in this process above which further ones are shed with 503. Default: no
   * limit. `/health`, `/ready` and `/metrics` are answered all the same.
   */
  maxInFlight?: number;
  /** How much work may go on after answers (`c.env.scope.background`). */
  background?: BackgroundOptions;
}

/**
 * Makes an app whose requests have an id, a trace and one deadline; whose errors are problem+json;
 * and which answers `/health`, `/ready` and `/metrics`. Routes are added to it as to any Hono app.
 * @throws RangeError, naming the option, for what cannot be meant; an Error when the file of the
 *   access log cannot be opened
 */
export function createOrigin(options: OriginOptions): Origin {
  const { name, deadlineMs = 5000, logger = createLogger({ name }) } = options;
  const { registry = createRegistry(), maxInFlight = Number.POSITIVE_INFINITY } = options;
  assertMaxInFlight(maxInFlight);
  const app = new Hono<OriginEnv>({
    getPath: (request, at) => (at?.env?.scope as OpenScope | undefined)?.path ?? getPath(request),
  });
  const lifecycle = createLifecycle();
  const metrics = createMetricsSource(registry);
  const record = registerRequestMetrics(registry, lifecycle);
  const background = new Background({ ...options.background, logger, registry });
  const readiness = createReadiness({ checks: options.readiness ?? {}, logger });
  const accessLog = openAccessLog(options.accessLog ?? 'off');

  app.fetch = withScopes(app.fetch, {
    deadlineMs,
    lifecycle,
    logger,
    background,
    maxInFlight,
    sparedPaths: healthPaths,
    onEnd(end) {
      const { method } = end.scope.request;
      const route = matchedRoute(app, method, end.scope.path);
      record(method, end.status, route, end.durationMs);
      accessLog?.write(end, route);
    },
  });
  const { routes = [], docs = {}, cors, compression: compressed = false } = options;
  if (cors !== undefined) app.use(crossOrigin(cors));
  if (compressed !== false) app.use(compression(compressed === true ? {} : compressed));
  addHealth(app, { lifecycle, readiness, metrics });
  if (options.routes !== undefined) mountRoutes(app, { name, routes: [routes].flat(), docs });
  app.notFound((c) => answerUnmatched(app, c));
  app.onError((error, c) => answerError(error, c.env.scope as OpenScope));
  return Object.assign(app, { label: name, lifecycle, registry, metrics, background, accessLog });
}

function assertMaxInFlight(value: number): void {
  if (value >= 1 && (Number.isInteger(value) || value === Number.POSITIVE_INFINITY)) return;
  throw new RangeError(`maxInFlight must be a whole number from 1, not ${value}`);
}
