// Owns how many requests of a route are answered at once, and how many may wait for their turn.
import type { MiddlewareHandler } from 'hono';
import { HttpProblem } from './problem.ts';
import type { OriginEnv, RequestScope } from './request-scope.ts';

/** What a route can bear. */
export interface LimitOptions {
  /** Requests answered at once. */
  readonly maxInFlight: number;
  /** Requests that may wait for one of them to end; one more is shed. Default 0. */
  readonly maxQueue?: number | undefined;
  /** Milliseconds after which one that waits is shed. Default 1000. */
  readonly queueTimeoutMs?: number | undefined;
}

/** A bound on what runs at once; whoever shares one shares its places. */
export interface Limit {
  /** A place that is free right now; every `true` is followed by one `leave`. */
  enterNow(): boolean;
  /**
   * Waits for a place; who resolves calls `leave` once.
   * @throws HttpProblem 503 of kind `overload` when too many wait or the wait was too long; the
   *   reason of the scope's signal when the client has left or the deadline has passed
   */
  enter(scope: RequestScope): Promise<void>;
  /** Gives the place back: to the one that has waited longest. */
  leave(): void;
}

/** A request that waits. */
interface Waiter {
  readonly admit: () => void;
}

/**
 * Makes a limit.
 * @throws RangeError, naming the option, for what cannot be meant
 */
export function createLimit(options: LimitOptions): Limit {
  const { maxInFlight, maxQueue = 0, queueTimeoutMs = 1000 } = options;
  assertWhole('maxInFlight', maxInFlight, 1);
  assertWhole('maxQueue', maxQueue, 0);
  assertWhole('queueTimeoutMs', queueTimeoutMs, 1);
  // A Set keeps the order of arrival and forgets one that gives up in constant time.
  const waiting = new Set<Waiter>();
  let inFlight = 0;

  const enterNow = () => {
    if (inFlight >= maxInFlight) return false;
    inFlight += 1;
    return true;
  };
  return {
    enterNow,
    async enter({ signal }) {
      signal.throwIfAborted();
      if (enterNow()) return;
      if (waiting.size >= maxQueue) throw overload();
      await new Promise<void>((resolve, reject) => {
        const stop = () => {
          waiting.delete(waiter);
          clearTimeout(timer);
          signal.removeEventListener('abort', giveUp);
        };
        const giveUp = () => {
          stop();
          reject(signal.reason);
        };
        const waiter: Waiter = {
          admit() {
            stop();
            resolve();
          },
        };
        const timer = setTimeout(() => {
          stop();
          reject(overload());
        }, queueTimeoutMs);
        signal.addEventListener('abort', giveUp, { once: true });
        waiting.add(waiter);
      });
    },
    leave() {
      const [next] = waiting;
      if (next === undefined) inFlight -= 1;
      else next.admit();
    },
  };
}

/**
 * Middleware that answers so many requests at once: `app.get(path, limit({ maxInFlight: 8 }), handler)`.
 * More wait in order, up to `maxQueue` for up to `queueTimeoutMs`; what cannot wait is answered 503
 * with Retry-After at once. Who waits and whose client leaves gives up its place. A place is held
 * until the handler has its response, not until the last byte of it is out.
 * @throws RangeError, naming the option, for what cannot be meant
 */
export function limit(options: LimitOptions): MiddlewareHandler<OriginEnv> {
  const places = createLimit(options);
  return async (c, next) => {
    if (!places.enterNow()) await places.enter(c.env.scope);
    try {
      await next();
    } finally {
      places.leave();
    }
  };
}

/** 503: there is too much to do; nothing was begun. */
export function overload(): HttpProblem {
  return new HttpProblem({
    status: 503,
    kind: 'overload',
    side: 'origin',
    retryable: true,
    detail: 'there are too many requests to answer this one; nothing was begun, try again later',
    headers: { 'retry-after': '1' },
  });
}

function assertWhole(name: string, value: number, min: number): void {
  if (Number.isInteger(value) && value >= min) return;
  throw new RangeError(`${name} must be a whole number from ${min}, not ${value}`);
}
