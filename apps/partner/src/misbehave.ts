// Owns how the dial acts on a request: the wait, the error, the answer that never comes.
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpProblem, type OriginEnv } from '@headgate/origin';
import type { MiddlewareHandler } from 'hono';
import type { Dial, Route } from './dial.ts';

/**
 * The middleware that treats requests for `route` as `dial` says. A third party knows nothing of
 * its caller's deadline, so only a client that leaves (or the end of the process) ends a wait.
 */
export function misbehave(
  route: Route,
  dial: Dial,
  random: () => number,
): MiddlewareHandler<OriginEnv> {
  return async (c, next) => {
    const { latency, errorRate, stallRate } = dial.behaviour(c.req.path, route);
    if (random() < stallRate) {
      await untilAborted(AbortSignal.any([c.req.raw.signal, c.env.scope.draining]));
      throw failure(503, 'the partner was stalling when it was told to leave');
    }
    const latencyMs = latency(random);
    if (latencyMs > 0) await sleep(latencyMs, undefined, { signal: c.req.raw.signal });
    if (random() < errorRate) {
      throw failure(random() < 0.5 ? 500 : 503, 'the partner was dialled to fail this request');
    }
    await next();
  };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function failure(status: number, detail: string): HttpProblem {
  return new HttpProblem({ status, kind: 'dialled', side: 'origin', retryable: true, detail });
}
