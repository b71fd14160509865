// Owns the plain HTTP/1.1 connections to one upstream: used last one first, so that those not
// needed grow old and are closed.
import type {
  AnswerSink,
  Transport,
  TransportFailure,
  TransportOptions,
  WireAnswer,
  WireAttempt,
  WireRequest,
} from './transport.ts';
import {
  type Carried,
  type ConnectionOwner,
  WireConnection,
  type WirePlace,
} from './wire-connection.ts';
import { whyUnsendable } from './wire-request.ts';

/** Older connections take no other request: names are looked up again, loads spread again. */
const LIFETIME_MS = 300_000;

/** HTTP/1.1 on bare sockets; no TLS. */
export class WireTransport implements Transport, ConnectionOwner {
  readonly #place: WirePlace;
  readonly #idleTimeoutMs: number;
  readonly #now: () => number;
  readonly #open = new Set<WireConnection>();
  /** The one that rests longest is first. */
  readonly #idle: WireConnection[] = [];
  #sweep: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #onClosed: (() => void) | undefined;

  /** Opens no connection yet. `now` is a monotonic clock in milliseconds. */
  constructor(options: TransportOptions, now: () => number = () => performance.now()) {
    const { url, connectTimeoutMs, maxResponseBytes } = options;
    // The host of an IPv6 address comes in brackets, which only URLs want.
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const port = url.port === '' ? 80 : Number(url.port);
    const hostLine = `host: ${url.host}\r\n`;
    this.#place = { host, port, hostLine, connectTimeoutMs, maxResponseBytes };
    this.#idleTimeoutMs = options.idleTimeoutMs;
    this.#now = now;
  }

  send(request: WireRequest, sink: AnswerSink): WireAttempt {
    const attempt = new Attempt(this, request, sink);
    const unsendable = whyUnsendable(request);
    if (unsendable !== undefined) attempt.failLater('protocol', unsendable);
    else if (this.#isClosing) attempt.failLater('connect', 'the connections were closed');
    else attempt.goOn(this.#takeIdle() ?? this.#connect());
    return attempt;
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#onClosed = resolve;
      for (const connection of this.#open) connection.close();
      this.#resolveWhenClosed();
    });
    return this.#closing;
  }

  /**
   * Another connection for a request whose kept connection was found dead; undefined when there
   * will be none. Those that have rested longer are not trusted either.
   */
  replaceDead(): WireConnection | undefined {
    if (this.#isClosing) return undefined;
    for (const connection of this.#idle.splice(0)) connection.destroy();
    return this.#connect();
  }

  becameFree(connection: WireConnection): void {
    const nowMs = this.#now();
    if (nowMs - connection.openedMs >= LIFETIME_MS) {
      connection.destroy();
      return;
    }
    connection.restingSinceMs = nowMs;
    connection.rest();
    this.#idle.push(connection);
    if (this.#sweep === undefined) this.#sweepIn(this.#idleTimeoutMs);
  }

  closed(connection: WireConnection): void {
    this.#open.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#resolveWhenClosed();
  }

  get #isClosing(): boolean {
    return this.#onClosed !== undefined;
  }

  #takeIdle(): WireConnection | undefined {
    const connection = this.#idle.pop();
    if (connection === undefined) return undefined;
    // Between its end and the news of it a connection is still among the idle ones. The timer may
    // be late, and those below have rested longer still: they are seen to when it comes.
    if (connection.isOpen && this.#now() - connection.restingSinceMs < this.#idleTimeoutMs) {
      connection.wake();
      return connection;
    }
    connection.destroy();
    return this.#takeIdle();
  }

  #connect(): WireConnection {
    const connection = new WireConnection(this, this.#place, this.#now());
    this.#open.add(connection);
    return connection;
  }

  #sweepIn(delayMs: number): void {
    this.#sweep = setTimeout(() => this.#closeRested(), delayMs);
    this.#sweep.unref();
  }

  #closeRested(): void {
    const nowMs = this.#now();
    const kept = this.#idle.findIndex((it) => nowMs - it.restingSinceMs < this.#idleTimeoutMs);
    const rested = this.#idle.splice(0, kept < 0 ? this.#idle.length : kept);
    for (const connection of rested) connection.destroy();
    const [next] = this.#idle;
    this.#sweep = undefined;
    if (next) this.#sweepIn(Math.ceil(next.restingSinceMs + this.#idleTimeoutMs - nowMs));
  }

  #resolveWhenClosed(): void {
    if (this.#onClosed === undefined || this.#open.size > 0) return;
    clearTimeout(this.#sweep);
    this.#onClosed();
  }
}

/** One request, on one connection or, when that was dead, on two. */
class Attempt implements WireAttempt, Carried {
  readonly request: WireRequest;
  readonly #transport: WireTransport;
  readonly #sink: AnswerSink;
  #connection: WireConnection | undefined;
  #wasAnythingSent = false;
  #isGivenUp = false;

  constructor(transport: WireTransport, request: WireRequest, sink: AnswerSink) {
    this.#transport = transport;
    this.request = request;
    this.#sink = sink;
  }

  goOn(connection: WireConnection): void {
    this.#connection = connection;
    connection.carry(this);
  }

  failLater(kind: TransportFailure['kind'], message: string): void {
    process.nextTick(() => {
      if (!this.#isGivenUp) this.failed(kind, message, false);
    });
  }

  abort(): void {
    this.#isGivenUp = true;
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  sending(): void {
    this.#wasAnythingSent = true;
  }

  onHead(status: number, header: (name: string) => string | undefined): void {
    this.#sink.onHead(status, header);
  }

  answered(answer: WireAnswer): void {
    // From here on the connection may be another's: it is not this attempt's to abort.
    this.#connection = undefined;
    this.#sink.onAnswer(answer);
  }

  failed(kind: TransportFailure['kind'], message: string, isDeadOnReuse: boolean): void {
    this.#connection = undefined;
    if (isDeadOnReuse && this.request.isIdempotent) {
      const another = this.#transport.replaceDead();
      if (another !== undefined) {
        this.goOn(another);
        return;
      }
    }
    this.#sink.onFailure({ kind, wasAnythingSent: this.#wasAnythingSent, message });
  }
}
