/** Bodies in chunks, with trailers (RFC 9112 §7.1). */
import type { Bytes } from './bytes.ts';
import { CR, LF } from './char-class.ts';
import { ChunkLine } from './chunk-line.ts';
import { FORBIDDEN_TRAILERS } from './field-kind.ts';
import { FieldTable } from './fields.ts';
import type { Limits } from './limits.ts';
import { refuse } from './refusal.ts';
import { SectionReader } from './section-reader.ts';
import type { BodySink } from './sink.ts';

const LINE = 0;
const DATA = 1;
const DATA_CR = 2;
const DATA_LF = 3;
const TRAILERS = 4;
const DONE = 5;

/** Reads one chunked body after the other. */
export class ChunkedReader {
  readonly #line: ChunkLine;
  readonly #trailers = new FieldTable();
  readonly #trailerReader: SectionReader;
  #remaining = 0;
  #state = LINE;

  constructor(limits: Limits) {
    this.#line = new ChunkLine(limits.chunkExtensionBytes);
    this.#trailerReader = new SectionReader(this.#trailers, {
      sizeBytes: limits.trailerSizeBytes,
      fieldCount: limits.headerCount,
      tooLarge: 'trailers-too-large',
    });
  }

  get isDone(): boolean {
    return this.#state === DONE;
  }

  reset(): void {
    this.#line.reset();
    this.#trailerReader.reset();
    this.#state = LINE;
  }

  /** Reads up to the end of the body or `end`; returns where it stopped. Throws a Refusal. */
  read(bytes: Bytes, start: number, end: number, sink: BodySink): number {
    let at = start;
    while (at < end && this.#state !== DONE) {
      if (this.#state === DATA) at = this.#readData(bytes, at, end, sink);
      else if (this.#state === TRAILERS) at = this.#readTrailers(bytes, at, end, sink);
      else this.#takeFraming(bytes[at++] as number);
    }
    return at;
  }

  #readData(bytes: Bytes, start: number, end: number, sink: BodySink): number {
    const to = Math.min(end, start + this.#remaining);
    this.#remaining -= to - start;
    if (this.#remaining === 0) this.#state = DATA_CR;
    sink.body(bytes, start, to);
    return to;
  }

  #readTrailers(bytes: Bytes, start: number, end: number, sink: BodySink): number {
    const at = this.#trailerReader.read(bytes, start, end);
    if (!this.#trailerReader.isDone) return at;
    this.#state = DONE;
    const trailers = this.#trailers;
    for (let i = 0; i < trailers.count; i++) {
      if (
        FORBIDDEN_TRAILERS.indexOf(trailers.text, trailers.nameStart(i), trailers.nameEnd(i)) >= 0
      ) {
        refuse('forbidden-trailer');
      }
    }
    if (trailers.count > 0) sink.trailers?.(trailers);
    return at;
  }

  #takeFraming(byte: number): void {
    if (this.#state === LINE) {
      if (!this.#line.take(byte)) return;
      this.#remaining = this.#line.size;
      this.#state = this.#remaining === 0 ? TRAILERS : DATA;
    } else if (this.#state === DATA_CR) {
      if (byte !== CR) refuse('chunk-not-terminated');
      this.#state = DATA_LF;
    } else {
      if (byte !== LF) refuse('chunk-not-terminated');
      this.#state = LINE;
    }
  }
}
