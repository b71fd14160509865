/** What the nine stages know of the client's side, whatever protocol it speaks. */
import type { BodyFraming, FieldLines, Fields, RequestHead, ResponseHead } from '@headgate/http1';
import type { ErrorPage, FailureKind, Outcome } from './errors.ts';
import type { PreparedRequest, RequestBody } from './exchange.ts';
import type { Peer } from './forwarded.ts';
import type { ServiceRuntime, UpstreamRuntime } from './snapshot.ts';

/** What the stages look at; valid until `Carrier.finished`. */
export type IncomingHead = Pick<
  RequestHead,
  'method' | 'target' | 'authority' | 'fields' | 'framing' | 'contentLength'
>;

/** One attempt as the stages order it. */
export interface AttemptOrder {
  readonly request: PreparedRequest;
  readonly upstream: UpstreamRuntime;
  readonly service: ServiceRuntime;
  /** Fields of this attempt only, on the way up. */
  readonly requestLines: FieldLines;
  /** Fields the edge adds to the answer. */
  readonly answerLines: FieldLines;
}

/** Who an attempt tells what becomes of it. */
export interface AttemptListener {
  /**
   * The head of an answer has come, with these fields. False when nobody wants the answer: the
   * attempt then ends as `upstream-status`.
   */
  answered(status: number, fields: Fields | undefined): boolean;
  /** Called exactly once, possibly before the attempt has been returned. */
  settled(outcome: Outcome): void;
}

/** Who writes an answer, and is told when the client takes bytes again. */
export interface AnswerSource {
  caughtUp(): void;
}

/** Where an answer goes that is no upstream's alone: one the edge has kept, or shares out. */
export interface AnswerWriter {
  /** A 1xx before the answer. */
  interim(head: ResponseHead): void;
  /** `framing` counts the bytes of the body the answer has, or would have to another method. */
  begin(
    status: number,
    reason: string,
    framing: BodyFraming,
    lines: FieldLines,
    source: AnswerSource | undefined,
  ): void;
  /**
   * A whole answer at once: `head` without the fields about the connection and its last lines,
   * which are `endOfHead`. No body goes to a HEAD.
   */
  whole(head: string, endOfHead: string, body: string | Buffer): void;
  answer(bytes: Buffer, from: number, to: number): void;
  end(trailers: FieldLines | undefined): void;
  /** Sends what was given; false when the client has to catch up: the source is told. */
  flush(): boolean;
  /** Breaks the answer off so that nobody can take it for complete. */
  breakOff(): void;
}

/** How attempts and error pages travel for one kind of downstream exchange. */
export interface Carrier {
  readonly peer: Peer;
  /** The client's body; undefined when the request has none. */
  readonly body: RequestBody | undefined;
  /** Fields only this kind of exchange sends upstream (an upgrade's own handshake). */
  readonly extraLines: FieldLines | undefined;
  /** Undefined where only upstreams answer. */
  readonly writer: AnswerWriter | undefined;
  /** Two attempts may be under way at once, of which only the first answer is taken. */
  readonly canHedge: boolean;
  /** The address the request came in on, for requests that name no host. */
  localAuthority(): string;
  /** `life` is what ends when the client leaves; told once, before any attempt. */
  attend(life: Cancellable): void;
  attempt(order: AttemptOrder, listener: AttemptListener): Cancellable;
  refuse(page: ErrorPage): void;
  /** The request is over: answered, refused or broken off. */
  finished(): void;
}

/** Something under way: a request or one of its attempts. */
export interface Cancellable {
  /** Ends it, if it has not ended yet, with this outcome. */
  cancel(kind: FailureKind, detail: string): void;
}
