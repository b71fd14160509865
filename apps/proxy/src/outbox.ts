/** What goes out on a socket in one turn is collected here, and leaves in one write. */
import type { Socket } from 'node:net';

/** Up to here, bytes are carried as text: one string costs less than one more buffer. */
const TEXT_LIMIT_BYTES = 2_048;

/** One read, framed anew, fits. */
const SCRATCH_BYTES = 140_000;

/**
 * Where a write is put together. The kernel nearly always takes all of it at once, and then the
 * same memory serves the next write of whatever socket; otherwise it stays with that write.
 */
let scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

/**
 * Outboxes with text to send. Writing wakes whoever waits for it, and waking costs more than
 * writing: when several messages go out one after the other, their reader is woken but once.
 */
let due: Outbox[] = [];

/** Enough to share a wake-up, few enough to be still in the processor's cache. */
const MAX_DUE = 16;

function writeDue(): void {
  const outboxes = due;
  due = [];
  for (const outbox of outboxes) outbox.flushNow();
}

/** The way out of one socket. */
export class Outbox {
  readonly #socket: Socket;
  #parts: (string | Buffer)[] | undefined;
  #text = '';
  #sizeBytes = 0;
  #isDue = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Adds text, one byte for each character. */
  addText(text: string): void {
    this.#text += text;
  }

  /** Adds the bytes from `from` up to, not including, `to`; they may change after `flush`. */
  addBytes(bytes: Buffer, from: number, to: number): void {
    const sizeBytes = to - from;
    if (sizeBytes <= TEXT_LIMIT_BYTES) {
      this.#text += bytes.toString('latin1', from, to);
      return;
    }
    this.#parts ??= [];
    if (this.#text !== '') this.#parts.push(this.#text);
    this.#parts.push(bytes.subarray(from, to));
    this.#sizeBytes += this.#text.length + sizeBytes;
    this.#text = '';
  }

  /**
   * Sends what was added: bytes at once, mere text together with that of other sockets, at the
   * latest when all that have something to read were read. False when the other side has to catch up first: wait for `drain`.
   */
  flush(): boolean {
    if (this.#parts) {
      this.#writeParts(this.#parts);
    } else if (this.#text !== '' && !this.#isDue) {
      this.#isDue = true;
      const count = due.push(this);
      if (count === 1) setImmediate(writeDue);
      else if (count === MAX_DUE) writeDue();
    }
    return !this.#socket.writableNeedDrain;
  }

  /** Sends what was added before anything else is done to the socket. */
  flushNow(): void {
    this.#isDue = false;
    if (this.#parts) {
      this.#writeParts(this.#parts);
    } else if (this.#text !== '') {
      const text = this.#text;
      this.#text = '';
      this.#socket.write(text, 'latin1');
    }
  }

  #writeParts(parts: (string | Buffer)[]): void {
    const socket = this.#socket;
    if (this.#text !== '') parts.push(this.#text);
    const sizeBytes = this.#sizeBytes + this.#text.length;
    this.#parts = undefined;
    this.#text = '';
    this.#sizeBytes = 0;
    const isOwn = sizeBytes > SCRATCH_BYTES || socket.writableLength > 0;
    const target = isOwn ? Buffer.allocUnsafeSlow(sizeBytes) : scratch;
    let at = 0;
    for (const part of parts) {
      if (typeof part === 'string') at += target.write(part, at, 'latin1');
      else at += part.copy(target, at);
    }
    socket.write(isOwn ? target : target.subarray(0, sizeBytes));
    if (!isOwn && socket.writableLength > 0) scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  }
}
