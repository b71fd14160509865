/** Random hexadecimal digits, drawn from the system in blocks: a draw costs more than a request. */
import type { RandomBytes } from './random-bytes.ts';

/** `count` lower-case hex digits, none of them given out before; at most 256 at a time. */
export type RandomHex = (count: number) => string;

const BLOCK_BYTES = 2_048;

/** Digits as unpredictable as the bytes of `randomBytes`. */
export function createRandomHex(randomBytes: RandomBytes): RandomHex {
  let block = '';
  let at = 0;
  return (count) => {
    if (at + count > block.length) {
      block = Buffer.from(randomBytes(BLOCK_BYTES)).toString('hex');
      at = 0;
    }
    at += count;
    return block.slice(at - count, at);
  };
}
