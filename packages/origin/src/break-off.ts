// Owns how an answer that has begun and cannot be finished ends: visibly, never as if it were whole.
import type { Context } from 'hono';
import type { OriginEnv } from './request-scope.ts';

/**
 * Ends the answer to `c` in the middle because of `error`, which goes to the log: on the wire the
 * connection is cut before the final chunk, so that its reader knows that something is missing.
 */
export function breakOff(
  c: Context<OriginEnv>,
  controller: ReadableStreamDefaultController,
  error: unknown,
): void {
  const { scope, outgoing } = c.env;
  const { requestId, logger } = scope;
  logger.error('an answer broke off', { error, requestId, path: c.req.path });
  if (outgoing === undefined) controller.error(error);
  else outgoing.destroy(error instanceof Error ? error : new Error(String(error)));
}
