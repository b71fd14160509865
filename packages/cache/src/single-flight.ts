// One piece of work per key at a time: whoever asks for a key that is being worked on waits for the
// same result. The work is cancelled when nobody waits for it any more.

/** What the work may know about its own flight. */
export interface Flight {
  /** Aborts when the last waiter has left. */
  readonly signal: AbortSignal;
  /** False once the last waiter has left or the key was forgotten: the result is out of date. */
  readonly isCurrent: boolean;
}

/** A result, and whether someone else's call had started the work. */
interface Landed<T> {
  readonly value: T;
  readonly isShared: boolean;
}

/** See {@link createSingleFlight}. */
export interface SingleFlight<T> {
  /**
   * Joins the work under way for `key`, or starts `work`. Rejects with the work's error, or with
   * `signal`'s reason as soon as that aborts; the others go on waiting.
   */
  run(key: string, work: (flight: Flight) => Promise<T>, signal?: AbortSignal): Promise<Landed<T>>;
  /** Makes the next `run` start anew. Work under way goes on for those who already wait. */
  forget(key: string): void;
}

interface Running<T> {
  readonly result: Promise<T>;
  readonly leave: (reason: unknown) => void;
  waiters: number;
}

/** Makes a set of flights, one per key. Holds nothing once all work has settled. */
export function createSingleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, Running<T>>();

  function start(key: string, work: (flight: Flight) => Promise<T>): Running<T> {
    const controller = new AbortController();
    const isCurrent = () => flights.get(key) === running;
    const land = () => {
      if (isCurrent()) flights.delete(key);
    };
    const flight: Flight = {
      signal: controller.signal,
      get isCurrent() {
        return isCurrent();
      },
    };
    // The work starts one microtask later, when the flight is already on the map.
    const result = Promise.resolve(flight).then(work);
    const running: Running<T> = {
      result,
      waiters: 0,
      leave(reason) {
        running.waiters -= 1;
        if (running.waiters > 0) return;
        land();
        controller.abort(reason);
      },
    };
    flights.set(key, running);
    // Also marks the result as handled: it has no other handler once every waiter has left.
    result.then(land, land);
    return running;
  }

  return {
    async run(key, work, signal) {
      signal?.throwIfAborted();
      const joined = flights.get(key);
      const running = joined ?? start(key, work);
      running.waiters += 1;
      const value = await wait(running, signal);
      return { value, isShared: joined !== undefined };
    },
    forget(key) {
      flights.delete(key);
    },
  };
}

function wait<T>(running: Running<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return running.result;
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(signal.reason);
      running.leave(signal.reason);
    };
    const stopListening = () => signal.removeEventListener('abort', onAbort);
    signal.addEventListener('abort', onAbort, { once: true });
    running.result.then(resolve, reject).then(stopListening);
  });
}
