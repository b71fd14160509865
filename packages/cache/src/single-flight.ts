// One piece of work per key at a time: whoever asks for a key that is being worked on waits for the
// same result. The work is told when nobody waits for it any more.

/** What is to be done for a key. */
export interface Work<T> {
  start(flight: Flight): Promise<T>;
  /** The last waiter has left before the end: whatever comes out is for nobody. */
  abandon(reason: unknown): void;
}

/** What the work may know about its own flight. */
export interface Flight {
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
  run(key: string, work: Work<T>, signal?: AbortSignal): Promise<Landed<T>>;
  /** Would `run` join work under way? */
  has(key: string): boolean;
  /** Makes the next `run` start anew. Work under way goes on for those who already wait. */
  forget(key: string): void;
  /** Forgets each key that `isMeant`. */
  forgetEvery(isMeant: (key: string) => boolean): void;
}

/** Makes a set of flights, one per key. Holds nothing once all work has settled. */
export function createSingleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, Running<T>>();
  return {
    run(key, work, signal) {
      if (signal?.aborted) return Promise.reject(signal.reason);
      const joined = flights.get(key);
      if (joined !== undefined) return joined.wait(signal, true);
      const running = new Running(key, work, flights);
      flights.set(key, running);
      const landed = running.wait(signal, false);
      void running.fly();
      return landed;
    },
    has: (key) => flights.has(key),
    forget: (key) => void flights.delete(key),
    forgetEvery(isMeant) {
      for (const key of flights.keys()) if (isMeant(key)) flights.delete(key);
    },
  };
}

/** One piece of work, from its start until it has settled, and those who wait for it. */
class Running<T> implements Flight {
  readonly #key: string;
  readonly #work: Work<T>;
  readonly #flights: Map<string, Running<T>>;
  readonly #waiters: Waiter<T>[] = [];
  #waiting = 0;

  constructor(key: string, work: Work<T>, flights: Map<string, Running<T>>) {
    this.#key = key;
    this.#work = work;
    this.#flights = flights;
  }

  get isCurrent(): boolean {
    return this.#flights.get(this.#key) === this;
  }

  wait(signal: AbortSignal | undefined, isShared: boolean): Promise<Landed<T>> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        reject(signal?.reason);
        this.#waiting -= 1;
        if (this.#waiting > 0) return;
        this.#land();
        this.#work.abandon(signal?.reason);
      };
      this.#waiting += 1;
      this.#waiters.push({ resolve, reject, leave, signal, isShared });
      signal?.addEventListener('abort', leave);
    });
  }

  async fly(): Promise<void> {
    try {
      const value = await this.#work.start(this);
      this.#land();
      for (const { resolve, isShared } of this.#dismissed()) resolve({ value, isShared });
    } catch (error) {
      this.#land();
      for (const { reject } of this.#dismissed()) reject(error);
    }
  }

  #land(): void {
    if (this.isCurrent) this.#flights.delete(this.#key);
  }

  /** Everyone, those who have left as well: they hear nothing any more. */
  #dismissed(): readonly Waiter<T>[] {
    for (const { signal, leave } of this.#waiters) signal?.removeEventListener('abort', leave);
    return this.#waiters;
  }
}

/** Someone who waits for a flight. */
interface Waiter<T> {
  readonly resolve: (landed: Landed<T>) => void;
  readonly reject: (reason: unknown) => void;
  /** Gives up, because `signal` has aborted. */
  readonly leave: () => void;
  readonly signal: AbortSignal | undefined;
  readonly isShared: boolean;
}
