/** The responses of one upstream connection. */
import { BodyReader } from './body-reader.ts';
import type { Bytes } from './bytes.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { Refusal, refuse } from './refusal.ts';
import { type AnsweredMethod, type ResponseHead, ResponseHeadReader } from './response-head.ts';
import { SectionReader } from './section-reader.ts';
import type { BodySink } from './sink.ts';

/** What to answer a client when its response is refused. */
const BAD_GATEWAY = 502;

/** Where responses are reported to. */
export interface ResponseSink extends BodySink {
  /** A response, or an interim one that gets no `end`, has begun; valid until the next `expect`. */
  head(head: ResponseHead): void;
}

/** Parses responses in whatever pieces they arrive; keeps nothing of the caller's bytes. */
export class ResponseParser {
  readonly #head = new ResponseHeadReader();
  readonly #section: SectionReader;
  readonly #body: BodyReader;
  #phase: 'unexpected' | 'head' | 'body' | 'refused' = 'unexpected';
  #method: AnsweredMethod = 'other';
  #hasBegun = false;

  constructor(limits: Limits = DEFAULT_LIMITS) {
    this.#section = new SectionReader(
      this.#head.fields,
      {
        sizeBytes: limits.headSizeBytes,
        fieldCount: limits.headerCount,
        tooLarge: 'head-too-large',
      },
      this.#head.line,
    );
    this.#body = new BodyReader(limits);
  }

  /** No response is expected or being read. False once one is refused. */
  get isIdle(): boolean {
    return this.#phase === 'unexpected';
  }

  /** Bytes of the expected response have arrived, if only of an interim one. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /**
   * The next response answers a request with this method. To be called once for each response,
   * before its bytes come: bytes that answer nothing are refused.
   */
  expect(method: string): void {
    if (this.#phase === 'refused') return;
    this.#method = method === 'HEAD' || method === 'CONNECT' ? method : 'other';
    this.#phase = 'head';
    this.#hasBegun = false;
    this.#section.reset();
  }

  /**
   * Parses `bytes` from `start` to `end`, but not beyond the end of the expected response, and
   * returns how far it came. After 101, or a 2xx to CONNECT, what remains is not HTTP. After a
   * refusal it takes in everything and reports nothing.
   */
  execute(bytes: Bytes, start: number, end: number, sink: ResponseSink): number {
    try {
      return this.#parse(bytes, start, end, sink);
    } catch (error) {
      return this.#refused(error, end, sink);
    }
  }

  /** The upstream will send no more: ends a body that lasts until then, refuses any other. */
  finish(sink: ResponseSink): void {
    if (this.#phase === 'refused' || this.#phase === 'unexpected') return;
    if (this.#phase === 'body' && this.#body.endsWithConnection) this.#end(sink);
    else this.#refused(new Refusal('truncated'), 0, sink);
  }

  /** Lets go of the last head's text, for connections that stay open and idle. */
  forget(): void {
    if (this.isIdle) this.#section.reset();
  }

  #parse(bytes: Bytes, start: number, end: number, sink: ResponseSink): number {
    let at = start;
    if (this.#phase === 'refused' || at >= end) return end;
    if (this.#phase === 'unexpected') refuse('unsolicited-response');
    this.#hasBegun = true;
    while (this.#phase === 'head') {
      at = this.#section.read(bytes, at, end);
      if (!this.#section.isDone) return at;
      this.#head.complete(this.#method);
      if (!this.#head.isInterim) {
        this.#body.start(this.#head.framing, this.#head.contentLength);
        this.#phase = 'body';
      }
      sink.head(this.#head);
      if (this.#head.isInterim) this.#section.reset();
    }
    at = this.#body.read(bytes, at, end, sink);
    if (this.#body.isDone) this.#end(sink);
    return at;
  }

  #end(sink: ResponseSink): void {
    this.#phase = 'unexpected';
    sink.end();
  }

  #refused(error: unknown, end: number, sink: ResponseSink): number {
    if (!(error instanceof Refusal)) throw error;
    this.#phase = 'refused';
    sink.refuse(new Refusal(error.reason, BAD_GATEWAY));
    return end;
  }
}
