/** Sets of field names that are looked up in a head without taking the name out of it. */
import { LOWER } from './char-class.ts';

const SLOTS = 256;
const LAST_SLOT = SLOTS - 1;
const LOWER_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** A fixed set of lower-case names, matched without regard to case. */
export class NameSet {
  readonly #names: readonly string[];
  /** Open addressing: 1 + the index of a name, 0 when free. */
  readonly #slots = new Uint8Array(SLOTS);

  /** Throws a RangeError unless `names` are at most 128 field names in lower case. */
  constructor(names: readonly string[]) {
    if (names.length > SLOTS / 2) {
      throw new RangeError(`${names.length} names for a set that takes ${SLOTS / 2}`);
    }
    const wrong = names.find((name) => !LOWER_NAME.test(name));
    if (wrong !== undefined) {
      throw new RangeError(`${JSON.stringify(wrong)} is not a field name in lower case`);
    }
    this.#names = names;
    for (const [i, name] of names.entries()) {
      let slot = slotOf(name, 0, name.length);
      while (this.#slots[slot] !== 0) slot = (slot + 1) & LAST_SLOT;
      this.#slots[slot] = i + 1;
    }
  }

  /** The index of the name that is `text` from `start` to `end`, or -1. */
  indexOf(text: string, start: number, end: number): number {
    if (start === end) return -1;
    let slot = slotOf(text, start, end);
    for (;;) {
      const entry = this.#slots[slot] as number;
      if (entry === 0) return -1;
      if (equalsLower(text, start, end, this.#names[entry - 1] as string)) return entry - 1;
      slot = (slot + 1) & LAST_SLOT;
    }
  }
}

/** Length, first and last letter tell field names apart nearly always. */
function slotOf(text: string, start: number, end: number): number {
  const first = LOWER[text.charCodeAt(start)] as number;
  const last = LOWER[text.charCodeAt(end - 1)] as number;
  return (first * 7 + last * 31 + (end - start) * 11) & LAST_SLOT;
}

/** Whether `text` from `start` to `end` is `lower`, which is in lower case. */
export function equalsLower(text: string, start: number, end: number, lower: string): boolean {
  if (end - start !== lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    if (LOWER[text.charCodeAt(start + i)] !== lower.charCodeAt(i)) return false;
  }
  return true;
}
