/** An answer, as flows get it. */
import { RequestFailure } from '../failure.ts';
import type { HttpAnswer } from '../scenario.ts';

/** Made of the pieces of its body; `what` is for messages: `GET /items`. */
export class Answer implements HttpAnswer {
  readonly status: number;
  readonly headers: HttpAnswer['headers'];
  readonly bytes: Buffer;
  readonly #what: string;

  constructor(
    what: string,
    status: number,
    headers: HttpAnswer['headers'],
    chunks: readonly Buffer[],
  ) {
    const [only] = chunks;
    this.status = status;
    this.headers = headers;
    this.bytes = only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks);
    this.#what = what;
  }

  text(): string {
    return this.bytes.toString('utf8');
  }

  json<T = unknown>(): T {
    try {
      return JSON.parse(this.text()) as T;
    } catch (error) {
      const begin = this.text().slice(0, 60);
      const message = `${this.#what} answered ${this.status} with what is no JSON: ${JSON.stringify(begin)}`;
      throw new RequestFailure('check', message, { cause: error });
    }
  }
}
