/** The request line: method, target and version, one space apart (RFC 9112 §3). */
import type { Bytes } from './bytes.ts';
import { CR, LF, SP, TARGET, TOKEN } from './char-class.ts';
import { refuse } from './refusal.ts';
import type { StartLine } from './section-reader.ts';
import { VERSION_LENGTH, Version } from './version.ts';

/** RFC 9112 §2.2 asks to ignore at least one; some old clients send one after each POST. */
const MAX_EMPTY_LINES = 2;
/** The longest registered method has 17 characters. */
const MAX_METHOD_LENGTH = 24;

const START = 0;
const EMPTY_LINE = 1;
const METHOD = 2;
const IN_TARGET = 3;
const VERSION = 4;
const DONE = 5;

/** Scans one request line after the other; all positions are offsets in the text of the head. */
export class RequestLine implements StartLine {
  methodStart = 0;
  methodEnd = 0;
  targetEnd = 0;
  readonly version = new Version();
  readonly #targetLength: number;
  #state = START;
  #emptyLines = 0;

  constructor(targetLength: number) {
    this.#targetLength = targetLength;
  }

  get targetStart(): number {
    return this.methodEnd + 1;
  }

  get isDone(): boolean {
    return this.#state === DONE;
  }

  /** Something other than whole empty lines has arrived. */
  get hasBegun(): boolean {
    return this.#state !== START;
  }

  reset(): void {
    this.#state = START;
    this.#emptyLines = 0;
  }

  scan(bytes: Bytes, start: number, end: number, shift: number): number {
    let at = start;
    if (this.#state < METHOD) at = this.#scanEmptyLines(bytes, at, end, shift);
    if (this.#state === METHOD) {
      while (at < end && TOKEN[bytes[at] as number] === 1) at++;
      this.methodEnd = at + shift;
      const length = this.methodEnd - this.methodStart;
      if (length > MAX_METHOD_LENGTH) refuse('method-too-long');
      if (at === end) return at;
      if (bytes[at] === LF) refuse('bare-lf');
      if (bytes[at] !== SP || length === 0) refuse('invalid-method');
      at++;
      this.#state = IN_TARGET;
    }
    if (this.#state === IN_TARGET) {
      while (at < end && TARGET[bytes[at] as number] === 1) at++;
      this.targetEnd = at + shift;
      const length = this.targetEnd - this.targetStart;
      if (length > this.#targetLength) refuse('target-too-long');
      if (at === end) return at;
      if (bytes[at] === LF) refuse('bare-lf');
      if (bytes[at] === CR) refuse('invalid-version');
      if (bytes[at] !== SP || length === 0) refuse('invalid-target');
      at++;
      this.#state = VERSION;
    }
    while (at < end && this.#state === VERSION) {
      this.#takeVersion(at + shift - this.targetEnd - 1, bytes[at] as number);
      at++;
    }
    return at;
  }

  #scanEmptyLines(bytes: Bytes, start: number, end: number, shift: number): number {
    let at = start;
    for (; at < end; at++) {
      const byte = bytes[at] as number;
      if (this.#state === EMPTY_LINE) {
        if (byte !== LF) refuse('bare-cr');
        this.#state = START;
      } else if (byte === CR) {
        if (++this.#emptyLines > MAX_EMPTY_LINES) refuse('too-many-empty-lines');
        this.#state = EMPTY_LINE;
      } else {
        this.methodStart = at + shift;
        this.#state = METHOD;
        break;
      }
    }
    return at;
  }

  #takeVersion(index: number, byte: number): void {
    if (index < VERSION_LENGTH) {
      if (byte === LF) refuse('bare-lf');
      this.version.take(index, byte);
    } else if (index === VERSION_LENGTH) {
      if (byte === LF) refuse('bare-lf');
      if (byte !== CR) refuse('invalid-version');
      this.version.check();
    } else {
      if (byte !== LF) refuse('bare-cr');
      this.#state = DONE;
    }
  }
}
