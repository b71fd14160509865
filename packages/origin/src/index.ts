// The public face of the kit: what an app is made of and served with.
export { type Deadline, deadlineExceeded } from './deadline.ts';
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
