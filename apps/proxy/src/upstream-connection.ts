/**
 * One connection to an upstream, which carries attempts: one at a time, many one after the other.
 */
import type { Socket } from 'node:net';
import type { ResponseParser, ResponseSink } from '@headgate/http1';
import type { Endpoint } from './address.ts';
import { Outbox } from './outbox.ts';
import type { ParserPool } from './parser-pool.ts';
import { openSocket } from './socket-reading.ts';
import { Deadline, type TimerWheel } from './timer-wheel.ts';

/** What a connection carries; it is told what becomes of it. */
export interface Carried extends ResponseSink {
  /** The answer is complete, and so is the request. */
  readonly isComplete: boolean;
  /** The answer allows another request on this connection. */
  readonly canReuse: boolean;
  /** All that came in one read has been reported. */
  readEnded(): void;
  /** The upstream takes bytes again. */
  drained(): void;
  /** A deadline set on the connection has passed. */
  timedOut(): void;
  /** The connection is gone; when it said why, `error`. */
  broken(error: Error | undefined): void;
  /** The answer is complete and the connection given back. */
  finished(): void;
}

/** Who a connection belongs to. */
export interface ConnectionOwner {
  readonly timers: TimerWheel;
  opened(connection: UpstreamConnection): void;
  openingFailed(connection: UpstreamConnection, error: Error | undefined): void;
  /** It may carry another attempt. */
  becameFree(connection: UpstreamConnection): void;
  closed(connection: UpstreamConnection): void;
}

export interface UpstreamConnectionOptions {
  readonly endpoint: Endpoint;
  readonly tls: { readonly servername: string | undefined } | undefined;
  readonly parsers: ParserPool<ResponseParser>;
  readonly connectTimeoutMs: number;
}

/** Opening it took longer than allowed. */
export class ConnectTimeout extends Error {}

export class UpstreamConnection {
  readonly outbox: Outbox;
  readonly openedMs: number;
  /** It has carried an attempt before. */
  isReused = false;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #parsers: ParserPool<ResponseParser>;
  readonly #deadline: Deadline;
  /** From the first byte of an answer to its last. */
  #parser: ResponseParser | undefined;
  #method = '';
  #phase: 'opening' | 'open' | 'closed' = 'opening';
  #carried: Carried | undefined;
  #error: Error | undefined;

  constructor(owner: ConnectionOwner, options: UpstreamConnectionOptions, nowMs: number) {
    this.#owner = owner;
    this.openedMs = nowMs;
    this.#parsers = options.parsers;
    this.#deadline = new Deadline(() => this.#due());
    owner.timers.set(this.#deadline, options.connectTimeoutMs);
    const socket = openSocket(options.endpoint, options.tls, (bytes, sizeBytes) =>
      this.#read(bytes, sizeBytes),
    );
    this.#socket = socket;
    this.outbox = new Outbox(socket);
    socket.once(options.tls ? 'secureConnect' : 'connect', () => this.#opened());
    socket.on('drain', () => this.#carried?.drained());
    socket.on('end', () => this.#ended());
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.once('close', () => this.#closed());
  }

  /** Sends and receives for `carried` from now on. */
  carry(carried: Carried, method: string): void {
    this.#carried = carried;
    this.#owner.timers.clear(this.#deadline);
    this.#method = method;
  }

  get isOpen(): boolean {
    return this.#phase === 'open' && !this.#socket.destroyed;
  }

  /** A byte of the answer has arrived. */
  get hasAnswerBegun(): boolean {
    return this.#parser?.hasBegun === true;
  }

  /** Has `carried` told when this much time has passed; replaces an earlier one. */
  setDeadline(delayMs: number): void {
    this.#owner.timers.set(this.#deadline, delayMs);
  }

  clearDeadline(): void {
    this.#owner.timers.clear(this.#deadline);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Closes it, whatever it carries, which is not told. */
  destroy(): void {
    this.#carried = undefined;
    this.#socket.destroy();
  }

  /** Waits for another attempt, at most this long. */
  rest(keepAliveMs: number): void {
    this.#owner.timers.set(this.#deadline, keepAliveMs);
  }

  #opened(): void {
    if (this.#phase !== 'opening') return;
    this.#phase = 'open';
    this.#owner.timers.clear(this.#deadline);
    this.#owner.opened(this);
  }

  #read(bytes: Buffer, sizeBytes: number): void {
    const carried = this.#carried;
    // Bytes that answer nothing; whatever they are, nobody may get them.
    if (!carried) {
      this.destroy();
      return;
    }
    const at = this.#startParser().execute(bytes, 0, sizeBytes, carried);
    if (this.#carried !== carried) return;
    if (carried.isComplete) this.#answered(carried, at === sizeBytes);
    else carried.readEnded();
  }

  #startParser(): ResponseParser {
    if (this.#parser) return this.#parser;
    const parser = this.#parsers.take();
    parser.expect(this.#method);
    this.#parser = parser;
    return parser;
  }

  #answered(carried: Carried, isClean: boolean): void {
    this.#carried = undefined;
    if (this.#parser) this.#parsers.giveBack(this.#parser);
    this.#parser = undefined;
    this.isReused = true;
    if (isClean && carried.canReuse && this.#phase === 'open') this.#owner.becameFree(this);
    else this.#socket.destroy();
    carried.finished();
  }

  #ended(): void {
    const carried = this.#carried;
    if (carried) {
      this.#startParser().finish(carried);
      if (this.#carried === carried && carried.isComplete) this.#answered(carried, false);
    }
    this.#socket.destroy();
  }

  #due(): void {
    if (this.#phase === 'opening') {
      this.#error = new ConnectTimeout();
      this.#socket.destroy();
    } else if (this.#carried) {
      this.#carried.timedOut();
    } else {
      this.#socket.destroy();
    }
  }

  #closed(): void {
    const wasOpening = this.#phase === 'opening';
    this.#phase = 'closed';
    this.#owner.timers.remove(this.#deadline);
    const carried = this.#carried;
    this.#carried = undefined;
    if (wasOpening) this.#owner.openingFailed(this, this.#error);
    else this.#owner.closed(this);
    carried?.broken(this.#error);
  }
}
