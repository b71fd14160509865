/** What the codec needs of the caller's bytes. */

/** Received bytes; a Node `Buffer` is one. Read during a call and never kept. */
export interface Bytes {
  readonly [index: number]: number;
  /** The bytes from `start` up to, not including, `end`, one character each. */
  toString(encoding: 'latin1', start: number, end: number): string;
}
