/** The status line: version, three digits and a reason, one space apart (RFC 9112 §4). */
import type { Bytes } from './bytes.ts';
import { CR, LF, SP, VALUE } from './char-class.ts';
import { refuse } from './refusal.ts';
import type { StartLine } from './section-reader.ts';
import { VERSION_LENGTH, Version } from './version.ts';

const STATUS_START = VERSION_LENGTH + 1;
const STATUS_END = STATUS_START + 3;
const REASON_START = STATUS_END + 1;
const ZERO = 0x30;

/** Scans one status line after the other; offsets are in the text of the head. */
export class StatusLine implements StartLine {
  readonly reasonStart = REASON_START;
  reasonEnd = 0;
  status = 0;
  readonly version = new Version();
  #isReasonDone = false;
  #isDone = false;

  get isDone(): boolean {
    return this.#isDone;
  }

  reset(): void {
    this.status = 0;
    this.#isReasonDone = false;
    this.#isDone = false;
  }

  scan(bytes: Bytes, start: number, end: number, shift: number): number {
    let at = start;
    while (at < end && at + shift < REASON_START) {
      this.#takeFixed(at + shift, bytes[at] as number);
      at++;
    }
    if (at === end) return at;
    if (!this.#isReasonDone) {
      while (at < end && VALUE[bytes[at] as number] === 1) at++;
      if (at === end) return at;
      if (bytes[at] === LF) refuse('bare-lf');
      if (bytes[at] !== CR) refuse('invalid-status-line');
      this.reasonEnd = at + shift;
      this.#isReasonDone = true;
      if (++at === end) return at;
    }
    if (bytes[at] !== LF) refuse('bare-cr');
    this.#isDone = true;
    return at + 1;
  }

  /** The bytes before the reason, which all have their place. */
  #takeFixed(index: number, byte: number): void {
    if (byte === LF) refuse('bare-lf');
    if (index < VERSION_LENGTH) {
      this.version.take(index, byte);
    } else if (index < STATUS_START) {
      if (byte !== SP) refuse('invalid-version');
      this.version.check();
    } else if (index < STATUS_END) {
      const digit = byte - ZERO;
      if (digit < 0 || digit > 9) refuse('invalid-status-line');
      this.status = this.status * 10 + digit;
    } else {
      if (byte !== SP) refuse('invalid-status-line');
      if (this.status < 100 || this.status > 599) refuse('invalid-status');
    }
  }
}
