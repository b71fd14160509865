/**
 * One attempt with one upstream: sends the prepared request, passes the answer on as it comes,
 * with backpressure both ways, and says how it ended. It decides nothing about retries.
 */
import {
  type BodyFraming,
  type Bytes,
  chunkPrefix,
  type FieldLines,
  type Fields,
  lastChunk,
  type Refusal,
  type ResponseHead,
  writeRequestHead,
} from '@headgate/http1';
import type { AttemptListener, AttemptOrder } from './carrier.ts';
import type { Connections, ConnectionTaker } from './connections.ts';
import { type FailureKind, failure } from './errors.ts';
import type { Carried, UpstreamConnection } from './upstream-connection.ts';

/** A request as every attempt sends it; made once, never changed. */
export interface PreparedRequest {
  readonly id: string;
  /** The id as the answer is to carry it, and what else the edge says there. */
  readonly idLine: FieldLines;
  readonly method: string;
  /** Normalised path with query. */
  readonly target: string;
  /** Host, the end-to-end fields of the client and those of the edge. */
  readonly lines: FieldLines;
  /** The size of the body in bytes, in chunks, or none at all. */
  readonly framing: BodyFraming;
  readonly body: RequestBody | undefined;
}

/** The client's body, readable once. */
export interface RequestBody {
  /** True once it has been given to an attempt: from then on the request cannot be sent again. */
  readonly isStarted: boolean;
  /** Gives what has come and what will come to `taker`, which is told the end. */
  pourInto(taker: BodyTaker): void;
  /** Nobody takes it any more. */
  abandon(): void;
  pause(): void;
  resume(): void;
}

/** Where a client's body goes. */
export interface BodyTaker {
  upload(bytes: Buffer, from: number, to: number): void;
  uploadEnded(trailers: FieldLines | undefined): void;
  /** All that came in one read has been given. */
  uploadRead(): void;
}

/** Where an attempt's answer goes, whatever the client speaks. */
export interface Downstream {
  /** A 1xx before the answer. */
  interim(head: ResponseHead): void;
  /** The answer of `attempt`, to which `answerLines` are added. */
  head(head: ResponseHead, attempt: Attempt, answerLines: FieldLines): void;
  /** Part of the body. */
  answer(bytes: Buffer, from: number, to: number): void;
  end(trailers: FieldLines | undefined): void;
  /** Sends what was given; false when the client has to catch up: the attempt is told `caughtUp`. */
  flush(): boolean;
  /** Breaks the answer off so that nobody can take it for complete. */
  breakOff(): void;
}

export interface ExchangeTimeouts {
  readonly firstByteMs: number;
  readonly idleMs: number;
}

/** More interim answers than this are no hints. */
const MAX_INTERIM = 32;

/** One attempt; the client's side ends it early with `cancel`. */
export class Attempt implements Carried, ConnectionTaker, BodyTaker {
  isComplete = false;
  canReuse = false;
  readonly #order: AttemptOrder;
  readonly #request: PreparedRequest;
  readonly #connections: Connections;
  readonly #timeouts: ExchangeTimeouts;
  readonly #downstream: Downstream;
  readonly #listener: AttemptListener;
  #connection: UpstreamConnection | undefined;
  #status = 0;
  #interimCount = 0;
  #trailers: FieldLines | undefined;
  #isSent = false;
  #isClientBehind = false;
  #isSettled = false;

  constructor(order: AttemptOrder, downstream: Downstream, listener: AttemptListener) {
    this.#order = order;
    this.#request = order.request;
    this.#connections = order.upstream.connections;
    this.#timeouts = order.service.exchangeTimeouts;
    this.#downstream = downstream;
    this.#listener = listener;
  }

  start(): void {
    this.#connections.take(this);
  }

  /** Ends the attempt because its request is over: the client left, or its time is up. */
  cancel(kind: FailureKind, detail: string): void {
    this.#fail(kind, detail);
  }

