/** Field lines byte by byte, up to and including the empty line that ends them. */
import type { Bytes } from './bytes.ts';
import { COLON, CR, HTAB, isBlank, LF, SP, TOKEN, VALUE } from './char-class.ts';
import type { FieldTable } from './fields.ts';
import { type RefusalReason, refuse } from './refusal.ts';

const LINE_START = 0;
const IN_NAME = 1;
const BEFORE_VALUE = 2;
const IN_VALUE = 3;
const LINE_END = 4;
const SECTION_END = 5;
const DONE = 6;

/** Scans one field section after the other into its table; may stop after any byte. */
export class FieldScanner {
  readonly #table: FieldTable;
  readonly #fieldCount: number;
  #state = LINE_START;

  constructor(table: FieldTable, fieldCount: number) {
    this.#table = table;
    this.#fieldCount = fieldCount;
  }

  get isDone(): boolean {
    return this.#state === DONE;
  }

  reset(): void {
    this.#state = LINE_START;
    this.#table.reset();
  }

  /**
   * Scans from `start` to `end` or the end of the section and returns where it stopped. Adding
   * `shift` to a position makes it an offset in the text of the section. Throws a Refusal.
   */
  scan(bytes: Bytes, start: number, end: number, shift: number): number {
    const table = this.#table;
    let state = this.#state;
    let at = start;
    while (at < end && state !== DONE) {
      if (state === LINE_START) {
        const byte = bytes[at] as number;
        if (byte === CR) {
          state = SECTION_END;
          if (++at === end) break;
        } else {
          if (TOKEN[byte] !== 1) refuse(this.#reasonAtLineStart(byte));
          if (table.count === this.#fieldCount) refuse('too-many-fields');
          table.open(at + shift);
          state = IN_NAME;
        }
      }
      if (state === IN_NAME) {
        while (at < end && TOKEN[bytes[at] as number] === 1) at++;
        if (at === end) break;
        if (bytes[at] !== COLON) refuse(reasonInName(bytes[at] as number));
        table.endName(at + shift);
        state = BEFORE_VALUE;
        if (++at === end) break;
      }
      if (state === BEFORE_VALUE) {
        while (at < end && isBlank(bytes[at] as number)) at++;
        if (at === end) break;
        table.startValue(at + shift);
        state = IN_VALUE;
      }
      if (state === IN_VALUE) {
        while (at < end && VALUE[bytes[at] as number] === 1) at++;
        if (at === end) break;
        if (bytes[at] !== CR) refuse(reasonInValue(bytes[at] as number));
        table.close(at + shift);
        state = LINE_END;
        if (++at === end) break;
      }
      // LINE_END or SECTION_END
      if (bytes[at] !== LF) refuse('bare-cr');
      at++;
      state = state === SECTION_END ? DONE : LINE_START;
    }
    this.#state = state;
    return at;
  }

  #reasonAtLineStart(byte: number): RefusalReason {
    if (byte === LF) return 'bare-lf';
    if (byte !== SP && byte !== HTAB) return 'invalid-field-name';
    return this.#table.count === 0 ? 'leading-whitespace' : 'obs-fold';
  }
}

function reasonInName(byte: number): RefusalReason {
  if (byte === LF) return 'bare-lf';
  return isBlank(byte) ? 'space-before-colon' : 'invalid-field-name';
}

function reasonInValue(byte: number): RefusalReason {
  return byte === LF ? 'bare-lf' : 'invalid-field-value';
}
