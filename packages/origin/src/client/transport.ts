// Owns the seam between a partner's policy and its wire: what is sent, and what comes of it.

/** One request as it goes onto the wire. */
export interface WireRequest {
  readonly method: string;
  /** Origin form: path and query, encoded. */
  readonly path: string;
  /** Field lines, each ended by CRLF, without Host, framing and hop-by-hop fields. */
  readonly fields: string;
  /** Undefined when there is no body. */
  readonly body: string | Uint8Array | undefined;
  /** May be sent again by the transport when a kept connection turns out to be dead. */
  readonly isIdempotent: boolean;
}

/** An answer that has arrived in full; interim answers (1xx) are not told. */
export interface WireAnswer {
  readonly status: number;
  /** The value of a field, by lower-case name; repeated ones joined by ", ". */
  header(name: string): string | undefined;
  /** The whole body, framing removed, of any status. The receiver may keep it. */
  readonly body: Buffer;
}

/**
 * How an attempt failed. `connect`: no connection could be made. `broken`: it ended before the
 * answer was whole. `protocol`: what came is no HTTP/1.1. `too-large`: the answer is larger than
 * allowed.
 */
export interface TransportFailure {
  readonly kind: 'connect' | 'broken' | 'protocol' | 'too-large';
  /** A byte of the request may have reached the upstream. */
  readonly wasAnythingSent: boolean;
  /** What happened, without address and path: the caller names those. */
  readonly message: string;
}

/** Who is told what comes of a request; exactly one of `onAnswer` and `onFailure`, once. */
export interface AnswerSink {
  /** The head of the final answer is there; the body follows. */
  onHead(status: number, header: (name: string) => string | undefined): void;
  onAnswer(answer: WireAnswer): void;
  onFailure(failure: TransportFailure): void;
}

/** A request under way. */
export interface WireAttempt {
  /** Gives it up, on the wire too; nothing is told from then on. Does nothing once it is over. */
  abort(): void;
}

/** The connections to one upstream. */
export interface Transport {
  /** Sends now: callers keep to `maxConnections`. Never throws; the sink is never called inside. */
  send(request: WireRequest, sink: AnswerSink): WireAttempt;
  /** Closes all connections; attempts under way fail as `broken`. */
  close(): Promise<void>;
}

/** What the connections to an upstream are made with. */
export interface TransportOptions {
  /** `http:` or `https:`; host and port count, the path does not. */
  readonly url: URL;
  /** Connections at once. */
  readonly maxConnections: number;
  /** Largest body of an answer in bytes. */
  readonly maxResponseBytes: number;
  /** Milliseconds to establish a connection. */
  readonly connectTimeoutMs: number;
  /** Milliseconds a connection is kept without use: less than the partner keeps it. */
  readonly idleTimeoutMs: number;
}