  connected(connection: UpstreamConnection): void {
    const { method, target, framing, lines, body } = this.#request;
    this.#connection = connection;
    connection.carry(this, method);
    connection.outbox.addText(
      writeRequestHead(method, target, framing, lines, this.#order.requestLines),
    );
    if (body) {
      body.pourInto(this);
    } else {
      this.#isSent = true;
      connection.outbox.flush();
      connection.setDeadline(this.#timeouts.firstByteMs);
    }
  }

  notConnected(kind: 'connect-failed' | 'connect-timeout', error: Error | undefined): void {
    const code = (error as { code?: string } | undefined)?.code ?? error?.message;
    const detail =
      kind === 'connect-timeout'
        ? 'no upstream of this service accepted a connection in time'
        : `no upstream of this service could be connected to (${code})`;
    this.#fail(kind, detail);
  }

  upload(bytes: Buffer, from: number, to: number): void {
    const { outbox } = this.#connection as UpstreamConnection;
    if (this.#request.framing !== 'chunked') {
      outbox.addBytes(bytes, from, to);
      return;
    }
    outbox.addText(chunkPrefix(to - from));
    outbox.addBytes(bytes, from, to);
    outbox.addText('\r\n');
  }

  uploadEnded(trailers: FieldLines | undefined): void {
    const connection = this.#connection as UpstreamConnection;
    if (this.#request.framing === 'chunked') {
      connection.outbox.addText(trailers ? lastChunk(trailers) : lastChunk());
    }
    this.#isSent = true;
    const { firstByteMs, idleMs } = this.#timeouts;
    if (!this.#isClientBehind) connection.setDeadline(this.#status === 0 ? firstByteMs : idleMs);
  }

  uploadRead(): void {
    const connection = this.#connection as UpstreamConnection;
    if (connection.outbox.flush() || this.#isSent) return;
    this.#request.body?.pause();
    // An upstream that the edge does not read because of its client may well not read either.
    if (!this.#isClientBehind) connection.setDeadline(this.#timeouts.idleMs);
  }

  drained(): void {
    if (this.#isSent) return;
    // What is waited for now is the client.
    this.#connection?.clearDeadline();
    this.#request.body?.resume();
  }

  head(head: ResponseHead): void {
    if (this.#isSettled) return;
    if (head.isInterim) {
      this.#passOnInterim(head);
    } else if (head.status === 101) {
      this.#fail('upstream-invalid', 'the upstream changed protocols without being asked to');
    } else {
      this.#begin(head);
    }
  }

  #begin(head: ResponseHead): void {
    const { status } = head;
    if (!this.#listener.answered(status, head.fields)) {
      this.#fail('upstream-status', `the upstream answered ${status}`);
      return;
    }
    this.#status = status;
    this.canReuse = head.keepAlive;
    this.#downstream.head(head, this, this.#order.answerLines);
  }

  body(bytes: Bytes, from: number, to: number): void {
    // The parser was given a Buffer and passes on the same.
    if (!this.#isSettled) this.#downstream.answer(bytes as Buffer, from, to);
  }

  trailers(fields: Fields): void {
    this.#trailers = fields.endToEnd();
  }

  end(): void {
    if (this.#isSettled) return;
    this.isComplete = true;
    // An upstream that has answered before it had the whole upload cannot be sent another request.
    if (!this.#isSent) this.canReuse = false;
    this.#downstream.end(this.#trailers);
  }

  refuse(refusal: Refusal): void {
    if (refusal.reason === 'truncated') this.broken(undefined);
    else this.#failInvalid(refusal.message);
  }

  readEnded(): void {
    if (this.#isSettled || this.#status === 0) return;
    const connection = this.#connection as UpstreamConnection;
    if (!this.#downstream.flush()) {
      this.#isClientBehind = true;
      connection.pause();
      connection.clearDeadline();
    } else if (this.#isSent) {
      connection.setDeadline(this.#timeouts.idleMs);
    }
  }

  /** The client takes bytes again. */
  caughtUp(): void {
    if (!this.#isClientBehind || this.#isSettled) return;
    this.#isClientBehind = false;
    this.#connection?.resume();
    if (this.#isSent) this.#connection?.setDeadline(this.#timeouts.idleMs);
  }

  finished(): void {
    this.#connection = undefined;
    if (!this.#isSent) this.#request.body?.abandon();
    this.#downstream.flush();
    this.#isSettled = true;
    this.#listener.settled({ kind: 'answered', status: this.#status });
  }

  timedOut(): void {
    if (this.#status > 0) {
      this.#fail('idle-timeout', 'the upstream stopped sending in the middle of its answer');
    } else if (this.#isSent) {
      this.#fail('first-byte-timeout', 'the upstream did not begin to answer in time');
    } else {
      this.#fail('first-byte-timeout', 'the upstream stopped taking the request');
    }
  }

  broken(_error: Error | undefined): void {
    if (this.#status > 0) {
      this.#fail('truncated', 'the upstream closed the connection in the middle of its answer');
    } else {
      this.#fail('upstream-reset', 'the upstream closed the connection without an answer');
    }
  }

  #passOnInterim(head: ResponseHead): void {
    // The edge itself tells clients to go on, and asks upstreams for nothing.
    if (head.status === 100) return;
    if (++this.#interimCount > MAX_INTERIM) {
      this.#failInvalid('it has no end of 1xx heads');
      return;
    }
    this.#downstream.interim(head);
  }

  #failInvalid(reason: string): void {
    if (this.#status > 0) {
      this.#fail('truncated', `the upstream broke off its answer: ${reason}`);
    } else {
      this.#fail('upstream-invalid', `the upstream sent an answer that is not valid: ${reason}`);
    }
  }

  #fail(kind: FailureKind, detail: string): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    const connection = this.#connection;
    this.#connection = undefined;
    const isStale = connection?.isReused === true && !connection.hasAnswerBegun;
    if (connection) connection.destroy();
    else this.#connections.forget(this);
    if (isStale && kind === 'upstream-reset') this.#connections.dropIdle();
    const { body } = this.#request;
    if (body?.isStarted) body.abandon();
    if (this.#status > 0) this.#downstream.breakOff();
    this.#listener.settled({
      ...failure(kind, detail),
      hasResponseStarted: this.#status > 0,
      wasAnythingSent: connection !== undefined,
    });
  }
}
