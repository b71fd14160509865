/** The requests of one client connection. */
import { BodyReader } from './body-reader.ts';
import type { Bytes } from './bytes.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { Refusal } from './refusal.ts';
import { type RequestHead, RequestHeadReader } from './request-head.ts';
import { SectionReader } from './section-reader.ts';
import type { BodySink } from './sink.ts';

/** Where requests are reported to. */
export interface RequestSink extends BodySink {
  /** A request has begun; `head` is valid until the next one does. */
  head(head: RequestHead): void;
}

/** Parses requests in whatever pieces they arrive; keeps nothing of the caller's bytes. */
export class RequestParser {
  readonly #head: RequestHeadReader;
  readonly #section: SectionReader;
  readonly #body: BodyReader;
  #phase: 'head' | 'body' | 'refused' = 'head';

  constructor(limits: Limits = DEFAULT_LIMITS) {
    this.#head = new RequestHeadReader(limits.targetLength);
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

  /** No request is being read. False once one is refused. */
  get isIdle(): boolean {
    return this.#phase === 'head' && (this.#section.isDone || !this.#head.line.hasBegun);
  }

  /**
   * Parses `bytes` from `start` to `end`, but not beyond the end of one request, and returns how
   * far it came: whether and when to go on with the next one is the caller's decision. After a
   * refusal it takes in everything and reports nothing.
   */
  execute(bytes: Bytes, start: number, end: number, sink: RequestSink): number {
    try {
      return this.#parse(bytes, start, end, sink);
    } catch (error) {
      return this.#refused(error, end, sink);
    }
  }

  /** The client will send no more; a request that is not complete is refused. */
  finish(sink: RequestSink): void {
    if (this.#phase === 'refused' || this.isIdle) return;
    this.#refused(new Refusal('truncated'), 0, sink);
  }

  /** Lets go of all it has read, for connections that stay open and idle. */
  forget(): void {
    if (this.isIdle) this.#section.reset();
  }

  #parse(bytes: Bytes, start: number, end: number, sink: RequestSink): number {
    let at = start;
    if (this.#phase === 'refused' || at >= end) return end;
    if (this.#phase === 'head') {
      if (this.#section.isDone) this.#section.reset();
      at = this.#section.read(bytes, at, end);
      if (!this.#section.isDone) return at;
      this.#head.complete();
      this.#body.start(this.#head.framing, this.#head.contentLength);
      this.#phase = 'body';
      sink.head(this.#head);
    }
    at = this.#body.read(bytes, at, end, sink);
    if (this.#body.isDone) {
      this.#phase = 'head';
      sink.end();
    }
    return at;
  }

  #refused(error: unknown, end: number, sink: RequestSink): number {
    if (!(error instanceof Refusal)) throw error;
    this.#phase = 'refused';
    sink.refuse(error);
    return end;
  }
}
