/** Takes in a field section, with or without a start line, as one string however it arrives. */
import type { Bytes } from './bytes.ts';
import { FieldScanner } from './field-scanner.ts';
import type { FieldTable } from './fields.ts';
import { type RefusalReason, refuse } from './refusal.ts';

/** Scans the line before the fields; may stop after any byte. Offsets as in FieldScanner. */
export interface StartLine {
  readonly isDone: boolean;
  reset(): void;
  scan(bytes: Bytes, start: number, end: number, shift: number): number;
}

export interface SectionLimits {
  readonly sizeBytes: number;
  readonly fieldCount: number;
  readonly tooLarge: RefusalReason;
}

/** Pieces of a slowly arriving section after which they become one: each costs 32 bytes more. */
const COPY_EVERY = 64;

/** Reads one section after the other. */
export class SectionReader {
  readonly #table: FieldTable;
  readonly #scanner: FieldScanner;
  readonly #line: StartLine | undefined;
  readonly #limits: SectionLimits;
  #pending = '';
  #pieces = 0;

  constructor(table: FieldTable, limits: SectionLimits, line?: StartLine) {
    this.#table = table;
    this.#scanner = new FieldScanner(table, limits.fieldCount);
    this.#line = line;
    this.#limits = limits;
  }

  /** The section is complete, and its table sealed. */
  get isDone(): boolean {
    return this.#scanner.isDone;
  }

  /** Forgets the section that was read; the next bytes start another. */
  reset(): void {
    this.#pending = '';
    this.#pieces = 0;
    this.#scanner.reset();
    this.#line?.reset();
  }

  /** Reads up to the end of the section or `end`; returns where it stopped. Throws a Refusal. */
  read(bytes: Bytes, start: number, end: number): number {
    const length = this.#pending.length;
    const stop = Math.min(end, start + this.#limits.sizeBytes - length);
    const shift = length - start;
    let at = start;
    if (this.#line && !this.#line.isDone) at = this.#line.scan(bytes, at, stop, shift);
    if (!this.#line || this.#line.isDone) at = this.#scanner.scan(bytes, at, stop, shift);
    if (this.#scanner.isDone) {
      const piece = bytes.toString('latin1', start, at);
      this.#table.seal(length === 0 ? piece : this.#pending + piece, at + shift - 2);
      this.#pending = '';
      this.#pieces = 0;
    } else {
      if (stop < end) refuse(this.#limits.tooLarge);
      this.#keep(bytes.toString('latin1', start, stop));
    }
    return at;
  }

  #keep(piece: string): void {
    // Joining copies the pieces into one string; adding only links them.
    const isTimeToCopy = ++this.#pieces % COPY_EVERY === 0;
    this.#pending = isTimeToCopy ? [this.#pending, piece].join('') : this.#pending + piece;
  }
}
