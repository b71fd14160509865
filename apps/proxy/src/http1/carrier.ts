/** One request on an HTTP/1.1 client connection: its attempts, and its answer as bytes. */
import {
  type BodyFraming,
  chunkPrefix,
  type FieldLines,
  fieldLine,
  lastChunk,
  type RequestHead,
  type ResponseHead,
  writeResponseHead,
} from '@headgate/http1';
import type {
  AnswerSource,
  AnswerWriter,
  AttemptListener,
  AttemptOrder,
  Cancellable,
  Carrier,
} from '../carrier.ts';
import type { ErrorPage, FailureKind } from '../errors.ts';
import { Attempt, type Downstream } from '../exchange.ts';
import type { Peer } from '../forwarded.ts';
import { endToEndResponseLines } from '../headers.ts';
import type { Outbox } from '../outbox.ts';
import { dateLine } from './date.ts';
import { pageText } from './page.ts';
import type { Upload } from './upload.ts';

/** The client connection as one request on it sees it. */
export interface AnswerSink {
  readonly peer: Peer;
  readonly outbox: Outbox;
  /** No further request is served here. */
  readonly isEnding: boolean;
  localAuthority(): string;
  /** Sends; false when the client has to catch up. */
  flush(): boolean;
  /** Cuts the connection; with a reset where a mere end could be taken for that of the answer. */
  breakOff(withReset: boolean): void;
  /** The answer is out, and the connection may or may not go on. */
  answered(mayContinue: boolean): void;
}

const NOTHING = '' as FieldLines;
const CLOSE = fieldLine('connection', 'close');
const KEEP_ALIVE = fieldLine('connection', 'keep-alive');

export class Http1Carrier implements Carrier, Downstream, AnswerWriter {
  readonly body: Upload | undefined;
  readonly extraLines = undefined;
  readonly canHedge = true;
  /** Nothing more happens for this request, but its body may still be coming. */
  isOver = false;
  readonly #sink: AnswerSink;
  readonly #isHead: boolean;
  readonly #isHttp10: boolean;
  #keepAlive: boolean;
  #life: Cancellable | undefined;
  /** Whose answer this is. */
  #answering: AnswerSource | undefined;
  #framing: BodyFraming = 'none';
  #endsWithConnection = false;
  #hasAnswerBegun = false;

  constructor(sink: AnswerSink, head: RequestHead, body: Upload | undefined) {
    this.body = body;
    this.#sink = sink;
    this.#isHead = head.method === 'HEAD';
    this.#isHttp10 = head.minorVersion === 0;
    // Behind CONNECT may come what its sender takes for the tunnel.
    this.#keepAlive = head.keepAlive && head.method !== 'CONNECT';
  }

  get writer(): AnswerWriter {
    return this;
  }

  get peer(): Peer {
    return this.#sink.peer;
  }

  localAuthority(): string {
    return this.#sink.localAuthority();
  }

  attend(life: Cancellable): void {
    this.#life = life;
  }

  attempt(order: AttemptOrder, listener: AttemptListener): Attempt {
    const attempt = new Attempt(order, this, listener);
    attempt.start();
    return attempt;
  }

  refuse(page: ErrorPage): void {
    // Two answers to one request would be the first half of an attack.
    if (this.#hasAnswerBegun) {
      this.breakOff();
      return;
    }
    // Whoever is told no in the middle of an upload should stop sending it.
    if (this.body && !this.body.isComplete) this.#keepAlive = false;
    this.#hasAnswerBegun = true;
    this.#sink.outbox.addText(pageText(page, this.#isHead, this.#connectionLine()));
    this.#sink.flush();
  }

  finished(): void {
    this.isOver = true;
    this.#life = undefined;
    this.#answering = undefined;
    this.#sink.answered(this.#keepAlive);
  }

  /** Ends the request: the client is gone, too slow, or sends what cannot be taken. */
  cancel(kind: FailureKind, detail: string): void {
    this.#life?.cancel(kind, detail);
  }

  /** The client takes bytes again. */
  caughtUp(): void {
    this.#answering?.caughtUp();
  }

  /** True once an answer other than a 1xx is on its way. */
  get hasAnswerBegun(): boolean {
    return this.#hasAnswerBegun;
  }

  interim(head: ResponseHead): void {
    if (this.#isHttp10) return;
    const lines = endToEndResponseLines(head.fields);
    this.#sink.outbox.addText(writeResponseHead(head.status, head.reason, 'none', lines));
    this.#sink.flush();
  }

  head(head: ResponseHead, attempt: Attempt, answerLines: FieldLines): void {
    this.#hasAnswerBegun = true;
    this.#answering = attempt;
    this.#framing = this.#framingFor(head);
    const text = writeResponseHead(
      head.status,
      head.reason,
      this.#framing,
      endToEndResponseLines(head.fields),
      head.fields.find('date') < 0 ? dateLine() : NOTHING,
      answerLines,
      this.#connectionLine(),
    );
    this.#sink.outbox.addText(text);
  }

  begin(
    status: number,
    reason: string,
    framing: BodyFraming,
    lines: FieldLines,
    source: AnswerSource | undefined,
  ): void {
    this.#hasAnswerBegun = true;
    this.#answering = source;
    this.#framing = framing === 'chunked' ? this.#framingOfUnknown() : framing;
    const connection = this.#connectionLine();
    const text = writeResponseHead(status, reason, this.#framing, lines, connection);
    this.#sink.outbox.addText(text);
  }

  whole(head: string, endOfHead: string, body: string | Buffer): void {
    const { outbox } = this.#sink;
    this.#hasAnswerBegun = true;
    const text = head + this.#connectionLine() + endOfHead;
    if (this.#isHead) {
      outbox.addText(text);
    } else if (typeof body === 'string') {
      outbox.addText(text + body);
    } else {
      outbox.addText(text);
      outbox.addBytes(body, 0, body.length);
    }
  }

  answer(bytes: Buffer, from: number, to: number): void {
    const { outbox } = this.#sink;
    if (this.#framing !== 'chunked') {
      outbox.addBytes(bytes, from, to);
      return;
    }
    outbox.addText(chunkPrefix(to - from));
    outbox.addBytes(bytes, from, to);
    outbox.addText('\r\n');
  }

  end(trailers: FieldLines | undefined): void {
    if (this.#framing !== 'chunked') return;
    this.#sink.outbox.addText(trailers ? lastChunk(trailers) : lastChunk());
  }

  flush(): boolean {
    return this.#sink.flush();
  }

  breakOff(): void {
    this.#keepAlive = false;
    this.#sink.breakOff(this.#endsWithConnection);
  }

  #framingFor(head: ResponseHead): BodyFraming {
    const { framing, contentLength, status } = head;
    if (framing === 'length') return contentLength;
    // What HEAD and 304 say about a body that is not there.
    if (framing === 'none') return contentLength >= 0 && status !== 204 ? contentLength : 'none';
    return this.#framingOfUnknown();
  }

  #framingOfUnknown(): 'chunked' | 'none' {
    if (!this.#isHttp10) return 'chunked';
    this.#endsWithConnection = true;
    this.#keepAlive = false;
    return 'none';
  }

  #connectionLine(): FieldLines {
    if (this.#sink.isEnding) this.#keepAlive = false;
    return this.#keepAlive ? KEEP_ALIVE : CLOSE;
  }
}
