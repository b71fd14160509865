/** What an operator is told of discovery: once when something goes wrong, once when it is over. */

export interface DiscoveryEvent {
  /** `failed`: nothing new, so that what was known stays; `empty`: an entry has no upstreams. */
  readonly what: 'failed' | 'empty' | 'recovered';
  /** What was asked for, such as `A items.internal`, or the entry that is empty. */
  readonly source: string;
  readonly reason: string;
}

/** What is wrong at the moment, by source. */
export class Troubles {
  readonly #reasons = new Map<string, string>();
  readonly #onEvent: (event: DiscoveryEvent) => void;

  constructor(onEvent: (event: DiscoveryEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** Tells, unless the same was told already. */
  note(what: 'failed' | 'empty', source: string, reason: string): void {
    if (this.#reasons.get(source) === reason) return;
    this.#reasons.set(source, reason);
    this.#onEvent({ what, source, reason });
  }

  /** It is over, if there was any. */
  clear(source: string): void {
    if (this.#reasons.delete(source)) {
      this.#onEvent({ what: 'recovered', source, reason: 'it is found again' });
    }
  }

  /** Nobody asks for it any more, so nobody will hear that it is over. */
  forget(source: string): void {
    this.#reasons.delete(source);
  }
}
