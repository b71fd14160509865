// Owns how many calls run at once and how many may wait: a bounded, first-in-first-out queue.

/** Admits callers up to a limit; the rest wait in order or are turned away. */
export interface Admission {
  readonly inFlight: number;
  readonly queued: number;
  /** A place that is free right now, as the function that gives it back (once). */
  enterNow(): (() => void) | undefined;
  /**
   * Resolves with the function that gives the place back (once), or undefined when the queue is
   * full. Rejects with the signal's reason when it aborts first; the place in the queue is freed.
   */
  enter(signal: AbortSignal): Promise<(() => void) | undefined>;
}

/** An empty queue for `maxInFlight` callers at once and `maxQueue` waiting. */
export function createAdmission(options: { maxInFlight: number; maxQueue: number }): Admission {
  // A Set keeps the order of arrival and forgets an aborted waiter in constant time.
  const waiting = new Set<() => void>();
  let inFlight = 0;

  const leave = () => {
    const [next] = waiting;
    if (next === undefined) inFlight -= 1;
    else next();
  };
  const place = () => {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      leave();
    };
  };

  const enterNow = () => {
    if (inFlight >= options.maxInFlight) return undefined;
    inFlight += 1;
    return place();
  };

  return {
    get inFlight() {
      return inFlight;
    },
    get queued() {
      return waiting.size;
    },
    enterNow,
    async enter(signal) {
      signal.throwIfAborted();
      const leaveNow = enterNow();
      if (leaveNow !== undefined) return leaveNow;
      if (waiting.size >= options.maxQueue) return undefined;
      return new Promise((resolve, reject) => {
        const admit = () => {
          waiting.delete(admit);
          signal.removeEventListener('abort', giveUp);
          resolve(place());
        };
        const giveUp = () => {
          waiting.delete(admit);
          reject(signal.reason);
        };
        waiting.add(admit);
        signal.addEventListener('abort', giveUp, { once: true });
      });
    },
  };
}
