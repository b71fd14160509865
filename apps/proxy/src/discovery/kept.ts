/** One question that is asked again and again, so that its answer stays true. */
import {
  type Answer,
  type Known,
  type Lifetimes,
  learn,
  nextDelayMs,
  nothingKnown,
} from './known.ts';

/** Calls `act` once after `delayMs`, unless the function it returns is called before. */
export type Schedule = (delayMs: number, act: () => void) => () => void;

export interface KeptOptions<T> {
  /** Never rejects. */
  readonly ask: (signal: AbortSignal) => Promise<Answer<T>>;
  /** As they are now; a reload may change them. */
  readonly lifetimes: () => Lifetimes;
  /** Monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly schedule: Schedule;
  /** After every answer; `before` is what was known without it. */
  readonly onAnswer: (answer: Answer<T>, before: Known<T>) => void;
}

/** Asks from its beginning until `stop`. */
export class Kept<T> {
  readonly #options: KeptOptions<T>;
  readonly #life = new AbortController();
  #known: Known<T> = nothingKnown;
  #cancel: () => void = () => {};

  constructor(options: KeptOptions<T>) {
    this.#options = options;
    void this.#ask();
  }

  get known(): Known<T> {
    return this.#known;
  }

  stop(): void {
    this.#life.abort();
    this.#cancel();
  }

  async #ask(): Promise<void> {
    const { ask, lifetimes, now, random, schedule, onAnswer } = this.#options;
    const answer = await ask(this.#life.signal);
    if (this.#life.signal.aborted) return;
    const before = this.#known;
    const nowMs = now();
    this.#known = learn(before, answer, lifetimes(), nowMs);
    const delayMs = nextDelayMs(this.#known, lifetimes(), nowMs, random);
    this.#cancel = schedule(delayMs, () => void this.#ask());
    onAnswer(answer, before);
  }
}
