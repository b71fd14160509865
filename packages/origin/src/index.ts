// The public face of the kit: what an app is made of and served with.
export { z } from '@hono/zod-openapi';
export type { AccessLogTarget, LineSink } from './access-log.ts';
export type { BackgroundOptions, BackgroundTask } from './background.ts';
export type { CompressionOptions } from './compression.ts';
export type { CrossOriginOptions } from './cors.ts';
export { type Deadline, deadlineExceeded } from './deadline.ts';
export { type CacheableOptions, cacheable, uncacheable } from './http-cache.ts';
export { PurgeError } from './http-cache-purge-error.ts';
export type { EdgeAddress, PurgeableStore } from './http-cache-purge-target.ts';
export {
  createPurger,
  type EdgePurger,
  type EdgePurgerOptions,
  type PurgeOptions,
  type Purger,
  type PurgerSettings,
  type StorePurgerOptions,
} from './http-cache-purger.ts';
export { purges } from './http-cache-purges.ts';
export type { Audience, CacheTermsOptions, Duration, Lifetimes } from './http-cache-terms.ts';
export type { Lifecycle } from './lifecycle.ts';
export { type LimitOptions, limit } from './limit.ts';
export type { MetricsSource } from './metrics-source.ts';
export { type NdjsonOptions, ndjson } from './ndjson.ts';
export type { DocsOptions } from './openapi-document.ts';
export { createOrigin, type Origin, type OriginOptions } from './origin.ts';
export {
  badRequest,
  HttpProblem,
  notFound,
  type ProblemInit,
  type ProblemSide,
} from './problem.ts';
export type { ReadinessCheck } from './readiness.ts';
export type { OriginBindings, OriginEnv, RequestScope } from './request-scope.ts';
export { json, jsonBody, type ProblemResponse, problem, type RouteLimits, route } from './route.ts';
export { createRoutes, type Routes, type RoutesOptions } from './routes.ts';
export { type RunOptions, runOrigin, type StartedOrigin } from './run-origin.ts';
export { type ServedOrigin, type ServeOptions, serveOrigin } from './serve-origin.ts';
export { listenEnvNames, listenSettings, readSettings, type SettingsOptions } from './settings.ts';
export { type EventsOf, type ServerSentEvent, type SseOptions, sse } from './sse.ts';
export type { InvalidField, RequestPart } from './validate-fields.ts';
export type { ResponseChecking } from './validate-response.ts';
export { upgradeWebSocket } from './websocket.ts';
