/** The version in a start line, `HTTP/1.1` or `HTTP/1.0`, byte by byte (RFC 9112 §2.3). */
import { DOT } from './char-class.ts';
import { refuse } from './refusal.ts';

const PROTOCOL = 'HTTP/';
const ZERO = 0x30;

/** How many bytes a version is long. */
export const VERSION_LENGTH = 8;

/** Collects a version and judges it when it is complete. */
export class Version {
  minor = 1;
  #major = 1;

  /** Takes byte number `index`, from 0. Throws a Refusal. */
  take(index: number, byte: number): void {
    if (index < PROTOCOL.length) {
      if (byte !== PROTOCOL.charCodeAt(index)) refuse('invalid-version');
    } else if (index === PROTOCOL.length + 1) {
      if (byte !== DOT) refuse('invalid-version');
    } else {
      const digit = byte - ZERO;
      if (digit < 0 || digit > 9) refuse('invalid-version');
      if (index === PROTOCOL.length) this.#major = digit;
      else this.minor = digit;
    }
  }

  /** To be called when something well formed follows: only then is 505 the answer. */
  check(): void {
    // There is no HTTP/1.2, and whoever sends one wants to see two parsers differ.
    if (this.#major !== 1 || this.minor > 1) refuse('unsupported-version');
  }
}
