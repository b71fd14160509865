// Owns a group of routes: declared once, checked on the way in, documented, and typed for clients.
import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi';
import type { Context, Handler, Next } from 'hono';
import { createLimit, type Limit } from './limit.ts';
import type { OriginEnv } from './request-scope.ts';
import type { RouteLimits } from './route.ts';
import { requestCheck } from './validate-request.ts';
import { type ResponseChecking, responseCheck, usualChecking } from './validate-response.ts';

/**
 * A group of routes, as {@link createRoutes} makes it, without the types of its routes: comparing
 * those with anything is what type checks of large APIs would spend their time on.
 */
export type Routes = Pick<OpenAPIHono<OriginEnv>, 'openAPIRegistry' | 'routes'>;

/** How a group of routes is made. */
export interface RoutesOptions {
  /**
   * Whether JSON answers are held against what their route declares: `log` tells of those that do
   * not fit, `strict` answers 500 in their place. Default: `off` where NODE_ENV is `production`,
   * `strict` in tests, `log` elsewhere.
   */
  readonly checkResponses?: ResponseChecking;
}

/** JSON and forms above this are refused, unless their route says otherwise. */
const defaultMaxBodyBytes = 1024 ** 2;

/**
 * A group of routes for `createOrigin({ routes })`, or to mount into another one. A route is one
 * handler: what it declares is checked right before its own code, without middleware in between.
 */
export function createRoutes({ checkResponses }: RoutesOptions = {}): OpenAPIHono<OriginEnv> {
  return withChecks(new OpenAPIHono<OriginEnv>(), checkResponses ?? usualChecking(process.env));
}

type Declared = RouteConfig & RouteLimits;
type RouteHandler = Handler<OriginEnv>;

function withChecks(
  app: OpenAPIHono<OriginEnv>,
  checking: ResponseChecking,
): OpenAPIHono<OriginEnv> {
  const openapi = (declared: Declared, handler: RouteHandler, hook?: unknown) => {
    const { middleware = [], hide, deadlineMs, maxBodyBytes, ...rest } = declared;
    const { maxInFlight, maxQueue, queueTimeoutMs, ...documented } = rest;
    const where = `route ${documented.method.toUpperCase()} ${documented.path}`;
    if (hook !== undefined) {
      throw new TypeError(`${where}: hooks are not called; what is invalid is answered 422`);
    }
    if (!hide) app.openAPIRegistry.registerPath(documented);
    app.on(
      [documented.method],
      [documented.path.replaceAll(/\/{(.+?)}/g, '/:$1')],
      ...[middleware].flat(),
      handlerOf(declared, handler, checking),
    );
    return app;
  };
  const basePath = (path: string) =>
    withChecks(OpenAPIHono.prototype.basePath.call(app, path) as OpenAPIHono<OriginEnv>, checking);
  return Object.assign(app, { openapi, basePath }) as unknown as OpenAPIHono<OriginEnv>;
}

/** One handler for all of it; it returns a promise only where something has to be waited for. */
function handlerOf(declared: Declared, handle: RouteHandler, checking: ResponseChecking) {
  const { request = {}, deadlineMs, maxBodyBytes = defaultMaxBodyBytes } = declared;
  const { maxInFlight, maxQueue, queueTimeoutMs } = declared;
  const check = requestCheck(request, maxBodyBytes);
  const checked = checking === 'off' ? handle : responseCheck(declared, handle, checking);
  const handled =
    maxInFlight === undefined
      ? checked
      : limited(checked, createLimit({ maxInFlight, maxQueue, queueTimeoutMs }));
  if (check === undefined && deadlineMs === undefined) return handled;
  return (c: Context<OriginEnv>, next: Next) => {
    if (deadlineMs !== undefined) c.env.scope.deadline.raise(deadlineMs);
    const isReady = check?.(c);
    return isReady === undefined ? handled(c, next) : isReady.then(() => handled(c, next));
  };
}

/** A place is taken when the request is known to be valid, so that slow senders hold none. */
function limited(handle: RouteHandler, places: Limit): RouteHandler {
  return async (c, next) => {
    if (!places.enterNow()) await places.enter(c.env.scope);
    try {
      return await handle(c, next);
    } finally {
      places.leave();
    }
  };
}
