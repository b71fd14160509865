// Owns answers of one JSON value to a line, sent as they are made and only as fast as they are read.
import type { UnderlyingDefaultSource } from 'node:stream/web';
import type { Context } from 'hono';
import { breakOff } from './break-off.ts';
import type { OriginEnv } from './request-scope.ts';

/** How lines are sent. */
export interface NdjsonOptions {
  /** Milliseconds until the answer breaks off. Default: as long as it takes. */
  readonly deadlineMs?: number;
}

const headers = { 'content-type': 'application/x-ndjson' };

/** Lines that are there at once go out together, up to about this many characters. */
const batchLength = 16 * 1024;

/**
 * Answers with `items`, a line of JSON each. An error before the first one is answered like any
 * other; a later one breaks the answer off, so that nobody takes it for the whole. When the reader
 * leaves, `return` of the iterator is called. What takes time behind `items` has the scope's signal.
 */
export async function ndjson<T>(
  c: Context<OriginEnv>,
  items: Iterable<T> | AsyncIterable<T>,
  { deadlineMs = Number.POSITIVE_INFINITY }: NdjsonOptions = {},
): Promise<Response> {
  c.env.scope.deadline.raise(deadlineMs);
  if (c.req.method === 'HEAD') return c.body(null, 200, headers);
  const iterator = iteratorOf(items);
  const first = await iterator.next();
  return c.body(
    new ReadableStream(new Lines(c, iterator, first), { highWaterMark: 0 }),
    200,
    headers,
  );
}

type AnyIterator<T> = Iterator<T> | AsyncIterator<T>;

function iteratorOf<T>(items: Iterable<T> | AsyncIterable<T>): AnyIterator<T> {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
}

const encoder = new TextEncoder();

/** The lines of one answer, from the first item on. */
class Lines<T> implements UnderlyingDefaultSource<Uint8Array> {
  readonly #c: Context<OriginEnv>;
  readonly #iterator: AnyIterator<T>;
  readonly #signal: AbortSignal;
  #next: IteratorResult<T> | undefined;
  #isOver = false;
  #text = '';
  #onAbort: (() => void) | undefined;

  constructor(c: Context<OriginEnv>, iterator: AnyIterator<T>, first: IteratorResult<T>) {
    this.#c = c;
    this.#iterator = iterator;
    this.#signal = c.env.scope.signal;
    this.#next = first;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#onAbort = () => this.#fail(controller, this.#signal.reason);
    this.#signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    // Whoever makes items slowly has each one sent: what is there goes out with the turn.
    let isTurnOver = false;
    const turn = setImmediate(() => {
      isTurnOver = true;
      this.#flush(controller);
    });
    try {
      do {
        const { done, value } = this.#next ?? (await this.#iterator.next());
        this.#next = undefined;
        if (this.#isOver) return;
        if (done === true) {
          this.#flush(controller);
          this.#end();
          controller.close();
          return;
        }
        this.#text += `${lineOf(value)}\n`;
      } while (!isTurnOver && this.#text.length < batchLength);
      this.#flush(controller);
    } catch (error) {
      this.#fail(controller, error);
    } finally {
      clearImmediate(turn);
    }
  }

  cancel(): void {
    this.#end();
    this.#giveUp();
  }

  #flush(controller: ReadableStreamDefaultController<Uint8Array>): void {
    if (this.#text === '' || this.#isOver) return;
    controller.enqueue(encoder.encode(this.#text));
    this.#text = '';
  }

  #fail(controller: ReadableStreamDefaultController<Uint8Array>, error: unknown): void {
    if (this.#isOver) return;
    this.#flush(controller);
    this.#end();
    this.#giveUp();
    breakOff(this.#c, controller, error);
  }

  #end(): void {
    this.#isOver = true;
    if (this.#onAbort !== undefined) this.#signal.removeEventListener('abort', this.#onAbort);
  }

  /** Lets the maker of items tidy up; what fails on the way is of no interest any more. */
  async #giveUp(): Promise<void> {
    try {
      await this.#iterator.return?.();
    } catch {}
  }
}

function lineOf(value: unknown): string {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError('an item of an ndjson answer has no JSON form');
  return text;
}
