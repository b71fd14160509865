// Owns which statements a connection has prepared: the last used ones, by their text.
import type { Prepared } from './statement-run.ts';

/** The prepared statements of one connection. */
export class PreparedStatements {
  readonly #capacity: number;
  readonly #byText = new Map<string, Prepared>();
  #forgotten: string[] = [];
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The statement with this text; a new one has to be parsed by the server. */
  take(text: string): Prepared {
    const known = this.#byText.get(text);
    if (known) {
      this.#byText.delete(text);
      this.#byText.set(text, known);
      return known;
    }
    if (this.#byText.size >= this.#capacity) {
      const [oldest] = this.#byText.values();
      if (oldest) this.forget(oldest);
    }
    this.#count++;
    const prepared: Prepared = {
      name: `s${this.#count}`,
      text,
      isReady: false,
      columns: undefined,
    };
    this.#byText.set(text, prepared);
    return prepared;
  }

  /** The server will be told to forget it, and its text starts anew. */
  forget(prepared: Prepared): void {
    if (this.#byText.get(prepared.text) === prepared) this.#byText.delete(prepared.text);
    this.#forgotten.push(prepared.name);
  }

  /** The names to be forgotten since the last time. */
  takeForgotten(): readonly string[] {
    if (this.#forgotten.length === 0) return NONE;
    const names = this.#forgotten;
    this.#forgotten = [];
    return names;
  }
}

const NONE: readonly string[] = [];
