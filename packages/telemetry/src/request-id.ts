/** Request ids: unique without a random number per request, and safe to log and pass on. */
import type { RandomBytes } from './random-bytes.ts';

/** Makes the ids of one process. */
export interface RequestIds {
  /** 20 characters 0-9 and a-z: 12 that are this process's own, then a count. */
  next(): string;
}

const PREFIX_LENGTH = 12;
const COUNT_LENGTH = 8;
/** The count ends in one of these; what stands before changes but once in their number. */
const TAIL_LENGTH = 2;
const TAILS = Array.from({ length: 36 ** TAIL_LENGTH }, (_, i) => digits36(i, TAIL_LENGTH));
const MAX_STEMS = 36 ** (COUNT_LENGTH - TAIL_LENGTH);

/** A source of ids that differ from those of any other process, by 62 random bits. */
export function createRequestIds(randomBytes: RandomBytes): RequestIds {
  let prefix = randomPrefix(randomBytes);
  let stems = 0;
  let stem = '';
  let tail = TAILS.length;
  return {
    next() {
      if (tail === TAILS.length) {
        if (stems === MAX_STEMS) {
          prefix = randomPrefix(randomBytes);
          stems = 0;
        }
        stem = prefix + digits36(stems++, COUNT_LENGTH - TAIL_LENGTH);
        tail = 0;
      }
      return stem + TAILS[tail++];
    },
  };
}

function digits36(value: number, length: number): string {
  return value.toString(36).padStart(length, '0');
}

/**
 * May an id that came with a request be kept? 1 to 128 visible ASCII characters: nothing that
 * could break a header, a log line or a terminal.
 */
export function isValidRequestId(id: string): boolean {
  return /^[\x21-\x7e]{1,128}$/.test(id);
}

function randomPrefix(randomBytes: RandomBytes): string {
  return Array.from(randomBytes(PREFIX_LENGTH), (byte) => (byte % 36).toString(36)).join('');
}
