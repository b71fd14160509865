// Owns what a handler finds of the request it answers, at `c.env.scope`.
import type { Logger, TraceContext } from '@headgate/telemetry';
import type { HttpBindings } from '@hono/node-server';
import type { BackgroundTask } from './background.ts';
import type { Deadline } from './deadline.ts';

/** What a handler knows about the request it answers; partner calls and queries take it along. */
export interface RequestScope {
  /** The edge's `x-request-id`, or one of our own. */
  readonly requestId: string;
  /** This origin's step in the caller's trace. */
  readonly trace: TraceContext;
  /** How much time is left; {@link Deadline.raise} gives it another budget. */
  readonly deadline: Deadline;
  /** The deadline's signal: pass it to everything that can be cancelled. */
  readonly signal: AbortSignal;
  /** Aborts when the process starts to leave: endless streams end on it. */
  readonly draining: AbortSignal;
  /** The log of this origin. */
  readonly logger: Logger;
  /**
   * Runs `task` in this process when the answer has gone out, or its client has left. The task's
   * signal aborts when the process can wait for it no longer.
   * @param name says in the log what it was that failed
   * @throws HttpProblem 503 of kind `overload` when too many wait already
   */
  background(name: string, task: BackgroundTask): void;
}

/** What `c.env` holds. */
export type OriginBindings = Partial<HttpBindings> & { scope: RequestScope };

/** The Hono environment of every origin, and of the apps that are mounted into one. */
export interface OriginEnv {
  Bindings: OriginBindings;
  Variables: object;
}
