// Owns asking one server again and again: at its pace, or as fast as it answers while somebody waits.

/** What is asked, and how often. */
export interface PollOptions {
  /** Asks once; never rejects. */
  ask(): Promise<void>;
  /** Milliseconds until the next question, asked for after each answer. */
  pauseMs(): number;
}

/** Questions to one server, never two at once, until it is stopped. */
export class Poll {
  readonly #options: PollOptions;
  #timer: NodeJS.Timeout | undefined;
  #asking: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: PollOptions) {
    this.#options = options;
  }

  /** Asks now, or takes part in the question under way; resolves with its answer. */
  ask(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    clearTimeout(this.#timer);
    this.#asking ??= this.#options.ask().then(() => {
      this.#asking = undefined;
      if (this.#isStopped) return;
      this.#timer = setTimeout(() => void this.ask(), this.#options.pauseMs());
    });
    return this.#asking;
  }

  /** Asks no more; resolves when the question under way is over. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#asking;
  }
}
