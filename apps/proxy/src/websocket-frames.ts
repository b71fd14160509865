/** The frames of a WebSocket (RFC 6455 §5.2), as far as somebody in the middle has to know them. */

/** Why the edge closes a tunnel: it stops, or another takes its place (IANA's registry). */
export type CloseCode = 1001 | 1012;

const CLOSE_OPCODE = 8;

/**
 * Follows one direction of a connection from its first byte, to know at any time whether a frame
 * or a message is under way. Looks at the headers only and checks nothing: bytes that are no
 * frames make it say anything.
 */
export class FrameTracker {
  /** A Close frame has begun. */
  hasClosed = false;
  #isFragmented = false;
  /** How much of the header of the frame under way has been read. */
  #headerSize = 0;
  /** How much of it has yet to come. */
  #headerLeft = 2;
  /** How many of the next header bytes are those of a long length. */
  #lengthLeft = 0;
  #payloadLeft = 0;

  get isBetweenFrames(): boolean {
    return this.#headerSize === 0;
  }

  /** A message may have several frames, and those of control between them. */
  get isBetweenMessages(): boolean {
    return this.#headerSize === 0 && !this.#isFragmented;
  }

  /** Follows all of `bytes`. */
  follow(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at = this.advance(bytes, at);
  }

  /**
   * Follows `bytes` from `start` to the end of the frame under way, or of the next one if none is,
   * but not beyond that of `bytes`; returns how far it came.
   */
  advance(bytes: Uint8Array, start: number): number {
    let at = start;
    while (at < bytes.length && this.#headerLeft > 0) this.#readHeader(bytes[at++] as number);
    if (this.#headerLeft > 0) return at;
    const sizeBytes = Math.min(this.#payloadLeft, bytes.length - at);
    this.#payloadLeft -= sizeBytes;
    if (this.#payloadLeft === 0) {
      this.#headerSize = 0;
      this.#headerLeft = 2;
    }
    return at + sizeBytes;
  }

  #readHeader(byte: number): void {
    this.#headerSize++;
    this.#headerLeft--;
    if (this.#headerSize === 1) {
      const opcode = byte & 0x0f;
      if (opcode === CLOSE_OPCODE) this.hasClosed = true;
      if (opcode < CLOSE_OPCODE) this.#isFragmented = (byte & 0x80) === 0;
    } else if (this.#headerSize === 2) {
      const length = byte & 0x7f;
      this.#lengthLeft = length < 126 ? 0 : length === 126 ? 2 : 8;
      this.#payloadLeft = length < 126 ? length : 0;
      this.#headerLeft = this.#lengthLeft + (byte & 0x80 ? 4 : 0);
    } else if (this.#lengthLeft > 0) {
      this.#lengthLeft--;
      this.#payloadLeft = this.#payloadLeft * 256 + byte;
    }
  }
}

/** A Close frame; `mask` is the four random bytes a client puts over what it sends (§5.3). */
export function closeFrame(code: CloseCode, mask?: Uint8Array): Buffer {
  const payload = [code >> 8, code & 0xff];
  if (!mask) return Buffer.from([0x80 | CLOSE_OPCODE, payload.length, ...payload]);
  const masked = payload.map((byte, i) => byte ^ (mask[i] as number));
  return Buffer.from([0x80 | CLOSE_OPCODE, 0x80 | payload.length, ...mask, ...masked]);
}
