/**
 * One client connection speaking HTTP/1.1: requests come in, one at a time is served, and what
 * the client has sent ahead waits for its turn. Ends with the last answer, a deadline or a drain.
 */
import type { Socket } from 'node:net';
import {
  type Bytes,
  type FieldLines,
  type Fields,
  fieldLine,
  type Refusal,
  type RequestHead,
  type RequestParser,
  type RequestSink,
} from '@headgate/http1';
import type { SocketHandle } from '@headgate/supervisor';
import { type ErrorPage, type Failure, type FailureKind, failure } from '../errors.ts';
import type { Peer } from '../forwarded.ts';
import { bodyTooLarge } from '../guard.ts';
import type { DrainOptions } from '../listen.ts';
import { Outbox } from '../outbox.ts';
import { type Reading, readFrom, takeHandle } from '../socket-reading.ts';
import { Deadline, type TimerWheel } from '../timer-wheel.ts';
import { type AnswerSink, Http1Carrier } from './carrier.ts';
import type { ClientSettings } from './client-settings.ts';
import { pageText } from './page.ts';
import { ReadAhead } from './read-ahead.ts';
import { isWebSocketUpgrade, kindOfRefusal } from './request-facts.ts';
import { Upload, type UploadSource } from './upload.ts';

/** What a connection needs of the edge around it. */
export interface ClientHost {
  readonly timers: TimerWheel;
  readonly now: () => number;
  /** Serves a request; `head` is valid until the carrier is told `finished`. */
  serve(head: RequestHead, carrier: Http1Carrier): void;
  /** Serves an upgrade: `socket`, and all that comes on it from `rest` on, is the tunnel's now. */
  tunnel(head: RequestHead, peer: Peer, socket: Socket, rest: Buffer): void;
  /** The page for bytes that never became a request. */
  pageFor(problem: Failure): ErrorPage;
  /**
   * The connection has nothing to do after an answer, or in a drain: the moment to `detach` it, if
   * another worker is to have it.
   */
  rested?(connection: ClientConnection): void;
  /** It has closed, or was detached. */
  closed(connection: ClientConnection): void;
}

/** What a client still sends after the last answer is read and thrown away this long. */
const LINGER_MS = 1_000;
/** As long again, and more, for one that was answered in the middle of its upload. */
const UPLOAD_LINGER_MS = 5_000;
/** Idle connections stay open this long in a drain: a request may already be on its way. */
const DRAIN_LINGER_MS = 1_000;

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const CLOSE = fieldLine('connection', 'close');

export class ClientConnection implements RequestSink, AnswerSink, UploadSource {
  readonly peer: Peer;
  readonly outbox: Outbox;
  readonly now: () => number;
  /** Has carried a request, here or in the worker it comes from. */
  isReused: boolean;
  isReading = false;
  isEnding = false;
  readonly #socket: Socket;
  readonly #reading: Reading;
  readonly #host: ClientHost;
  readonly #settings: ClientSettings;
  readonly #deadline: Deadline;
  /** From the first byte of a request until it is over. */
  #parser: RequestParser | undefined;
  #phase: 'open' | 'closing' | 'tunnel' | 'closed' = 'open';
  /** The request being served, or answered while its body is still coming. */
  #carrier: Http1Carrier | undefined;
  #trailers: FieldLines | undefined;
  #ahead: ReadAhead | undefined;
  /** Of an upgrade, between its last byte and the start of the tunnel. */
  #tunnelHead: RequestHead | undefined;
  #isHeadTimed = true;
  #isClientBehind = false;
  /** Idle, but the last answer has not been taken. */
  #isStalled = false;
  /** Moves to another worker as soon as it is at rest. */
  #isLeaving = false;

