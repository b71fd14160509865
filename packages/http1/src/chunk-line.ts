/** The line before the data of a chunk: its size and extensions (RFC 9112 §7.1). */
import { BACKSLASH, CR, DQUOTE, EQUALS, HEX, LF, SEMICOLON, TOKEN, VALUE } from './char-class.ts';
import { refuse } from './refusal.ts';

const MAX_DIGITS = 16;

const SIZE = 0;
const NAME_START = 1;
const NAME = 2;
const VALUE_START = 3;
const TOKEN_VALUE = 4;
const QUOTED = 5;
const ESCAPED = 6;
const AFTER_QUOTED = 7;
const LINE_END = 8;

/**
 * Takes chunk lines byte by byte. Extensions are checked and dropped: they are between neighbours
 * (RFC 9112 §7.1.1). Whitespace in them, which no one may send, is refused and not skipped.
 */
export class ChunkLine {
  /** Bytes of data in the chunk whose line was read last. */
  size = 0;
  readonly #maxExtensionBytes: number;
  #extensionBytes = 0;
  #digits = 0;
  #state = SIZE;

  constructor(maxExtensionBytes: number) {
    this.#maxExtensionBytes = maxExtensionBytes;
  }

  /** Starts on the first line of another message. */
  reset(): void {
    this.#extensionBytes = 0;
    this.#startLine();
  }

  /** Takes one byte and says whether it ended the line. Throws a Refusal. */
  take(byte: number): boolean {
    if (this.#state === LINE_END) {
      if (byte !== LF) refuse('bare-cr');
      this.#startLine();
      return true;
    }
    if (byte === LF) refuse('bare-lf');
    if (this.#state === SIZE) this.#takeDigit(byte);
    else this.#takeExtension(byte);
    return false;
  }

  #startLine(): void {
    this.#state = SIZE;
    this.#digits = 0;
  }

  #takeDigit(byte: number): void {
    const digit = HEX[byte] as number;
    if (digit > 15) {
      if (this.#digits === 0) refuse('invalid-chunk-size');
      if (byte === CR) this.#state = LINE_END;
      else if (byte === SEMICOLON) this.#state = NAME_START;
      else refuse('invalid-chunk-size');
      return;
    }
    this.size = this.#digits === 0 ? digit : this.size * 16 + digit;
    if (++this.#digits > MAX_DIGITS || this.size > Number.MAX_SAFE_INTEGER) {
      refuse('invalid-chunk-size');
    }
  }

  #takeExtension(byte: number): void {
    if (++this.#extensionBytes > this.#maxExtensionBytes) refuse('chunk-extension-too-long');
    const isToken = TOKEN[byte] === 1;
    switch (this.#state) {
      case NAME_START:
        if (!isToken) refuse('invalid-chunk-extension');
        this.#state = NAME;
        break;
      case NAME:
        if (byte === EQUALS) this.#state = VALUE_START;
        else if (!isToken) this.#endExtension(byte);
        break;
      case VALUE_START:
        if (byte === DQUOTE) this.#state = QUOTED;
        else if (isToken) this.#state = TOKEN_VALUE;
        else refuse('invalid-chunk-extension');
        break;
      case TOKEN_VALUE:
        if (!isToken) this.#endExtension(byte);
        break;
      case QUOTED:
        if (byte === DQUOTE) this.#state = AFTER_QUOTED;
        else if (byte === BACKSLASH) this.#state = ESCAPED;
        else if (VALUE[byte] !== 1) refuse('invalid-chunk-extension');
        break;
      case ESCAPED:
        if (VALUE[byte] !== 1) refuse('invalid-chunk-extension');
        this.#state = QUOTED;
        break;
      default:
        this.#endExtension(byte);
    }
  }

  #endExtension(byte: number): void {
    if (byte === CR) this.#state = LINE_END;
    else if (byte === SEMICOLON) this.#state = NAME_START;
    else refuse('invalid-chunk-extension');
  }
}
