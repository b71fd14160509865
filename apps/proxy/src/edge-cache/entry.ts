/** An answer that is kept: its bytes, its terms, and how old it is. */
import type { FieldLines } from '@headgate/http1';
import type { Terms } from './judge-answer.ts';

/** The bytes of an answer, as far as they have come; several requests may read them at once. */
export class Body {
  /** In the order they came. */
  readonly chunks: Buffer[] = [];
  /** How many chunks were dropped from the front, because nobody needs them any more. */
  dropped = 0;
  sizeBytes = 0;
  isComplete = false;

  /** `bytes` must not change any more. */
  add(bytes: Buffer): void {
    this.chunks.push(bytes);
    this.sizeBytes += bytes.length;
  }

  /** Forgets the chunks before number `index`. */
  dropBefore(index: number): void {
    if (index > this.dropped) this.chunks.splice(0, index - this.dropped);
    this.dropped = Math.max(this.dropped, index);
  }

  /** All of it as one piece. */
  join(): Buffer {
    const [only] = this.chunks;
    return this.chunks.length === 1 && only ? only : Buffer.concat(this.chunks, this.sizeBytes);
  }
}

/** What is kept under the key of a URL, or of one of its variants. */
export interface StoredAnswer {
  readonly kind: 'answer';
  /** Of the URL. */
  readonly primary: string;
  readonly status: number;
  readonly reason: string;
  readonly terms: Terms;
  /** The fields clients see, without Age. */
  readonly lines: FieldLines;
  readonly bytes: Buffer;
  /** When it was as old as its terms say, on the monotonic clock. */
  readonly sinceMs: number;
  /** Of the purges when it was last known not to be purged. */
  mark: number;
  /** Not refreshed before; it failed a moment ago. */
  refreshAfterMs: number;
  /** Made for the first hit. */
  repeated: RepeatedText | undefined;
}

/** What is the same in every hit, as one text each. */
export interface RepeatedText {
  /** The head up to the fields that differ from hit to hit. */
  readonly head: string;
  /** The rest of the head: how long the body is. */
  readonly endOfHead: string;
  /** The body, where it is small enough to be written as text. */
  readonly body: string | undefined;
}

/** Bodies up to here are written together with their heads. */
export const TEXT_BODY_BYTES = 2_048;

/** How old it is now (RFC 9111 §4.2.3). */
export function ageOf({ terms, sinceMs }: StoredAnswer, nowMs: number): number {
  return terms.ageMs + nowMs - sinceMs;
}
