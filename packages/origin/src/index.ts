// The public face of the kit: what an app is made of and served with.
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
export type { MetricsSource } from './metrics-source.ts';
export { createOrigin, type Origin, type OriginOptions } from './origin.ts';
export {
  badRequest,
  HttpProblem,
  notFound,
  type ProblemInit,
  type ProblemSide,
} from './problem.ts';
export type { OriginEnv, RequestScope } from './request-scope.ts';
export { type RunOptions, runOrigin, type StartedOrigin } from './run-origin.ts';
export { type ServedOrigin, type ServeOptions, serveOrigin } from './serve-origin.ts';
export { listenEnvNames, listenSettings, readSettings, type SettingsOptions } from './settings.ts';
export { upgradeWebSocket } from './websocket.ts';
