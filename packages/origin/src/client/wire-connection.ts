// Owns one connection to an upstream: it is opened for a request, carries one request at a time,
// and belongs to nobody in between.
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { AnswerSink, TransportFailure, WireAnswer, WireRequest } from './transport.ts';
import { type AnswerReader, giveBackReader, takeReader } from './wire-answer-reader.ts';
import { writeRequest } from './wire-request.ts';

/** Every read is dealt with before the next one begins, so one buffer serves all connections. */
const readBuffer = Buffer.allocUnsafeSlow(65_536);

/** What the connections to one upstream have in common. */
export interface WirePlace {
  readonly host: string;
  readonly port: number;
  /** The Host field with its CRLF. */
  readonly hostLine: string;
  readonly connectTimeoutMs: number;
  readonly maxResponseBytes: number;
}

/** What a connection carries; it is told what becomes of it, exactly once. */
export interface Carried extends Pick<AnswerSink, 'onHead'> {
  readonly request: WireRequest;
  /** The request is being written. */
  sending(): void;
  answered(answer: WireAnswer): void;
  failed(kind: TransportFailure['kind'], message: string, isDeadOnReuse: boolean): void;
}

/** Who a connection belongs to. */
export interface ConnectionOwner {
  /** It may carry another request. */
  becameFree(connection: WireConnection): void;
  /** Its socket is closed. */
  closed(connection: WireConnection): void;
}

/** One socket, from `connect` to `close`. */
export class WireConnection {
  readonly openedMs: number;
  /** Since when it carries nothing; the owner's. */
  restingSinceMs = 0;
  readonly #owner: ConnectionOwner;
  readonly #place: WirePlace;
  readonly #socket: Socket;
  #connectTimer: NodeJS.Timeout | undefined;
  #carried: Carried | undefined;
  #reader: AnswerReader | undefined;
  #isReused = false;
  #failure = 'the connection was closed without an answer';

  /** Starts connecting. The name is looked up anew for each connection. */
  constructor(owner: ConnectionOwner, place: WirePlace, nowMs: number) {
    this.#owner = owner;
    this.#place = place;
    this.openedMs = nowMs;
    const { host, port, connectTimeoutMs } = place;
    const callback = (sizeBytes: number): boolean => {
      this.#read(sizeBytes);
      return true;
    };
    const onread = { buffer: readBuffer, callback };
    // What an end means is decided here: it may be the end of an answer.
    const options = { host, port, noDelay: true, allowHalfOpen: true, onread };
    this.#socket = connect(options as TcpNetConnectOpts);
    this.#connectTimer = setTimeout(() => {
      this.#fail('connect', `no connection within ${connectTimeoutMs} ms`);
    }, connectTimeoutMs);
    this.#socket
      .once('connect', () => this.#opened())
      .once('end', () => this.#ended())
      .on('error', (error) => {
        this.#failure = reasonOf(error);
      })
      .once('close', () => this.#closed());
  }

  /** False from the moment it is of no use, which is before it is closed. */
  get isOpen(): boolean {
    return !this.#socket.destroyed && !this.#socket.readableEnded;
  }

  /** Sends the request of `carried`, when connected, and reads the answer. */
  carry(carried: Carried): void {
    this.#carried = carried;
    if (this.#connectTimer === undefined) this.#send(carried);
  }

  /** From now on it does not keep the process running; `wake` undoes that. */
  rest(): void {
    this.#socket.unref();
  }

  wake(): void {
    this.#socket.ref();
  }

  /** Closes it; what it carries is not told. */
  destroy(): void {
    this.#carried = undefined;
    this.#socket.destroy();
  }

  /** Closes it; what it carries fails. */
  close(): void {
    this.#fail('broken', 'the connections were closed');
  }

  #opened(): void {
    clearTimeout(this.#connectTimer);
    this.#connectTimer = undefined;
    if (this.#carried) this.#send(this.#carried);
  }

  #send(carried: Carried): void {
    carried.sending();
    writeRequest(this.#socket, carried.request, this.#place.hostLine);
  }

  #read(sizeBytes: number): void {
    const carried = this.#carried;
    // Bytes that answer nothing: whatever they are, the next request must not get them.
    if (carried === undefined) {
      this.#socket.destroy();
      return;
    }
    const reader = this.#readerFor(carried);
    const at = reader.read(readBuffer, sizeBytes);
    this.#conclude(carried, reader, at === sizeBytes);
  }

  #ended(): void {
    const carried = this.#carried;
    if (carried !== undefined && this.#reader !== undefined) {
      this.#reader.finish();
      this.#conclude(carried, this.#reader, false);
    } else {
      this.#fail('broken', this.#failure);
    }
  }

  #readerFor(carried: Carried): AnswerReader {
    if (this.#reader !== undefined) return this.#reader;
    const reader = takeReader();
    reader.start(carried.request.method, this.#place.maxResponseBytes, carried);
    this.#reader = reader;
    return reader;
  }

  #conclude(carried: Carried, reader: AnswerReader, isClean: boolean): void {
    // Whoever was told of the head may have given the request up.
    if (this.#carried !== carried) return;
    if (reader.bad !== undefined) {
      this.#fail(reader.bad.kind, reader.bad.message);
    } else if (reader.isWhole) {
      const answer = reader.take();
      const mayKeep = isClean && reader.mayKeepConnection;
      giveBackReader(reader);
      this.#answered(carried, answer, mayKeep);
    }
  }

  #answered(carried: Carried, answer: WireAnswer, mayKeep: boolean): void {
    this.#carried = undefined;
    this.#reader = undefined;
    this.#isReused = true;
    // An upstream that answered before it took the whole body would read the rest as a request.
    if (mayKeep && this.#socket.writableLength === 0) this.#owner.becameFree(this);
    else this.#socket.destroy();
    carried.answered(answer);
  }

  #fail(kind: TransportFailure['kind'], message: string): void {
    const carried = this.#carried;
    const isDeadOnReuse = kind === 'broken' && this.#isReused && this.#reader === undefined;
    this.destroy();
    carried?.failed(kind, message, isDeadOnReuse);
  }

  #closed(): void {
    const wasOpening = this.#connectTimer !== undefined;
    clearTimeout(this.#connectTimer);
    this.#connectTimer = undefined;
    this.#owner.closed(this);
    this.#fail(wasOpening ? 'connect' : 'broken', this.#failure);
  }
}

function reasonOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return `the connection failed (${code ?? error.message})`;
}
