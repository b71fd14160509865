// Owns the reading of one answer, from its first byte to its last: what HTTP/1.1 says of it, and
// its body, whole.
import {
  type Bytes,
  type Refusal,
  type ResponseHead,
  ResponseParser,
  type ResponseSink,
} from '@headgate/http1';
import type { AnswerSink, TransportFailure, WireAnswer } from './transport.ts';
import { WireBody } from './wire-body.ts';
import { fieldValue } from './wire-fields.ts';

/** More interim answers than this are no hints. */
const MAX_INTERIM = 32;

/** Where the head is told. */
export type OnHead = Pick<AnswerSink, 'onHead'>;

/** What was wrong with an answer. */
export type BadAnswer = Pick<TransportFailure, 'kind' | 'message'>;

/** Reads one answer after the other; a connection has one only while an answer is arriving. */
export class AnswerReader implements ResponseSink {
  /** The last byte of the answer has arrived. */
  isWhole = false;
  /** The connection may carry another request (RFC 9112 §9.3). */
  mayKeepConnection = false;
  bad: BadAnswer | undefined;
  readonly #parser = new ResponseParser();
  readonly #body = new WireBody();
  #maxBodyBytes = 0;
  #target: OnHead | undefined;
  #status = 0;
  #header!: WireAnswer['header'];
  #interimCount = 0;

  /** The next bytes answer a request with `method`; `target` is told of the head. */
  start(method: string, maxBodyBytes: number, target: OnHead): void {
    this.#parser.expect(method);
    this.#maxBodyBytes = maxBodyBytes;
    this.#target = target;
    this.#status = 0;
    this.#interimCount = 0;
    this.isWhole = false;
  }

  /** Reads the first `sizeBytes` of `bytes`; returns how far the answer goes. */
  read(bytes: Buffer, sizeBytes: number): number {
    return this.#parser.execute(bytes, 0, sizeBytes, this);
  }

  /** Nothing more will come: the answer is whole or bad from here on. */
  finish(): void {
    this.#parser.finish(this);
  }

  /** The answer, once it is whole. */
  take(): WireAnswer {
    return { status: this.#status, header: this.#header, body: this.#body.take() };
  }

  /** Lets go of the answer that was taken. */
  forget(): void {
    this.#target = undefined;
    this.#header = noField;
    this.#parser.forget();
  }

  head(head: ResponseHead): void {
    if (head.isInterim) {
      if (++this.#interimCount > MAX_INTERIM) this.#fail('protocol', 'it has no end of 1xx heads');
      return;
    }
    if (this.bad !== undefined) return;
    if (head.status === 101) {
      this.#fail('protocol', 'it changed protocols without being asked to');
      return;
    }
    const { text } = head;
    this.#status = head.status;
    this.#header = (name) => fieldValue(text, name);
    this.mayKeepConnection = head.keepAlive;
    this.#target?.onHead(head.status, this.#header);
    if (head.framing !== 'length') this.#body.start(0);
    else if (head.contentLength <= this.#maxBodyBytes) this.#body.start(head.contentLength);
    else this.#failTooLarge();
  }

  body(bytes: Bytes, from: number, to: number): void {
    if (this.bad !== undefined) return;
    if (this.#body.sizeBytes + to - from > this.#maxBodyBytes) this.#failTooLarge();
    // The parser was given a Buffer and passes on the same.
    else this.#body.add(bytes as Buffer, from, to);
  }

  end(): void {
    this.isWhole = this.bad === undefined;
  }

  refuse({ reason, message }: Refusal): void {
    if (reason !== 'truncated') this.#fail('protocol', message);
    else this.#fail('broken', 'the connection ended before the answer was whole');
  }

  #failTooLarge(): void {
    this.#fail('too-large', `the body is larger than ${this.#maxBodyBytes} bytes`);
  }

  #fail(kind: BadAnswer['kind'], message: string): void {
    this.bad ??= { kind, message };
  }
}

const noField = (): undefined => undefined;

/** More than answers ever arrive in pieces at once on a quiet origin; the rest is let go. */
const MAX_SPARE = 64;
const spare: AnswerReader[] = [];

/** A reader for one answer. */
export function takeReader(): AnswerReader {
  return spare.pop() ?? new AnswerReader();
}

/** Takes back a reader whose answer was whole; after a bad one it is of no use. */
export function giveBackReader(reader: AnswerReader): void {
  reader.forget();
  if (spare.length < MAX_SPARE) spare.push(reader);
}
