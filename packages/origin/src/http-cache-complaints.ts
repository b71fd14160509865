// Owns how a mistake that may be made with every request is told: at once, and then seldom.
import type { Context } from 'hono';
import type { OriginEnv } from './request-scope.ts';

const quietMs = 10_000;

/** Tells the log of the origin that `error` happened while `c` was answered. */
export type Complain = (c: Context<OriginEnv>, error: unknown) => void;

/** Makes one that writes `message` at most every 10 s, and how often it would have. */
export function createComplaints(message: string, now = () => performance.now()): Complain {
  let quietUntilMs = Number.NEGATIVE_INFINITY;
  let count = 0;
  return (c, error) => {
    count += 1;
    const nowMs = now();
    if (nowMs < quietUntilMs) return;
    const { method, path } = c.req;
    const { requestId, logger } = c.env.scope;
    logger.error(message, { error, method, path, requestId, times: count });
    quietUntilMs = nowMs + quietMs;
    count = 0;
  };
}
