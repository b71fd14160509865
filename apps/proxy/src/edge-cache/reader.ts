/** One request that reads an answer which is kept, or which is on its way to several. */
import { type BodyFraming, type FieldLines, writeResponseHead } from '@headgate/http1';
import type { AnswerSource, AnswerWriter, Cancellable } from '../carrier.ts';
import { type Failure, type FailureKind, failure } from '../errors.ts';
import { ageLine } from './age-line.ts';
import { isNotModified, notModifiedLines } from './conditional.ts';
import { ageOf, Body, type RepeatedText, type StoredAnswer, TEXT_BODY_BYTES } from './entry.ts';
import { type CacheGuest, writerOf } from './guest.ts';
import type { Terms } from './judge-answer.ts';
import { contentRange, selectRange, unsatisfiableRange } from './range.ts';
import { ownText } from './text-fields.ts';
import type { Wish } from './wish.ts';

/** An answer as far as it is known, for `Reader.open`. */
export interface Opened {
  readonly status: number;
  readonly reason: string;
  readonly terms: Terms;
  readonly lines: FieldLines;
  readonly ageMs: number;
  readonly body: Body;
  /** Undefined while nobody knows. */
  readonly sizeBytes: number | undefined;
}

/** Written at once, whether or not the client is ready for it. */
export const AT_ONCE_BYTES = 256 * 1024;

const NOTHING = '' as FieldLines;

/** Who a reader tells how it gets on. */
export interface ReaderHost {
  /** It is over: its answer has ended, or it did before. */
  left(reader: Reader): void;
  /** The client takes bytes again. */
  caughtUp(reader: Reader): void;
}

export class Reader implements Cancellable, AnswerSource {
  readonly guest: CacheGuest;
  readonly wish: Wish;
  readonly #writer: AnswerWriter;
  readonly #host: ReaderHost;
  #body: Body | undefined;
  #framing: BodyFraming = 'none';
  /** Number of the chunk it reads next, and where in it. */
  #chunk = 0;
  #offset = 0;
  /** Bytes still to be passed over, and to be written. */
  #toSkip = 0;
  #toWrite = Number.POSITIVE_INFINITY;
  #isBehind = false;
  #isOver = false;
  #isElsewhere = false;

  constructor(guest: CacheGuest, wish: Wish, host: ReaderHost) {
    this.guest = guest;
    this.wish = wish;
    this.#writer = writerOf(guest);
    this.#host = host;
  }

  get hasBegun(): boolean {
    return this.#body !== undefined || this.#isElsewhere;
  }

  /** Its answer is written by somebody else. */
  beginsElsewhere(): void {
    this.#isElsewhere = true;
  }

  endsElsewhere(): void {
    this.#isOver = true;
    this.guest.finishedByCache(undefined, true);
  }

  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** The chunk it needs next. */
  get nextChunk(): number {
    return this.#chunk;
  }

