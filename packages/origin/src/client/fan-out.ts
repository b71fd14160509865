// Owns what the parts of a fan-out run under: one signal, which aborts when their request is over, or
// when the outcome is decided without those that are still under way.
import { type FanOutOptions, type Outcome, type Part, run, type ValueOf } from './part.ts';

/** One fan-out, from its making until `end`. */
export class FanOut {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  #running = 0;

  /** Aborts when the signal in `options` does. */
  constructor({ signal }: FanOutOptions) {
    this.signal = this.#controller.signal;
    this.#outer = signal;
    if (signal?.aborted) this.#controller.abort(signal.reason);
    else signal?.addEventListener('abort', this);
  }

  /** Runs `part`; see `run`. */
  async run<Result>(part: Part<Result>): Promise<Outcome<ValueOf<Result>>> {
    this.#running++;
    try {
      return await run(part, this.signal);
    } finally {
      this.#running--;
    }
  }

  /** The outcome is known: parts still under way are cancelled. */
  end(): void {
    this.#outer?.removeEventListener('abort', this);
    if (this.#running > 0) {
      this.#controller.abort(new Error('the outcome was decided without this call'));
    }
  }

  handleEvent(): void {
    this.#controller.abort(this.#outer?.reason);
  }
}