  /** `isReused` when another worker has served requests on it. */
  constructor(
    accepted: Socket,
    peer: Peer,
    settings: ClientSettings,
    host: ClientHost,
    isReused = false,
  ) {
    this.peer = peer;
    this.isReused = isReused;
    this.now = host.now;
    this.#host = host;
    this.#settings = settings;
    this.#deadline = new Deadline(() => this.#due());
    this.#reading = readFrom(accepted, (bytes, sizeBytes) => this.#read(bytes, sizeBytes));
    const { socket } = this.#reading;
    this.#socket = socket;
    this.outbox = new Outbox(socket);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    // A broken socket also closes, and that is where it is dealt with.
    socket.on('error', () => {});
    socket.once('close', this.#onClose);
    this.#isHeadTimed = !isReused;
    host.timers.set(this.#deadline, isReused ? settings.keepAliveMs : settings.headTimeoutMs);
  }

  /**
   * Serves what is under way, and a request that may be coming in just now, and no more; or, where
   * it may be handed over, goes on until it is at rest and its host detaches it.
   */
  drain({ mayHandOver }: DrainOptions = { mayHandOver: false }): void {
    if (mayHandOver && this.#host.rested) {
      this.#isLeaving = true;
      this.#leave();
      return;
    }
    this.isEnding = true;
    if (this.#phase !== 'open' || this.#carrier) return;
    if (this.#isIdle()) this.#host.timers.set(this.#deadline, DRAIN_LINGER_MS);
  }

  offer(): void {
    if (this.#isAtRest()) this.#host.rested?.(this);
  }

  /**
   * Gives the connection away, for another worker to go on with; it is over here, and its host is
   * told so. Undefined, and nothing has changed, while it is not at rest: a request has begun to
   * arrive or is being served, or the client has yet to take the end of its answer.
   */
  detach(): SocketHandle | undefined {
    if (!this.#isAtRest()) return undefined;
    this.outbox.flushNow();
    if (this.#socket.writableLength > 0) return undefined;
    const handle = takeHandle(this.#socket);
    if (!handle) return undefined;
    this.#socket.off('close', this.#onClose);
    this.#socket.destroy();
    this.#onClose();
    return handle;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  localAuthority(): string {
    const { localAddress, localPort } = this.#socket;
    if (localAddress === undefined || localPort === undefined) return 'localhost';
    const host = localAddress.startsWith('::ffff:') ? localAddress.slice(7) : localAddress;
    return host.includes(':') ? `[${host}]:${localPort}` : `${host}:${localPort}`;
  }

  head(head: RequestHead): void {
    this.#host.timers.clear(this.#deadline);
    this.#isHeadTimed = false;
    this.isReused = true;
    if (isWebSocketUpgrade(head)) {
      this.#tunnelHead = head;
      return;
    }
    this.#trailers = undefined;
    const carrier = new Http1Carrier(this, head, this.#uploadOf(head));
    this.#carrier = carrier;
    this.#host.serve(head, carrier);
  }

  body(bytes: Bytes, from: number, to: number): void {
    const carrier = this.#carrier;
    // The parser was given a Buffer and passes on the same.
    if (!carrier?.body || carrier.body.take(bytes as Buffer, from, to) || carrier.isOver) return;
    const problem = bodyTooLarge(this.#settings.upload.maxSizeBytes);
    this.#giveUp(carrier, problem.kind, problem.detail);
  }

  trailers(fields: Fields): void {
    this.#trailers = fields.endToEnd();
  }

  end(): void {
    this.#carrier?.body?.end(this.#trailers);
  }

  refuse(refusal: Refusal): void {
    const problem = failure(kindOfRefusal(refusal), `the request is not taken: ${refusal.message}`);
    const carrier = this.#carrier;
    this.isEnding = true;
    if (carrier) {
      if (carrier.isOver) this.destroy();
      else this.#giveUp(carrier, problem.kind, problem.detail);
      return;
    }
    this.#refuse(problem);
  }

  flush(): boolean {
    if (this.outbox.flush()) return true;
    this.#isClientBehind = true;
    this.#host.timers.set(this.#deadline, this.#settings.stallMs);
    return false;
  }

  breakOff(withReset: boolean): void {
    this.outbox.flushNow();
    this.#phase = 'closing';
    if (withReset && this.#socket.remoteAddress !== undefined) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  answered(mayContinue: boolean): void {
    if (this.#phase !== 'open') return;
    const body = this.#carrier?.body;
    const isRequestComplete = !body || body.isComplete;
    if (!isRequestComplete) body?.abandon();
    if (!mayContinue || this.isEnding) this.#closeGently(isRequestComplete, UPLOAD_LINGER_MS);
    else if (!isRequestComplete) this.#allow(UPLOAD_LINGER_MS);
    else if (!this.isReading) this.#goOn();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  awaitUpload(timeoutMs: number): void {
    if (!this.#isClientBehind) this.#host.timers.set(this.#deadline, timeoutMs);
  }

  stopAwaiting(): void {
    if (!this.#isClientBehind) this.#host.timers.clear(this.#deadline);
  }

  sendContinue(): void {
    if (this.#carrier?.hasAnswerBegun) return;
    this.outbox.addText(CONTINUE);
    this.flush();
  }

  #read(bytes: Buffer, sizeBytes: number): void {
    if (this.#phase !== 'open') return;
    this.#parse(bytes, 0, sizeBytes, false);
  }

  /** `isKept`: the bytes belong to this connection and will not be overwritten. */
  #parse(bytes: Buffer, from: number, to: number, isKept: boolean): void {
    let at = from;
    this.isReading = true;
    while (at < to && this.#phase === 'open') {
      if (this.#isServing() || this.#isHeldUp()) {
        this.#keep(bytes, at, to, isKept);
        break;
      }
      this.#parser ??= this.#settings.parsers.take();
      at = this.#parser.execute(bytes, at, to, this);
      if (this.#tunnelHead) {
        this.#openTunnel(this.#tunnelHead, bytes.subarray(at, to));
        return;
      }
      this.#dropFinished();
    }
    this.isReading = false;
    if (this.#phase !== 'open') return;
    if (this.#carrier) this.#carrier.body?.readEnded();
    else this.#rest();
  }

  /** No byte of a request has come since the last one. */
  #isIdle(): boolean {
    return this.#parser === undefined || this.#parser.isIdle;
  }

  #isAtRest(): boolean {
    return (
      this.#phase === 'open' &&
      !this.isReading &&
      !this.isEnding &&
      this.#carrier === undefined &&
      this.#ahead === undefined &&
      this.#isIdle()
    );
  }

  /** The request under way is all here; what follows has to wait. */
  #isServing(): boolean {
    const carrier = this.#carrier;
    return carrier !== undefined && !carrier.isOver && (!carrier.body || carrier.body.isComplete);
  }

  /** The next request has to wait for a client that does not take the answers it has been given. */
  #isHeldUp(): boolean {
    if (this.#ahead) return true;
    return this.#isClientBehind && this.#carrier === undefined && this.#isIdle();
  }

  #dropFinished(): void {
    const carrier = this.#carrier;
    if (carrier?.isOver && (!carrier.body || carrier.body.isComplete)) this.#carrier = undefined;
  }

  /** On to what was sent ahead, or else to waiting. */
  #goOn(): void {
    this.#carrier = undefined;
    const ahead = this.#ahead;
    if (!ahead || this.#isClientBehind) {
      this.#rest();
      return;
    }
    this.#ahead = undefined;
    const bytes = ahead.take();
    this.#socket.resume();
    this.#parse(bytes, 0, bytes.length, true);
  }

  #keep(bytes: Buffer, from: number, to: number, isKept: boolean): void {
    const { limits, pipelinedBytes } = this.#settings;
    this.#ahead ??= new ReadAhead(limits);
    const piece = bytes.subarray(from, to);
    const ahead = this.#ahead.add(isKept ? piece : Buffer.from(piece));
    if (ahead === 'not-pipelined') this.destroy();
    else if (ahead === 'broken') this.isEnding = true;
    else if (this.#ahead.sizeBytes > pipelinedBytes) this.#socket.pause();
  }

  /** Nothing is being served: sets the time the next request has. */
  #rest(): void {
    const { timers } = this.#host;
    if (!this.#isIdle()) {
      if (this.#isHeadTimed) return;
      this.#isHeadTimed = true;
      timers.set(this.#deadline, this.#settings.headTimeoutMs);
      return;
    }
    if (this.#parser) this.#settings.parsers.giveBack(this.#parser);
    this.#parser = undefined;
    if (this.isEnding) {
      this.#closeGently(true, LINGER_MS);
    } else if (!this.#isHeadTimed) {
      this.#isStalled = false;
      this.#allow(this.#settings.keepAliveMs);
      if (this.#isLeaving) this.#leave();
      else this.#host.rested?.(this);
    }
  }

  /** Moves to another worker if it is at rest, and ends here if none will have it. */
  #leave(): void {
    if (!this.#isAtRest()) return;
    this.outbox.flushNow();
    if (this.#socket.writableLength > 0) {
      this.#socket.write('', () => this.#leave());
      return;
    }
    this.#host.rested?.(this);
    if (this.#phase === 'open') this.drain();
  }

  /** The client has this long to go on, or to take what it has not taken of its answer. */
  #allow(timeoutMs: number): void {
    const { stallMs } = this.#settings;
    this.#host.timers.set(this.#deadline, this.#isClientBehind ? stallMs : timeoutMs);
  }

  readonly #onDrain = (): void => {
    this.#isClientBehind = false;
    if (this.#phase !== 'open') return;
    if (this.#carrier && !this.#carrier.isOver) {
      this.#host.timers.clear(this.#deadline);
      this.#carrier.caughtUp();
      this.#carrier?.body?.awaitMore();
    } else if (this.#carrier) {
      this.#allow(UPLOAD_LINGER_MS);
    } else {
      this.#goOn();
    }
  };

  readonly #onEnd = (): void => {
    if (this.#phase === 'open' && !this.#carrier) this.#parser?.finish(this);
    // A refusal has just been written; otherwise nobody is there to be answered.
    if (this.#phase === 'closing') this.#socket.destroySoon();
    else this.destroy();
  };

  #due(): void {
    const carrier = this.#carrier;
    if (this.#phase !== 'open') {
      this.destroy();
      return;
    }
    if (this.#isClientBehind || carrier?.isOver) {
      this.destroy();
      return;
    }
    if (carrier) {
      this.#giveUp(carrier, 'slow-request', 'the body of the request comes too slowly');
    } else if (!this.#isIdle()) {
      const { headTimeoutMs } = this.#settings;
      this.#refuse(failure('slow-request', `no complete request head in ${headTimeoutMs} ms`));
    } else if (this.#socket.writableLength > 0 && !this.#isStalled) {
      this.#isStalled = true;
      this.#host.timers.set(this.#deadline, this.#settings.stallMs);
    } else {
      this.destroy();
    }
  }

  /** The request under way cannot be served to its end, and its connection not go on. */
  #giveUp(carrier: Http1Carrier, kind: FailureKind, detail: string): void {
    this.isEnding = true;
    if (carrier.hasAnswerBegun) this.destroy();
    else carrier.cancel(kind, detail);
  }

  #refuse(problem: Failure): void {
    this.outbox.addText(pageText(this.#host.pageFor(problem), false, CLOSE));
    this.#closeGently(false, LINGER_MS);
  }

  /**
   * Ends our side. Closing on bytes the client has sent resets the connection, and it may lose
   * the answer: so what may still come is read and thrown away, for a limited time.
   */
  #closeGently(isRequestComplete: boolean, lingerMs: number): void {
    this.#phase = 'closing';
    const isMoreToCome = !isRequestComplete || this.#ahead !== undefined;
    this.#ahead = undefined;
    this.outbox.flushNow();
    if (isMoreToCome) {
      this.#socket.end(() => {
        if (this.#phase === 'closing') this.#host.timers.set(this.#deadline, lingerMs);
      });
      this.#socket.resume();
      this.#host.timers.set(this.#deadline, this.#settings.stallMs);
    } else {
      this.#host.timers.set(this.#deadline, this.#settings.stallMs);
      this.#socket.destroySoon();
    }
  }

  #openTunnel(head: RequestHead, rest: Buffer): void {
    this.#phase = 'tunnel';
    this.#socket.off('end', this.#onEnd);
    this.#socket.off('drain', this.#onDrain);
    this.#reading.release();
    this.#host.tunnel(head, this.peer, this.#socket, Buffer.from(rest));
  }

  readonly #onClose = (): void => {
    this.#phase = 'closed';
    this.#host.timers.remove(this.#deadline);
    const carrier = this.#carrier;
    this.#carrier = undefined;
    if (carrier && !carrier.isOver)
      carrier.cancel('client-gone', 'the client closed the connection');
    this.#host.closed(this);
  };

  #uploadOf(head: RequestHead): Upload | undefined {
    const { framing, contentLength, expectsContinue } = head;
    if (framing === 'none' || contentLength === 0) return undefined;
    return new Upload(this, { ...this.#settings.upload, expectsContinue });
  }
}
