/**
 * What a client has sent ahead of its turn: kept as bytes, and looked at just far enough to see
 * whether it can ever have a turn.
 */
import { type Limits, type RequestHead, RequestParser, type RequestSink } from '@headgate/http1';

/** What stands behind the request that is being served. */
export type Ahead = 'request' | 'broken' | 'not-pipelined';

export class ReadAhead implements RequestSink {
  readonly #parser: RequestParser;
  #pieces: Buffer[] = [];
  #ahead: Ahead = 'request';
  #hasHead = false;
  sizeBytes = 0;

  constructor(limits: Limits) {
    this.#parser = new RequestParser(limits);
  }

  /**
   * Keeps a piece, which must not change any more. `broken` when it cannot be a request;
   * `not-pipelined` when it is one that changes what is spoken, which must not be sent before the
   * answers to all earlier ones (RFC 9110 §7.8).
   */
  add(piece: Buffer): Ahead {
    this.#pieces.push(piece);
    this.sizeBytes += piece.length;
    if (!this.#hasHead) this.#parser.execute(piece, 0, piece.length, this);
    return this.#ahead;
  }

  /** Everything kept. */
  take(): Buffer {
    return this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
  }

  head(head: RequestHead): void {
    this.#hasHead = true;
    if (head.method === 'CONNECT' || head.upgrade !== undefined) this.#ahead = 'not-pipelined';
  }

  refuse(): void {
    if (this.#hasHead) return;
    this.#hasHead = true;
    this.#ahead = 'broken';
  }

  body(): void {}

  end(): void {}
}
