/** An answer that may be kept, while it comes. */
import type { FieldLines, ResponseHead } from '@headgate/http1';
import type { StoredAnswer } from './entry.ts';
import type { Terms } from './judge-answer.ts';
import type { Opened } from './reader.ts';
import { SharedBody } from './shared-body.ts';
import { withoutTags } from './tags.ts';

export class StreamedAnswer {
  readonly terms: Terms;
  readonly shared: SharedBody;
  /** Whether it is to be kept still. */
  isKept = true;
  readonly #status: number;
  readonly #reason: string;
  readonly #lines: FieldLines;
  readonly #beganMs: number;

  /** `beganMs` on the monotonic clock: when it was as old as its terms say. */
  constructor(head: ResponseHead, terms: Terms, beganMs: number) {
    this.terms = terms;
    this.#status = head.status;
    this.#reason = head.reason;
    this.#lines = withoutTags(terms.lines);
    this.#beganMs = beganMs;
    const isSized = head.framing === 'length' || head.framing === 'none';
    const sizeBytes = head.framing === 'none' ? 0 : head.contentLength;
    this.shared = new SharedBody(isSized ? sizeBytes : undefined);
  }

  /** For a reader, who also gets `ownLines`. */
  opened(nowMs: number, ownLines: FieldLines | undefined): Opened {
    return {
      status: this.#status,
      reason: this.#reason,
      terms: this.terms,
      lines: ownLines ? ((this.#lines + ownLines) as FieldLines) : this.#lines,
      ageMs: this.terms.ageMs + nowMs - this.#beganMs,
      body: this.shared.body,
      sizeBytes: this.shared.sizeBytes,
    };
  }

  /** Once all of it has come. */
  stored(primary: string, mark: number): StoredAnswer {
    return {
      kind: 'answer',
      primary,
      status: this.#status,
      reason: this.#reason,
      terms: this.terms,
      lines: this.#lines,
      bytes: this.shared.join(),
      sinceMs: this.#beganMs,
      mark,
      refreshAfterMs: 0,
      repeated: undefined,
    };
  }
}
