/**
 * One answer on its way to all who asked for it meanwhile. Whether it may be kept shows with its
 * head: if so everybody reads it as it comes; if not it is its leader's alone.
 */
import type { FieldLines, Fields, ResponseHead } from '@headgate/http1';
import type { AnswerSource } from '../carrier.ts';
import { type Failure, failure } from '../errors.ts';
import type { Attempt } from '../exchange.ts';
import type { RequestRecord } from '../request.ts';
import { Audience, type Told } from './audience.ts';
import { cacheStatusLine } from './cache-status.ts';
import { ageOf, type StoredAnswer } from './entry.ts';
import type { Filled } from './fill.ts';
import type { FlightHost, FlightPlan } from './flight-plan.ts';
import { freshenLines, isConfirmation } from './freshen.ts';
import { type CacheGuest, writerOf } from './guest.ts';
import { type Judgement, judgeAnswer, linesForOne, type Terms } from './judge-answer.ts';
import { variantKeyOf } from './key.ts';
import { PassThrough } from './pass-through.ts';
import { forEachReader, openedFrom, Reader, type ReaderHost } from './reader.ts';
import { mayServeOnError } from './reuse.ts';
import type { FetchLock } from './second-tier.ts';
import { isAnyBehind } from './shared-body.ts';
import { StreamedAnswer } from './streamed-answer.ts';
import { withoutTags } from './tags.ts';
import { fieldsOf } from './text-fields.ts';
import { PLAIN, type Wish } from './wish.ts';

type State = 'asking' | 'streaming' | 'passing' | 'over';

const TOO_LARGE = 'too-large';

export class Flight implements Filled, ReaderHost, AnswerSource {
  readonly plan: FlightPlan;
  /** Where it is found; undefined when it is found no more. */
  key: string | undefined;
  /** What is validated, and what may be served if that fails. */
  stale: StoredAnswer | undefined;
  record: RequestRecord | undefined;
  /** When the request was sent, on the monotonic clock. */
  sentMs = 0;
  /** Of the second tier's purges when it began. */
  tierMark = 0;
  /** The right to fetch, of all edges that share a second tier. */
  lock: FetchLock | undefined;
  readonly #host: FlightHost;
  readonly #readers = new Audience();
  #state: State = 'asking';
  #streamed: StreamedAnswer | undefined;
  #passing: PassThrough | undefined;
  #attempt: Attempt | undefined;
  #beganMs = 0;

  constructor(plan: FlightPlan, host: FlightHost) {
    this.plan = plan;
    this.key = plan.slot.key;
    this.#host = host;
  }

  get isAsking(): boolean {
    return this.#state === 'asking';
  }

  /** Whether those who ask now may have what it brings. */
  get isOpen(): boolean {
    return this.#state === 'asking' || this.#isKeeping;
  }

  /** What comes is to be kept. */
  get #isKeeping(): boolean {
    return this.#state === 'streaming' && this.#streamed?.isKept === true;
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** Whose request it has taken over; undefined when that one has left. */
  get leader(): Reader | undefined {
    return this.#readers.leader;
  }

  /** An upstream has answered. */
  get isAnswered(): boolean {
    return this.#attempt !== undefined;
  }

  get tags(): readonly string[] | undefined {
    return this.#streamed?.terms.tags;
  }

