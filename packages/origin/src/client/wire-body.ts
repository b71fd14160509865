// Owns the bytes of one answer's body while they arrive, in one piece of memory.

const EMPTY = Buffer.alloc(0);

/** Collects one body after the other. */
export class WireBody {
  #bytes = EMPTY;
  #sizeBytes = 0;
  #expectedBytes = 0;

  /** Starts on a body of `expectedBytes`, or 0 when its size is not known. */
  start(expectedBytes: number): void {
    this.#expectedBytes = expectedBytes;
  }

  /** Bytes collected so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Copies the bytes from `from` up to, not including, `to`. */
  add(bytes: Buffer, from: number, to: number): void {
    const neededBytes = this.#sizeBytes + to - from;
    if (neededBytes > this.#bytes.length) this.#grow(neededBytes);
    bytes.copy(this.#bytes, this.#sizeBytes, from, to);
    this.#sizeBytes = neededBytes;
  }

  /** The whole body; nothing of it is kept here. */
  take(): Buffer {
    const bytes = this.#bytes.subarray(0, this.#sizeBytes);
    this.#bytes = EMPTY;
    this.#sizeBytes = 0;
    return bytes;
  }

  #grow(neededBytes: number): void {
    // Twice as much each time, or many small pieces would be copied over and over.
    const doubledBytes = Math.max(neededBytes, this.#bytes.length * 2);
    const grown = Buffer.allocUnsafe(this.#expectedBytes || doubledBytes);
    this.#bytes.copy(grown, 0, 0, this.#sizeBytes);
    this.#bytes = grown;
  }
}
