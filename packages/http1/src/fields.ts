/** A field section (header or trailers): one string, and where in it each name and value lies. */
import { isBlank } from './char-class.ts';
import { CONTENT_LENGTH, ORDINARY } from './field-kind.ts';
import { equalsLower, type NameSet } from './name-set.ts';

declare const checked: unique symbol;

/** Whole header lines, each with its CR LF, known to be well formed; possibly none at all. */
export type FieldLines = string & { readonly [checked]: true };

/** The fields of one message, in order; valid until its parser starts on the next message. */
export interface Fields {
  readonly count: number;
  /** The name of field `i` as it was written. */
  name(i: number): string;
  /** The value of field `i` without the whitespace around it; one character for each byte. */
  value(i: number): string;
  /** Whether field `i` has this name, given in lower case; allocates nothing. */
  is(i: number, lowerName: string): boolean;
  /** The first field from `from` on with this name, given in lower case, or -1. */
  find(lowerName: string, from?: number): number;
  /**
   * The fields to pass on, as they were written: without `dropped`, without hop-by-hop fields and
   * those named in Connection (RFC 9110 §7.6.1), and without Content-Length, because a message
   * that is passed on is framed anew.
   */
  endToEnd(dropped?: NameSet): FieldLines;
}

/** Integers per field: start and end of the name, start and end of the value, and the kind. */
const STRIDE = 5;
const INITIAL_FIELDS = 16;

/** Where the scanner writes down what it finds, and the view that is handed out. */
export class FieldTable implements Fields {
  text = '';
  count = 0;
  #at = new Int32Array(INITIAL_FIELDS * STRIDE);
  #end = 0;

  reset(): void {
    this.text = '';
    this.count = 0;
  }

  /** Starts a field whose name begins at `nameStart`. */
  open(nameStart: number): void {
    const slot = this.count * STRIDE;
    if (slot === this.#at.length) this.#grow();
    this.#at[slot] = nameStart;
    this.#at[slot + 4] = ORDINARY;
  }

  endName(at: number): void {
    this.#at[this.count * STRIDE + 1] = at;
  }

  startValue(at: number): void {
    this.#at[this.count * STRIDE + 2] = at;
  }

  /** Ends the field opened last; `at` is behind the whitespace that may follow the value. */
  close(at: number): void {
    this.#at[this.count * STRIDE + 3] = at;
    this.count++;
  }

  /** Ends the section: the last line ends before `end`, and `text` is what all offsets mean. */
  seal(text: string, end: number): void {
    this.text = text;
    this.#end = end;
    const at = this.#at;
    for (let slot = 0; slot < this.count * STRIDE; slot += STRIDE) {
      const valueStart = at[slot + 2] as number;
      let valueEnd = at[slot + 3] as number;
      while (valueEnd > valueStart && isBlank(text.charCodeAt(valueEnd - 1))) valueEnd--;
      at[slot + 3] = valueEnd;
    }
  }

  nameStart(i: number): number {
    return this.#at[i * STRIDE] as number;
  }

  nameEnd(i: number): number {
    return this.#at[i * STRIDE + 1] as number;
  }

  valueStart(i: number): number {
    return this.#at[i * STRIDE + 2] as number;
  }

  valueEnd(i: number): number {
    return this.#at[i * STRIDE + 3] as number;
  }

  kind(i: number): number {
    return this.#at[i * STRIDE + 4] as number;
  }

  setKind(i: number, kind: number): void {
    this.#at[i * STRIDE + 4] = kind;
  }

  name(i: number): string {
    return this.text.slice(this.nameStart(i), this.nameEnd(i));
  }

  value(i: number): string {
    return this.text.slice(this.valueStart(i), this.valueEnd(i));
  }

  is(i: number, lowerName: string): boolean {
    return equalsLower(this.text, this.nameStart(i), this.nameEnd(i), lowerName);
  }

  find(lowerName: string, from = 0): number {
    for (let i = from; i < this.count; i++) if (this.is(i, lowerName)) return i;
    return -1;
  }

  endToEnd(dropped?: NameSet): FieldLines {
    let lines = '';
    let runStart = -1;
    for (let i = 0; i < this.count; i++) {
      const isKept =
        this.kind(i) < CONTENT_LENGTH &&
        (dropped === undefined ||
          dropped.indexOf(this.text, this.nameStart(i), this.nameEnd(i)) < 0);
      if (isKept) {
        if (runStart < 0) runStart = this.nameStart(i);
      } else if (runStart >= 0) {
        lines += this.text.slice(runStart, this.nameStart(i));
        runStart = -1;
      }
    }
    if (runStart >= 0) lines += this.text.slice(runStart, this.#end);
    return lines as FieldLines;
  }

  #grow(): void {
    const larger = new Int32Array(this.#at.length * 2);
    larger.set(this.#at);
    this.#at = larger;
  }
}
