/** One connection of a load test, which carries one request at a time. */
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { type ResponseHead, ResponseParser, type ResponseSink } from '@headgate/http1';
import { type FailureKind, kindOfError } from '../failure.ts';
import type { FlowOwner } from '../flows/running-flow.ts';
import type { SeriesId } from '../recorder.ts';
import { SlowSender, slowReadBytes } from './slow-sender.ts';
import type { Source } from './source-ports.ts';

/** A request to send, and whom to tell how it went. */
export interface Job {
  readonly series: SeriesId;
  /** Head and body, a character for each byte. */
  readonly text: string;
  readonly method: string;
  readonly owner: FlowOwner;
  isExpected(status: number): boolean;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly source: Source | undefined;
  readonly slowBytesPerS: number | undefined;
}

/** Who a connection belongs to. */
export interface ConnectionOwner {
  readonly now: () => number;
  opened(connection: PlainConnection): void;
  received(sizeBytes: number): void;
  /** The answer is complete; the connection may be used again unless it `isClosed`. */
  answered(connection: PlainConnection, job: Job, status: number): void;
  /** The request failed, and the connection is gone; the system may have said why. */
  failed(connection: PlainConnection, job: Job, kind: FailureKind, error?: SocketError): void;
  /** It is gone, whatever it did. */
  closed(connection: PlainConnection): void;
}

/** What Node says of a socket that failed. */
export interface SocketError {
  readonly code?: string;
}

/** Every read is dealt with before the next begins, so all connections read into one buffer. */
const sharedBuffer = Buffer.allocUnsafeSlow(131_072);

export class PlainConnection implements ResponseSink {
  readonly openedMs: number;
  /** Of the request it carries; NaN until it was sent, or answered with a first byte. */
  intendedMs = 0;
  sentMs = Number.NaN;
  firstByteMs = Number.NaN;
  deadlineMs = Number.POSITIVE_INFINITY;
  /** It has carried a request before. */
  isReused = false;
  isOpen = false;
  isClosed = false;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #slow: SlowSender | undefined;
  /** Made when the first answer comes: connections that only wait for one are many. */
  #parser: ResponseParser | undefined;
  #job: Job | undefined;
  #status = 0;
  #isComplete = false;
  #canReuse = false;
  #isMalformed = false;
  #error: SocketError | undefined;

  constructor(owner: ConnectionOwner, endpoint: Endpoint) {
    this.#owner = owner;
    this.openedMs = owner.now();
    const { slowBytesPerS } = endpoint;
    const buffer =
      slowBytesPerS === undefined ? sharedBuffer : Buffer.alloc(slowReadBytes(slowBytesPerS));
    const callback = (sizeBytes: number): boolean => this.#read(buffer, sizeBytes);
    const socket = connect({
      host: endpoint.host,
      port: endpoint.port,
      noDelay: true,
      onread: { buffer, callback },
      ...endpoint.source,
    } as TcpNetConnectOpts);
    this.#socket = socket;
    this.#slow = slowBytesPerS === undefined ? undefined : new SlowSender(socket, slowBytesPerS);
    socket.once('connect', () => {
      this.isOpen = true;
      owner.opened(this);
    });
    socket.on('end', () => this.#ended());
    socket.on('error', (error) => {
      this.#error = error as SocketError;
    });
    socket.once('close', () => this.#closed());
  }

  get job(): Job | undefined {
    return this.#job;
  }

  /** Carries `job`; it is sent at once, or as soon as the connection is open. */
  carry(job: Job, intendedMs: number, deadlineMs: number): void {
    this.#job = job;
    this.intendedMs = intendedMs;
    this.deadlineMs = deadlineMs;
    this.sentMs = Number.NaN;
    this.firstByteMs = Number.NaN;
  }

  send(nowMs: number): void {
    const job = this.#job as Job;
    this.#isComplete = false;
    this.sentMs = nowMs;
    this.#parser?.expect(job.method);
    if (this.#slow) this.#slow.send(job.text);
    else this.#socket.write(job.text, 'latin1');
  }

  /** Gives up what it carries, which is not reported, and closes. */
  abandon(): Job | undefined {
    const job = this.#job;
    this.#job = undefined;
    this.destroy();
    return job;
  }

  destroy(): void {
    this.#slow?.stop();
    this.isClosed = true;
    this.#socket.destroy();
  }

  head(head: ResponseHead): void {
    this.#status = head.status;
    this.#canReuse = head.keepAlive;
  }

  body(): void {}

  end(): void {
    this.#isComplete = true;
  }

  refuse(): void {
    this.#isMalformed = true;
  }

  #read(buffer: Buffer, sizeBytes: number): boolean {
    this.#owner.received(sizeBytes);
    const job = this.#job;
    if (!job) {
      // Bytes that answer nothing.
      this.destroy();
      return false;
    }
    if (Number.isNaN(this.firstByteMs)) this.firstByteMs = this.#owner.now();
    const at = this.#startParser(job).execute(buffer, 0, sizeBytes, this);
    if (this.#isMalformed) {
      this.#fail('protocol');
      return false;
    }
    if (this.#isComplete) {
      if (!this.#canReuse || at < sizeBytes) this.destroy();
      this.#answered();
    } else if (this.#slow) {
      this.#slow.pauseAfter(sizeBytes);
    }
    return !this.isClosed;
  }

  #startParser(job: Job): ResponseParser {
    if (this.#parser) return this.#parser;
    this.#parser = new ResponseParser();
    this.#parser.expect(job.method);
    return this.#parser;
  }

  #answered(): void {
    const job = this.#job as Job;
    this.#job = undefined;
    this.isReused = true;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.#owner.answered(this, job, this.#status);
  }

  #ended(): void {
    if (this.#job) this.#parser?.finish(this);
    // Before the owner is told, who may begin another request at once.
    this.destroy();
    // A body that lasts until the connection's end is complete now; any other was cut short.
    if (this.#job && this.#isComplete) this.#answered();
  }

  #fail(kind: FailureKind): void {
    const job = this.abandon();
    if (job) this.#owner.failed(this, job, kind, this.#error);
  }

  #closed(): void {
    this.isClosed = true;
    this.#slow?.stop();
    this.#fail(kindOfError(this.#error));
    this.#owner.closed(this);
  }
}
