/** An answer that is for the one client alone whose request it answers. */
import type { FieldLines, ResponseHead } from '@headgate/http1';
import type { AnswerSource, AnswerWriter } from '../carrier.ts';
import { endToEndResponseLines } from '../headers.ts';
import { dateLine } from '../http1/date.ts';
import { writerOf } from './guest.ts';
import type { Reader } from './reader.ts';

export class PassThrough {
  readonly reader: Reader;
  readonly #writer: AnswerWriter;

  /** `source` is told when the client takes bytes again. */
  constructor(reader: Reader, head: ResponseHead, ownLines: FieldLines, source: AnswerSource) {
    this.reader = reader;
    this.#writer = writerOf(reader.guest);
    const { record } = reader.guest;
    record.status = head.status;
    record.cached = 'pass';
    reader.beginsElsewhere();
    const date = head.fields.find('date') < 0 ? dateLine() : '';
    const lines = (endToEndResponseLines(head.fields) + date + ownLines) as FieldLines;
    this.#writer.begin(head.status, head.reason, framingOf(head), lines, source);
  }

  answer(bytes: Buffer, from: number, to: number): void {
    this.#writer.answer(bytes, from, to);
  }

  end(trailers: FieldLines | undefined): void {
    this.#writer.end(trailers);
  }

  flush(): boolean {
    return this.#writer.flush();
  }
}

function framingOf({ framing, contentLength }: ResponseHead) {
  if (framing === 'length') return contentLength;
  return framing === 'none' ? 'none' : 'chunked';
}
