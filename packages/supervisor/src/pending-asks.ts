/** Questions sent to the other process that it has not answered yet. */
import type { Clock } from './clock.ts';

interface Pending {
  readonly resolve: (body: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly forget: () => void;
}

export interface Ask {
  /** Goes along with the question and comes back with its answer. */
  readonly ask: number;
  readonly answer: Promise<unknown>;
}

/** The asks of one channel; lives as long as the channel does. */
export class PendingAsks {
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A new one; without `timeoutMs` it waits for its answer as long as the channel lives. */
  open(timeoutMs?: number): Ask {
    this.#last += 1;
    const ask = this.#last;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const forget =
      timeoutMs === undefined
        ? () => {}
        : this.#clock.after(timeoutMs, () => this.refuse(ask, `no answer within ${timeoutMs} ms`));
    this.#pending.set(ask, { resolve, reject, forget });
    return { ask, answer: promise };
  }

  /** An answer to none of them, such as one that comes too late, is passed over. */
  settle(ask: number, body: unknown): void {
    this.#take(ask)?.resolve(body);
  }

  refuse(ask: number, message: string): void {
    this.#take(ask)?.reject(new Error(message));
  }

  refuseAll(message: string): void {
    for (const ask of [...this.#pending.keys()]) this.refuse(ask, message);
  }

  #take(ask: number): Pending | undefined {
    const pending = this.#pending.get(ask);
    this.#pending.delete(ask);
    pending?.forget();
    return pending;
  }
}
