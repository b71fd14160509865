/** Bodies of every framing. */
import type { Bytes } from './bytes.ts';
import { ChunkedReader } from './chunked.ts';
import type { Framing } from './framing.ts';
import type { Limits } from './limits.ts';
import type { BodySink } from './sink.ts';

/** Reads one body after the other. */
export class BodyReader {
  readonly #limits: Limits;
  /** Made for the first chunked body; most connections of clients never carry one. */
  #chunked: ChunkedReader | undefined;
  #framing: Framing = 'none';
  #remaining = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** The body is complete; one that ends with the connection never is. */
  get isDone(): boolean {
    return this.#framing === 'chunked' ? this.#chunked?.isDone === true : this.#remaining === 0;
  }

  /** The body ends where the connection does. */
  get endsWithConnection(): boolean {
    return this.#framing === 'close';
  }

  /** Starts on the body of another message; `contentLength` counts for `length` only. */
  start(framing: Framing, contentLength: number): void {
    this.#framing = framing;
    this.#remaining = framing === 'close' ? Number.POSITIVE_INFINITY : 0;
    if (framing === 'length') this.#remaining = contentLength;
    if (framing === 'chunked') {
      this.#chunked ??= new ChunkedReader(this.#limits);
      this.#chunked.reset();
    }
  }

  /** Reads up to the end of the body or `end`; returns where it stopped. Throws a Refusal. */
  read(bytes: Bytes, start: number, end: number, sink: BodySink): number {
    if (this.#framing === 'chunked') return this.#chunked?.read(bytes, start, end, sink) ?? start;
    const to = Math.min(end, start + this.#remaining);
    if (to === start) return start;
    this.#remaining -= to - start;
    sink.body(bytes, start, to);
    return to;
  }
}
