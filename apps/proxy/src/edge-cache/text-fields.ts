/** Fields that live in text of their own, for as long as they are needed. */
import type { FieldLines, Fields, NameSet } from '@headgate/http1';

/** Integers per field: start and end of the name, start and end of the value, end of the line. */
const STRIDE = 5;

/** Reads lines that are stored; all of them are end-to-end. */
export function fieldsOf(lines: FieldLines): Fields {
  return new TextFields(lines, lines.length);
}

/** The lines of the fields whose name, in lower case, is kept, out of those to pass on. */
export function endToEndWhere(fields: Fields, isKept: (lowerName: string) => boolean): FieldLines {
  const passedOn = fields.endToEnd();
  return new TextFields(passedOn, passedOn.length).linesWhere(isKept);
}

/** The same text, on its own: a part of another text, or parts put together, keep those alive. */
export function ownText<T extends string>(text: T): T {
  return Buffer.from(text, 'latin1').toString('latin1') as T;
}

/** Fields over whole lines, of which those that are passed on come first. */
export class TextFields implements Fields {
  readonly count: number;
  readonly #text: string;
  readonly #at: Int32Array;
  readonly #endToEndCount: number;

  /** What is passed on ends, in `text`, before `endToEndLength`. */
  constructor(text: FieldLines, endToEndLength: number) {
    const at: number[] = [];
    let endToEndCount = 0;
    for (let start = 0; start < text.length; ) {
      const end = text.indexOf('\r\n', start) + 2;
      const nameEnd = text.indexOf(':', start);
      let valueStart = nameEnd + 1;
      let valueEnd = end - 2;
      while (valueStart < valueEnd && isBlank(text.charCodeAt(valueStart))) valueStart++;
      while (valueEnd > valueStart && isBlank(text.charCodeAt(valueEnd - 1))) valueEnd--;
      at.push(start, nameEnd, valueStart, valueEnd, end);
      if (end <= endToEndLength) endToEndCount++;
      start = end;
    }
    this.#text = text;
    this.#at = Int32Array.from(at);
    this.count = at.length / STRIDE;
    this.#endToEndCount = endToEndCount;
  }

  name(i: number): string {
    return this.#text.slice(this.#at[i * STRIDE], this.#at[i * STRIDE + 1]);
  }

  value(i: number): string {
    return this.#text.slice(this.#at[i * STRIDE + 2], this.#at[i * STRIDE + 3]);
  }

  is(i: number, lowerName: string): boolean {
    const slot = i * STRIDE;
    if ((this.#at[slot + 1] as number) - (this.#at[slot] as number) !== lowerName.length) {
      return false;
    }
    return this.name(i).toLowerCase() === lowerName;
  }

  find(lowerName: string, from = 0): number {
    for (let i = from; i < this.count; i++) if (this.is(i, lowerName)) return i;
    return -1;
  }

  endToEnd(dropped?: NameSet): FieldLines {
    return this.linesWhere(
      (name) => dropped === undefined || dropped.indexOf(name, 0, name.length) < 0,
    );
  }

  /** Of what is passed on, the lines of the fields whose name, in lower case, is kept. */
  linesWhere(isKept: (lowerName: string) => boolean): FieldLines {
    let lines = '';
    for (let i = 0; i < this.#endToEndCount; i++) {
      if (!isKept(this.name(i).toLowerCase())) continue;
      lines += this.#text.slice(this.#at[i * STRIDE], this.#at[i * STRIDE + 4]);
    }
    return lines as FieldLines;
  }
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