  /** Begins the answer; false when that has to wait until its size is known. */
  open(answer: Opened, statusLine: FieldLines): boolean {
    if (this.#isOver) return true;
    const { status, reason, terms, sizeBytes, body } = answer;
    const { record } = this.guest;
    const isHead = record.method === 'HEAD';
    if ((isHead || this.wish.range !== undefined) && sizeBytes === undefined) return false;
    const lines = (ageLine(answer.ageMs) + idLine(record.id) + statusLine) as FieldLines;
    const validators = { ...terms, status };
    this.#body = body;
    if (!this.wish.isPlain && isNotModified(validators, this.wish)) {
      this.#begin(304, 'Not Modified', 'none', notModifiedLines(answer.lines), lines);
      this.#toWrite = 0;
    } else if (status === 200 && this.wish.range !== undefined && sizeBytes !== undefined) {
      this.#openRange(answer, sizeBytes, lines);
    } else {
      const framing = status === 204 || status === 304 ? 'none' : (sizeBytes ?? 'chunked');
      this.#begin(status, reason, framing, answer.lines, lines);
      if (isHead || framing === 'none') this.#toWrite = 0;
    }
    this.pump();
    return true;
  }

  /** Writes what has come, as far as the client takes it. */
  pump(): void {
    const body = this.#body;
    if (!body || this.#isBehind || this.#isOver) return;
    while (this.#toWrite > 0 && this.#chunk < body.dropped + body.chunks.length) {
      this.#writeFrom(body.chunks[this.#chunk - body.dropped] as Buffer);
      if (this.#writer.flush()) continue;
      this.#isBehind = true;
      return;
    }
    if (this.#toWrite > 0 && !body.isComplete) return;
    if (this.#framing === 'chunked') this.#writer.end(undefined);
    this.#writer.flush();
    this.#end();
  }

  caughtUp(): void {
    if (!this.#isBehind) return;
    this.#isBehind = false;
    this.pump();
    this.#host.caughtUp(this);
  }

  /** What it was written was all there is. */
  #end(): void {
    this.#isOver = true;
    this.#host.left(this);
    this.guest.finishedByCache(undefined, true);
  }

  /** The rest of the answer will never come. */
  breakOff(problem: Failure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { hasBegun } = this;
    if (hasBegun) this.#writer.breakOff();
    this.guest.finishedByCache(problem, hasBegun);
  }

  /** The client has left, or has no time left. */
  cancel(kind: FailureKind, detail: string): void {
    if (this.#isOver) return;
    this.#host.left(this);
    this.breakOff(failure(kind, detail));
  }

  /** Something has gone wrong with this one, which is no affair of the others. */
  broke(error: unknown): void {
    this.#isOver = true;
    this.#host.left(this);
    try {
      this.guest.broken(error);
    } catch (unheard) {
      // Nobody is left who could be told but the process.
      queueMicrotask(() => {
        throw unheard;
      });
    }
  }

  #openRange(answer: Opened, sizeBytes: number, lines: FieldLines): void {
    const { terms } = answer;
    const selected = selectRange(this.wish, terms, sizeBytes);
    if (selected === 'whole') {
      this.#begin(answer.status, answer.reason, sizeBytes, answer.lines, lines);
    } else if (selected === 'unsatisfiable') {
      const range = unsatisfiableRange(sizeBytes);
      this.#begin(416, 'Range Not Satisfiable', 0, NOTHING, (range + lines) as FieldLines);
      this.#toWrite = 0;
    } else {
      const range = contentRange(selected.from, selected.to, sizeBytes);
      this.#toSkip = selected.from;
      this.#toWrite = selected.to - selected.from;
      const all = (range + lines) as FieldLines;
      this.#begin(206, 'Partial Content', this.#toWrite, answer.lines, all);
    }
    if (this.guest.record.method === 'HEAD') this.#toWrite = 0;
  }

  #begin(
    status: number,
    reason: string,
    framing: BodyFraming,
    stored: FieldLines,
    own: FieldLines,
  ): void {
    this.#framing = framing;
    this.guest.record.status = status;
    this.#writer.begin(status, reason, framing, (stored + own) as FieldLines, this);
  }

  #writeFrom(chunk: Buffer): void {
    if (this.#toSkip > 0) {
      const skipped = Math.min(this.#toSkip, chunk.length - this.#offset);
      this.#toSkip -= skipped;
      this.#offset += skipped;
    }
    const sizeBytes = Math.min(this.#toWrite, chunk.length - this.#offset, AT_ONCE_BYTES);
    if (sizeBytes > 0) this.#writer.answer(chunk, this.#offset, this.#offset + sizeBytes);
    this.#toWrite -= sizeBytes;
    this.#offset += sizeBytes;
    if (this.#offset < chunk.length) return;
    this.#chunk++;
    this.#offset = 0;
  }
}

/** Does `step` for each of them, whatever goes wrong with one. */
export function forEachReader(readers: Iterable<Reader>, step: (reader: Reader) => void): void {
  for (const reader of [...readers]) {
    try {
      step(reader);
    } catch (error) {
      reader.broke(error);
    }
  }
}

/** What is kept, as a reader opens it. */
export function openedFrom(answer: StoredAnswer, nowMs: number): Opened {
  const { status, reason, terms, lines, bytes } = answer;
  const body = new Body();
  body.add(bytes);
  body.isComplete = true;
  return {
    status,
    reason,
    terms,
    lines,
    ageMs: ageOf(answer, nowMs),
    body,
    sizeBytes: bytes.length,
  };
}

/** Answers from what is kept, in one go: the way of nearly all hits. */
export function answerAtOnce(
  guest: CacheGuest,
  answer: StoredAnswer,
  nowMs: number,
  statusLine: FieldLines,
): void {
  const { record } = guest;
  const writer = writerOf(guest);
  answer.repeated ??= repeatedText(answer);
  const { head, endOfHead, body } = answer.repeated;
  const own = ageLine(ageOf(answer, nowMs)) + idLine(record.id) + statusLine;
  record.status = answer.status;
  writer.whole(head + own, endOfHead, body ?? answer.bytes);
  writer.flush();
  guest.finishedByCache(undefined, true);
}

function repeatedText({ status, reason, lines, bytes }: StoredAnswer): RepeatedText {
  const head = writeResponseHead(status, reason, 'none', lines).slice(0, -END_OF_LINE);
  const isText = bytes.length <= TEXT_BODY_BYTES;
  return {
    head: ownText(head),
    endOfHead: status === 204 ? '\r\n' : `content-length: ${bytes.length}\r\n\r\n`,
    body: isText ? bytes.toString('latin1') : undefined,
  };
}

const END_OF_LINE = 2;

function idLine(id: string): string {
  return `x-request-id: ${id}\r\n`;
}
