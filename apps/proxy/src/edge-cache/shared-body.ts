/**
 * The body of an answer on its way to several readers, who take it as it comes. What is to be kept
 * is held in one piece; what is not is let go of as soon as the slowest of them has it.
 */
import { Body } from './entry.ts';
import type { Reader } from './reader.ts';

export class SharedBody {
  readonly body = new Body();
  /** Known from the start, or from the end on. */
  sizeBytes: number | undefined;
  #whole: Buffer | undefined;

  /** `sizeBytes` is undefined while nobody knows. */
  constructor(sizeBytes: number | undefined) {
    this.sizeBytes = sizeBytes;
    if (sizeBytes !== undefined) this.#whole = Buffer.allocUnsafeSlow(sizeBytes);
  }

  /** Adds a copy of `bytes`, which will be overwritten. */
  add(bytes: Buffer): void {
    const from = this.body.sizeBytes;
    if (this.#whole) {
      bytes.copy(this.#whole, from);
      this.body.add(this.#whole.subarray(from, from + bytes.length));
    } else {
      const copy = Buffer.allocUnsafeSlow(bytes.length);
      bytes.copy(copy);
      this.body.add(copy);
    }
  }

  /** All of it has come. */
  complete(): void {
    this.body.isComplete = true;
    this.sizeBytes = this.body.sizeBytes;
  }

  /** All of it in one piece; only where nothing was let go of. */
  join(): Buffer {
    return this.#whole ?? this.body.join();
  }

  /** Lets go of what all `readers` have written. */
  dropRead(readers: Iterable<Reader>): void {
    let first = Number.POSITIVE_INFINITY;
    for (const reader of readers) first = Math.min(first, reader.nextChunk);
    if (Number.isFinite(first)) this.body.dropBefore(first);
  }
}

export function isAnyBehind(readers: Iterable<Reader>): boolean {
  for (const reader of readers) if (reader.isBehind) return true;
  return false;
}