  /** The first one leads, unless the flight goes on behind everybody's back. */
  join(guest: CacheGuest, wish: Wish): void {
    const reader = new Reader(guest, wish, this);
    const isFirst = this.#state === 'asking' && this.#readers.size === 0;
    if (isFirst && !this.plan.isBehind) this.#readers.leader = reader;
    this.#readers.add(reader);
    if (this.#state === 'streaming') forEachReader([reader], () => this.#open(reader));
    if (this.#readers.has(reader)) guest.waits(reader);
  }

  /** What is wanted has turned up elsewhere: those who wait look again. */
  callOff(): void {
    this.#state = 'over';
    this.#host.gone(this);
    this.#sendAgain(this.#readers.dismiss());
  }

  /** Gives up what nobody waits for. */
  giveUpUnwanted(): void {
    if (this.#readers.size === 0 && this.#state !== 'over') this.#abandon();
  }

  /** It cannot go on, for reasons that lie in the edge. */
  broken(error: unknown): void {
    if (this.#state === 'over') throw error;
    const readers = this.#readers.dismiss();
    this.#abandon();
    forEachReader(readers, (reader) => reader.broke(error));
  }

  /** What it brings is not for other edges, or they have it. */
  releaseLock(): void {
    // It ends by itself.
    this.lock?.release().catch(() => {});
    this.lock = undefined;
  }

  /** It has turned out elsewhere that the answer is not to be shared. */
  passBy(why: string): void {
    this.#state = 'over';
    this.#host.gone(this);
    this.#host.passes(this, this.#readers.dismiss(), why);
  }

  interim(head: ResponseHead): void {
    const leader = this.#readers.leader;
    if (leader && !leader.hasBegun) writerOf(leader.guest).interim(head);
  }

  head(head: ResponseHead, attempt: Attempt, answerLines: FieldLines): void {
    this.#attempt = attempt;
    this.#beganMs = this.#host.now();
    try {
      this.#begin(head, answerLines);
    } catch (error) {
      this.broken(error);
    }
  }

  #begin(head: ResponseHead, answerLines: FieldLines): void {
    const { stale } = this;
    if (head.status === 304 && stale) {
      if (isConfirmation(stale.terms.etag, head.fields)) this.#confirm(stale, head);
      else this.#startOver();
      return;
    }
    if (head.status >= 500 && stale) {
      const problem = failure('upstream-status', `the upstream answered ${head.status}`);
      if (this.#serveStale(stale, problem)) return;
    }
    const judgement = this.#judge(head.status, head.fields);
    if (judgement.kind === 'keep' && !this.#isTooLarge(head.contentLength)) {
      this.#stream(head, judgement.terms, judgement.ownLines);
    } else {
      this.#pass(head, answerLines, judgement.kind === 'pass' ? judgement.why : TOO_LARGE);
    }
  }

  answer(bytes: Buffer, from: number, to: number): void {
    if (this.#state === 'streaming') this.#streamed?.shared.add(bytes.subarray(from, to));
    else this.#passing?.answer(bytes, from, to);
  }

  end(trailers: FieldLines | undefined): void {
    if (this.#state !== 'streaming') {
      this.#passing?.end(trailers);
      return;
    }
    try {
      this.#land();
    } catch (error) {
      this.broken(error);
    }
  }

  flush(): boolean {
    if (this.#passing) return this.#passing.flush();
    const streamed = this.#streamed;
    if (this.#state !== 'streaming' || !streamed) return true;
    if (streamed.isKept && this.#isTooLarge(streamed.shared.body.sizeBytes)) {
      this.#stopKeeping(streamed);
    }
    forEachReader(this.#readers, (reader) => reader.pump());
    if (streamed.isKept) return true;
    streamed.shared.dropRead(this.#readers);
    return !isAnyBehind(this.#readers);
  }

  breakOff(): void {
    // What it means is known when the attempt has settled.
  }

  finished(record: RequestRecord): void {
    const { failure: problem, error } = record;
    const state = this.#state;
    this.#state = 'over';
    this.#host.gone(this);
    const why = problem ?? failure('internal', 'the edge failed to serve this request');
    if (state === 'asking') {
      if (error !== undefined && this.#readers.leader)
        this.#readers.leader.guest.record.error = error;
      this.#readers.tellLeader(record);
      if (this.stale && this.#serveStale(this.stale, why)) return;
      this.#host.failed(this, why, this.#readers.dismiss());
    } else if (state === 'passing') {
      this.#readers.tellLeader(record);
      this.#endPassing(problem);
    } else if (state === 'streaming' && problem) {
      if (this.stale) this.#pauseRefreshing(this.stale);
      forEachReader(this.#readers.dismiss(), (reader) => reader.breakOff(problem));
    }
  }

  left(reader: Reader): void {
    if (!this.#readers.delete(reader)) return;
    if (reader === this.#readers.leader) this.#readers.leader = undefined;
    if (this.#state === 'over') return;
    const isKept = this.#isKeeping;
    const isRefreshing = this.plan.isBehind && this.#state === 'asking';
    if (this.#readers.size > 0) {
      if (this.#state === 'streaming' && !isKept) this.#goOn();
    } else if (this.#host.isEnding || !(isKept || isRefreshing)) {
      // What may be kept is worth having even when nobody waits for it any more; all else is not.
      this.#abandon();
    }
  }

  /** A reader's client takes bytes again. */
  caughtUp(reader?: Reader): void {
    if (reader === undefined) this.#attempt?.caughtUp();
    else if (this.#state === 'streaming' && !this.#isKeeping) this.#goOn();
  }

  #goOn(): void {
    this.#streamed?.shared.dropRead(this.#readers);
    if (!isAnyBehind(this.#readers)) this.#attempt?.caughtUp();
  }

  #judge(status: number, fields: Fields): Judgement {
    const { record } = this;
    const hasAuthorization = record !== undefined && record.fields.find('authorization') >= 0;
    const asked = { method: 'GET', hasAuthorization, noStore: false };
    const delayMs = Math.max(0, this.#beganMs - this.sentMs);
    const at = { epochMs: this.#host.epochMs(), delayMs };
    return judgeAnswer(asked, { status, fields }, this.plan.policy, at);
  }

  #isTooLarge(sizeBytes: number): boolean {
    return sizeBytes > this.plan.policy.maxBodyBytes;
  }

  /** The answer may be kept: everybody reads it, but those who want another variant. */
  #stream(head: ResponseHead, terms: Terms, ownLines: FieldLines): void {
    this.#state = 'streaming';
    this.#streamed = new StreamedAnswer(head, terms, this.#beganMs);
    this.#host.landsAt(this, terms.vary);
    const others = this.#dismissVariants(terms.vary);
    forEachReader(this.#readers, (reader) =>
      this.#open(reader, reader === this.#readers.leader ? ownLines : undefined),
    );
    this.#sendAgain(others);
  }

  /** Those who want another variant, told apart by these fields. */
  #dismissVariants(names: readonly string[]): Reader[] {
    if (names.length === 0) return [];
    const own = variantKeyOf(names, (this.record as RequestRecord).fields);
    const { leader } = this.#readers;
    return this.#readers.dismissWhere(
      (reader) => reader !== leader && variantKeyOf(names, reader.guest.record.fields) !== own,
    );
  }

  #sendAgain(readers: readonly Reader[]): void {
    forEachReader(readers, (reader) => this.#host.again(reader));
  }

  #open(reader: Reader, ownLines?: FieldLines): void {
    const streamed = this.#streamed as StreamedAnswer;
    const answer = streamed.opened(this.#host.now(), ownLines);
    reader.open(answer, this.#statusLine(reader, { isStored: true }));
  }

  #land(): void {
    const { slot, mark } = this.plan;
    const streamed = this.#streamed as StreamedAnswer;
    streamed.shared.complete();
    if (streamed.isKept && !this.#isTooLarge(streamed.shared.body.sizeBytes)) {
      this.#host.kept(this, streamed.stored(slot.primary, mark));
    }
    this.#state = 'over';
    this.#host.gone(this);
    forEachReader(this.#readers, (reader) => {
      if (reader.hasBegun) reader.pump();
      else this.#open(reader);
    });
  }

  /** It has grown too large: it goes on as fast as its slowest reader takes it. */
  #stopKeeping(streamed: StreamedAnswer): void {
    streamed.isKept = false;
    this.#host.gone(this);
    this.releaseLock();
    const waiting = this.#readers.dismissWhere((reader) => !reader.hasBegun);
    this.#host.passes(this, waiting, TOO_LARGE);
    if (this.#readers.size === 0) this.#abandon();
  }

  /** The answer is its leader's alone; the others ask for themselves, or once more together. */
  #pass(head: ResponseHead, answerLines: FieldLines, why: string): void {
    const leader = this.#readers.leader;
    // An answer to another request than the leader made is none of the leader's.
    const isLeaders = leader !== undefined && isAnswerTo(leader.wish, head.status);
    if (isLeaders) this.#readers.delete(leader);
    const others = this.#readers.dismiss();
    if (isLeaders) this.#passTo(leader, head, answerLines, why);
    else this.#abandon();
    if (head.status >= 500) {
      const detail = `the upstream answered ${head.status}`;
      this.#host.failed(this, failure('upstream-status', detail), others);
    } else {
      this.#host.passes(this, others, why);
    }
  }

  #passTo(leader: Reader, head: ResponseHead, answerLines: FieldLines, why: string): void {
    const { policy, why: forward } = this.plan;
    const verdict = { kind: 'forward', why: forward, detail: why } as const;
    const status = policy.tellsStatus ? cacheStatusLine(verdict) : '';
    this.#state = 'passing';
    this.#host.gone(this);
    this.releaseLock();
    this.#readers.add(leader);
    forEachReader([leader], () => {
      this.#passing = new PassThrough(leader, head, (answerLines + status) as FieldLines, this);
    });
  }

  #endPassing(problem: Failure | undefined): void {
    forEachReader(this.#readers.dismiss(), (leader) => {
      if (problem) leader.breakOff(problem);
      else leader.endsElsewhere();
    });
  }

  /** What was stored is not what the origin has, nor was that sent: the next flight asks for it. */
  #startOver(): void {
    this.#host.outdated(this);
    this.callOff();
  }

  /** The stored answer holds on, with what the 304 says about it. */
  #confirm(stale: StoredAnswer, head: ResponseHead): void {
    const lines = freshenLines(stale.terms.lines, head.fields);
    const judgement = this.#judge(stale.status, fieldsOf(lines));
    const terms =
      judgement.kind === 'keep'
        ? judgement.terms
        : { ...stale.terms, lines: linesForOne(lines, this.#host.epochMs()) };
    const answer: StoredAnswer = {
      ...stale,
      terms,
      lines: withoutTags(terms.lines),
      sinceMs: this.#beganMs,
      mark: this.plan.mark,
      refreshAfterMs: 0,
      repeated: undefined,
    };
    let others: Reader[];
    if (judgement.kind === 'keep') {
      this.#host.landsAt(this, terms.vary);
      this.#host.kept(this, answer);
      others = this.#dismissVariants(terms.vary);
    } else {
      // Not for others any more: it is the leader's, who has asked for it.
      others = this.#readers.dismissWhere((reader) => reader !== this.#readers.leader);
    }
    this.#state = 'over';
    this.#host.gone(this);
    this.#giveAll(answer, (reader) => {
      reader.guest.record.cached = 'validated';
      return this.#statusLine(reader, { isStored: judgement.kind === 'keep', status: 304 });
    });
    if (judgement.kind === 'keep') this.#sendAgain(others);
    else this.#host.passes(this, others, judgement.why);
  }

  /** To all who may have it; true when nobody is left, and there is nothing more to hope for. */
  #serveStale(stale: StoredAnswer, problem: Failure): boolean {
    const ageMs = ageOf(stale, this.#host.now());
    this.#pauseRefreshing(stale);
    const wishes = [...this.#readers].map(({ wish }) => wish);
    if (wishes.length === 0) wishes.push(PLAIN);
    if (!wishes.some((wish) => mayServeOnError(stale.terms, ageMs, wish))) return false;
    const left = this.#readers.dismissWhere(
      ({ wish }) => !mayServeOnError(stale.terms, ageMs, wish),
    );
    this.#state = 'over';
    this.#host.gone(this);
    this.#giveAll(stale, (reader) => {
      reader.guest.record.cached = 'stale';
      return this.#statusLine(reader, { detail: 'stale-if-error' });
    });
    this.#host.failed(this, problem, left);
    return true;
  }

  #giveAll(answer: StoredAnswer, lineFor: (reader: Reader) => FieldLines): void {
    const opened = openedFrom(answer, this.#host.now());
    forEachReader(this.#readers, (reader) => reader.open(opened, lineFor(reader)));
  }

  #pauseRefreshing(stale: StoredAnswer): void {
    stale.refreshAfterMs = this.#host.now() + REFRESH_PAUSE_MS;
  }

  #statusLine(reader: Reader, told: Told): FieldLines {
    if (reader === this.#readers.leader && this.record) this.#readers.tellLeader(this.record);
    return this.#readers.statusLine(reader, this.plan, told);
  }

  #abandon(): void {
    this.#state = 'over';
    this.#host.cancel(this);
    this.#host.gone(this);
  }
}

/** After a refresh that failed, what is stale is served this long before the next is tried. */
const REFRESH_PAUSE_MS = 1_000;

/**
 * Whether the answer to a request without conditions and range is one to the request with them:
 * they change nothing but successes (RFC 9110 §13.2.1 and §14.2).
 */
function isAnswerTo(wish: Wish, status: number): boolean {
  const isSuccess = status >= 200 && status <= 299;
  const isWhole =
    wish.range === undefined &&
    wish.ifNoneMatch === undefined &&
    wish.ifModifiedSince === undefined;
  return isWhole || !isSuccess;
}
