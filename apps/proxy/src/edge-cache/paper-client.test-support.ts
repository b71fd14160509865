/** A client on paper, and the guest in the cache it has sent. */
import assert from 'node:assert/strict';
import type { BodyFraming, FieldLines, ResponseHead } from '@headgate/http1';
import type { AnswerSource, AnswerWriter, Cancellable, Carrier } from '../carrier.ts';
import type { Failure, FailureKind } from '../errors.ts';
import { Peer } from '../forwarded.ts';
import type { RequestRecord } from '../request.ts';
import type { CacheGuest, Passage } from './guest.ts';

/** The client of one guest, that takes bytes or does not. */
export class PaperClient implements AnswerWriter {
  /** It asks with HEAD, and gets no bodies. */
  isHead = false;
  /** It takes nothing for now. */
  isSlow = false;
  status = 0;
  framing: BodyFraming = 'none';
  lines = '';
  body = '';
  readonly interims: number[] = [];
  isEnded = false;
  isBrokenOff = false;
  /** Told no more; whatever is written now would be in somebody else's answer. */
  isOver = false;
  /** Thrown by the next thing that is written. */
  defect: Error | undefined;
  #source: AnswerSource | undefined;
  #isBehind = false;

  get hasBegun(): boolean {
    return this.status > 0;
  }

  get isBehind(): boolean {
    return this.#isBehind;
  }

  interim(head: ResponseHead): void {
    this.#check();
    assert.equal(this.hasBegun, false, 'an interim answer in the middle of another');
    this.interims.push(head.status);
  }

  begin(
    status: number,
    _reason: string,
    framing: BodyFraming,
    lines: FieldLines,
    source: AnswerSource | undefined,
  ): void {
    this.#check();
    assert.equal(this.hasBegun, false, 'begun twice');
    this.status = status;
    this.framing = framing;
    this.lines = lines;
    this.#source = source;
  }

  whole(head: string, endOfHead: string, body: string | Buffer): void {
    const [statusLine = '', ...lines] = (head + endOfHead).trimEnd().split('\r\n');
    const length = lines.find((line) => line.startsWith('content-length: '))?.slice(16);
    const fields = lines.filter((line) => !line.startsWith('content-length: '));
    const framing = length === undefined ? 'none' : Number(length);
    const text = fields.map((line) => `${line}\r\n`).join('') as FieldLines;
    this.begin(Number(statusLine.slice(9, 12)), '', framing, text, undefined);
    assert.equal(body.length, framing === 'none' ? 0 : framing, 'another length than it says');
    if (!this.isHead && body.length > 0)
      this.answer(Buffer.from(body as string, 'latin1'), 0, body.length);
  }

  answer(bytes: Buffer, from: number, to: number): void {
    this.#check();
    assert.ok(this.hasBegun, 'a body without a head');
    assert.ok(!this.isEnded, 'more after the end');
    assert.ok(from >= 0 && from < to && to <= bytes.length, `no bytes from ${from} to ${to}`);
    this.body += bytes.toString('latin1', from, to);
    if (typeof this.framing === 'number') assert.ok(this.body.length <= this.framing, 'too long');
  }

  end(): void {
    this.#check();
    this.isEnded = true;
  }

  flush(): boolean {
    this.#check();
    this.#isBehind = this.isSlow;
    return !this.#isBehind;
  }

  breakOff(): void {
    this.#check();
    this.isBrokenOff = true;
  }

  /** Takes what it was sent, and is ready for more. */
  catchUp(): void {
    if (!this.#isBehind || this.isOver) return;
    this.#isBehind = false;
    this.#source?.caughtUp();
  }

  /** The value of a field it was sent. */
  field(name: string): string | undefined {
    return new RegExp(`^${name}: (.*)\r$`, 'im').exec(this.lines)?.[1];
  }

  #check(): void {
    assert.equal(this.isOver, false, 'written to after the end');
    const { defect } = this;
    this.defect = undefined;
    if (defect) throw defect;
  }
}

/** How a guest's stay has ended. */
type Ending =
  | { readonly kind: 'finished'; readonly problem: Failure | undefined; readonly hasBegun: boolean }
  | { readonly kind: 'passed'; readonly passage: Passage }
  | { readonly kind: 'broken'; readonly error: unknown };

/** A request in the cache's hands. */
export class PaperGuest implements CacheGuest {
  cacheTurns = 0;
  readonly record: RequestRecord;
  readonly carrier: Carrier;
  readonly client = new PaperClient();
  ending: Ending | undefined;
  #reader: Cancellable | undefined;
  readonly #onEnd: (guest: PaperGuest) => void;
  readonly #goOn: (guest: PaperGuest, passage: Passage) => void;

  constructor(
    record: RequestRecord,
    onEnd: (guest: PaperGuest) => void,
    goOn: (guest: PaperGuest, passage: Passage) => void,
  ) {
    this.#onEnd = onEnd;
    this.#goOn = goOn;
    this.record = record;
    this.client.isHead = this.record.method === 'HEAD';
    this.carrier = {
      peer: new Peer('192.0.2.1', 'http'),
      body: undefined,
      extraLines: undefined,
      writer: this.client,
      canHedge: false,
      localAuthority: () => 'localhost',
      attend() {},
      attempt: () => assert.fail('the cache makes no attempts for a guest'),
      refuse() {},
      finished() {},
    };
  }

  get isOver(): boolean {
    return this.ending !== undefined;
  }

  waits(reader: Cancellable): void {
    assert.equal(this.isOver, false, 'waits after the end');
    this.#reader = reader;
  }

  finishedByCache(problem: Failure | undefined, hasBegun: boolean): void {
    assert.equal(hasBegun, this.client.hasBegun);
    this.#end({ kind: 'finished', problem, hasBegun });
  }

  goOn(passage: Passage): void {
    assert.equal(this.client.hasBegun, false, 'has an answer, and goes on');
    this.#end({ kind: 'passed', passage });
    this.#goOn(this, passage);
  }

  broken(error: unknown): void {
    if (this.isOver) throw error;
    this.#end({ kind: 'broken', error });
  }

  /** The client leaves, or its time is up. */
  leave(kind: FailureKind = 'client-gone'): void {
    if (!this.isOver) this.#reader?.cancel(kind, kind);
  }

  #end(ending: Ending): void {
    assert.equal(this.ending, undefined, 'ended twice');
    this.ending = ending;
    this.#reader = undefined;
    this.client.isOver = true;
    // The parser reads the next request into the same memory.
    if (ending.kind !== 'passed') {
      Object.defineProperty(this.record, 'fields', {
        get: () => assert.fail('the fields of a request that is over'),
      });
    }
    this.#onEnd(this);
  }
}
