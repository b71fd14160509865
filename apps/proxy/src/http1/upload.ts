/**
 * The body of one request on its way from the client: held until an attempt takes it, slowed down
 * when the upstream is slower, and cut off when the client is too slow.
 */
import type { FieldLines } from '@headgate/http1';
import type { BodyTaker, RequestBody } from '../exchange.ts';

/** The client connection as an upload sees it. */
export interface UploadSource {
  readonly now: () => number;
  /** Bytes are being taken from the socket; the end of that will be told. */
  readonly isReading: boolean;
  pause(): void;
  resume(): void;
  /** Has the upload told `late` when no more has come by then. */
  awaitUpload(timeoutMs: number): void;
  stopAwaiting(): void;
  /** Tells the client to go on and send the body. */
  sendContinue(): void;
}

export interface UploadRules {
  readonly idleMs: number;
  /** The least average, 0 for none. */
  readonly bytesPerSecond: number;
  readonly maxSizeBytes: number;
  /** The client waits to be told to go on. */
  readonly expectsContinue: boolean;
}

/** How long an upload may take before its average counts. */
const RATE_GRACE_MS = 5_000;

export class Upload implements RequestBody {
  isStarted = false;
  isComplete = false;
  readonly #source: UploadSource;
  readonly #rules: UploadRules;
  #taker: BodyTaker | undefined;
  #isAbandoned = false;
  #isPaused = false;
  #awaitsContinue: boolean;
  #held: Buffer[] = [];
  #trailers: FieldLines | undefined;
  #receivedBytes = 0;
  /** How long the client has been waited for, up to `#waitingSinceMs`. */
  #waitedMs = 0;
  #waitingSinceMs: number | undefined;

  constructor(source: UploadSource, rules: UploadRules) {
    this.#source = source;
    this.#rules = rules;
    this.#awaitsContinue = rules.expectsContinue;
  }

  /** True while the size is within its limit. */
  take(bytes: Buffer, from: number, to: number): boolean {
    this.#receivedBytes += to - from;
    this.#awaitsContinue = false;
    if (this.#receivedBytes > this.#rules.maxSizeBytes) return false;
    if (this.#taker) this.#taker.upload(bytes, from, to);
    else if (!this.#isAbandoned) this.#held.push(Buffer.from(bytes.subarray(from, to)));
    return true;
  }

  end(trailers: FieldLines | undefined): void {
    this.isComplete = true;
    this.#stopWaiting();
    this.#trailers = trailers;
    this.#taker?.uploadEnded(trailers);
  }

  /** All that came in one read has been given. */
  readEnded(): void {
    if (this.#taker) {
      this.#taker.uploadRead();
      this.awaitMore();
    } else if (!this.#isAbandoned && !this.isComplete) {
      this.pause();
    }
  }

  pourInto(taker: BodyTaker): void {
    this.isStarted = true;
    this.#taker = taker;
    for (const piece of this.#held) taker.upload(piece, 0, piece.length);
    this.#held = [];
    if (this.isComplete) taker.uploadEnded(this.#trailers);
    if (this.#source.isReading) return;
    this.resume();
    taker.uploadRead();
  }

  abandon(): void {
    this.#taker = undefined;
    this.#isAbandoned = true;
    this.#held = [];
    this.#stopWaiting();
    if (this.#isPaused) this.#source.resume();
    this.#isPaused = false;
  }

  pause(): void {
    this.#stopWaiting();
    this.#isPaused = true;
    this.#source.pause();
  }

  resume(): void {
    if (this.isComplete || this.#isAbandoned) return;
    if (this.#isPaused) this.#source.resume();
    this.#isPaused = false;
    this.awaitMore();
  }

  /** The client is what is waited for now, unless it has sent everything or was told to wait. */
  awaitMore(): void {
    if (this.isComplete || this.#isPaused || !this.#taker) return;
    if (this.#awaitsContinue) {
      this.#awaitsContinue = false;
      this.#source.sendContinue();
    }
    const { idleMs, bytesPerSecond } = this.#rules;
    const nowMs = this.#source.now();
    this.#waitedMs += nowMs - (this.#waitingSinceMs ?? nowMs);
    this.#waitingSinceMs = nowMs;
    const allowedMs =
      bytesPerSecond === 0
        ? Number.POSITIVE_INFINITY
        : RATE_GRACE_MS + (this.#receivedBytes / bytesPerSecond) * 1_000;
    this.#source.awaitUpload(Math.max(0, Math.min(idleMs, allowedMs - this.#waitedMs)));
  }

  #stopWaiting(): void {
    if (this.#waitingSinceMs === undefined) return;
    this.#waitedMs += this.#source.now() - this.#waitingSinceMs;
    this.#waitingSinceMs = undefined;
    this.#source.stopAwaiting();
  }
}
