/**
 * The edge's cache (RFC 9111, as a shared cache): looks a request up, answers it from what is kept,
 * or has it wait for the one flight that brings the answer to all who ask the same.
 */
import type { Purge, RedisStore } from '@headgate/cache';
import type { FieldLines, Fields } from '@headgate/http1';
import type { CacheStatus } from '../admin/cache.ts';
import type { Carrier } from '../carrier.ts';
import { type Failure, failure } from '../errors.ts';
import type { PreparedRequest } from '../exchange.ts';
import type { RequestRecord } from '../request.ts';
import { cacheStatusLine, type ForwardReason } from './cache-status.ts';
import type { CacheCounts } from './counts.ts';
import { ageOf, type StoredAnswer } from './entry.ts';
import { createFill, type Fill } from './fill.ts';
import { Flight } from './flight.ts';
import type { FlightHost } from './flight-plan.ts';
import type { CacheGuest, CacheResult, Passage } from './guest.ts';
import { invalidatedTargets, invalidates } from './invalidate.ts';
import { judgeAnswer } from './judge-answer.ts';
import { primaryKeyOf } from './key.ts';
import { CacheMemory, type Slot } from './memory.ts';
import { PassMarks } from './pass-marks.ts';
import type { CachePolicy } from './policy.ts';
import { AT_ONCE_BYTES, answerAtOnce, openedFrom, Reader } from './reader.ts';
import { judgeReuse, type Reuse } from './reuse.ts';
import { SecondTier } from './second-tier.ts';
import { PLAIN, readWish, type Wish } from './wish.ts';

export interface EdgeCacheSettings {
  /** Of the memory of this worker. */
  readonly maxSizeBytes: number;
  /** Shared with other edges; undefined without one. */
  readonly store: RedisStore | undefined;
  /** Larger answers are not shared. */
  readonly maxEntryBytes: number;
}

export interface EdgeCacheDeps {
  /** Grow as long as the edge runs, whatever becomes of this cache. */
  readonly counts: CacheCounts;
  /** Monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Wall clock in milliseconds, to read dates by. */
  readonly epochMs: () => number;
  /** Has `request` answered by an upstream, through `carrier`. */
  readonly fetch: (record: RequestRecord, request: PreparedRequest, carrier: Carrier) => void;
  /** The other workers of this edge hear of the keys a request has made invalid. */
  readonly announce: (keys: readonly string[]) => void;
}

const NO_LINE = '' as FieldLines;
/** Lookups of one request before it goes on for itself. */
const MAX_TURNS = 4;

export class EdgeCache {
  readonly memory: CacheMemory;
  /** Shared with other edges; undefined without one. */
  readonly tier: SecondTier | undefined;
  readonly #deps: EdgeCacheDeps;
  readonly #flights = new Map<string, Flight>();
  readonly #fills = new Map<Flight, Fill>();
  readonly #passMarks: PassMarks;
  readonly #host: FlightHost;

  constructor(settings: EdgeCacheSettings, deps: EdgeCacheDeps) {
    const { maxSizeBytes, store, maxEntryBytes } = settings;
    this.memory = new CacheMemory(maxSizeBytes);
    this.tier =
      store && new SecondTier({ store, memory: this.memory, maxEntryBytes, now: deps.now });
    this.#deps = deps;
    this.#passMarks = new PassMarks(deps.now);
    this.#host = this.#createHost();
    store?.onPurge((purge) => this.#take(fromTier(purge)));
  }

  /** Answers `guest`, now or later; or returns how it goes on to an upstream. */
  admit(guest: CacheGuest, policy: CachePolicy): Passage | undefined {
    const { record, carrier } = guest;
    const { method } = record;
    if (carrier.writer === undefined) return this.#passage(guest, policy, 'bypass');
    const isRead = method === 'GET' || method === 'HEAD';
    if (!isRead || carrier.body) return this.#passage(guest, policy, 'method');
    const wish = readWish(method, record.fields, policy);
    if (wish.hasPrecondition || wish.noStore) return this.#passage(guest, policy, 'request');

    const slot = this.memory.slotOf(this.#primaryOf(record, policy), policy.key, record.fields);
    const kept = this.memory.find(slot.key);
    const nowMs = this.#deps.now();
    let reuse: Reuse = 'revalidate';
    if (kept) {
      const ageMs = ageOf(kept, nowMs);
      reuse = judgeReuse(kept.terms, ageMs, wish);
      if (reuse !== 'revalidate') {
        // Served, the request is over, and what it was made of is gone.
        if (reuse === 'stale' && judgeReuse(kept.terms, ageMs, PLAIN) === 'stale') {
          this.#refresh(guest, kept, slot, policy, nowMs);
        }
        this.#serve(guest, kept, policy, wish, reuse, nowMs);
        return undefined;
      }
    }
    const why: ForwardReason = kept ? whyNot(kept, nowMs, wish) : this.#whyMissing(slot);
    if (wish.onlyIfCached) {
      guest.finishedByCache(
        failure('not-cached', 'the client wants an answer from the cache only'),
        false,
      );
      return undefined;
    }
    if (method === 'HEAD' || this.#passMarks.has(slot.key) || ++guest.cacheTurns > MAX_TURNS) {
      return this.#passage(guest, policy, why, slot);
    }
    const flight = policy.collapses ? this.#flights.get(slot.key) : undefined;
    if (flight?.isOpen) flight.join(guest, wish);
    else this.#depart(guest, wish, kept, slot, policy, why, false);
    return undefined;
  }

  /** Forgets, here and where others share it. */
  async purge(purge: Purge): Promise<'here' | 'everywhere' | 'queued'> {
    this.#take(purge);
    if (!this.tier) return 'here';
    return (await this.tier.purge(purge)) === 'done' ? 'everywhere' : 'queued';
  }

  /** What another worker of this edge has forgotten, and told others of already. */
  forget(key: string): void {
    this.#take({ kind: 'key', key });
  }

  status(): CacheStatus {
    const { entries, sizeBytes, maxSizeBytes } = this.memory;
    const { hit, miss, validated, stale, collapsed, pass } = this.#deps.counts;
    const redis = this.tier?.store.status();
    return {
      entries,
      sizeBytes,
      maxSizeBytes,
      hits: hit,
      misses: miss + validated,
      stale,
      collapsed,
      passes: pass,
      redis: redis && { ...redis, lastError: redis.lastError?.message },
    };
  }

  /** Drops what is kept and ends the second tier; flights under way end with their requests. */
  async close(): Promise<void> {
    await this.tier?.store.close();
  }

  #primaryOf(record: RequestRecord, policy: CachePolicy): string {
    const { client, host, path, query } = record;
    const { proto } = client;
    return primaryKeyOf({ proto, host, forwardedHost: client.host, path, query }, policy.key);
  }

  #serve(
    guest: CacheGuest,
    kept: StoredAnswer,
    policy: CachePolicy,
    wish: Wish,
    reuse: Exclude<Reuse, 'revalidate'>,
    nowMs: number,
  ): void {
    const result: CacheResult = reuse === 'fresh' ? 'hit' : 'stale';
    guest.record.cached = result;
    const ageMs = ageOf(kept, nowMs);
    const statusLine = policy.tellsStatus
      ? cacheStatusLine({ kind: 'hit', ttlMs: kept.terms.lifetimeMs - ageMs })
      : NO_LINE;
    if (wish.isPlain && kept.bytes.length <= AT_ONCE_BYTES) {
      answerAtOnce(guest, kept, nowMs, statusLine);
      return;
    }
    const reader = new Reader(guest, wish, ALONE);
    guest.waits(reader);
    reader.open(openedFrom(kept, nowMs), statusLine);
  }

  /** In the time its answer may be served stale, one request at a time asks for a fresh one. */
  #refresh(
    guest: CacheGuest,
    kept: StoredAnswer,
    slot: Slot,
    policy: CachePolicy,
    nowMs: number,
  ): void {
    if (nowMs < kept.refreshAfterMs || this.#flights.has(slot.key)) return;
    this.#depart(guest, undefined, kept, slot, policy, 'stale', false);
  }

  /** Starts a flight, led by `guest`; or behind its back, when it has no wish. */
  #depart(
    guest: CacheGuest,
    wish: Wish | undefined,
    stale: StoredAnswer | undefined,
    slot: Slot,
    policy: CachePolicy,
    why: ForwardReason,
    isSecond: boolean,
  ): Flight {
    const { mark } = this.memory.purges;
    const isBehind = wish === undefined;
    const plan = { slot, policy, mark, why, isSecond, isBehind };
    const flight = new Flight(plan, this.#host);
    const fill = createFill(guest.record, guest.carrier, policy.key, flight);
    flight.stale = stale;
    flight.record = fill.record;
    if (policy.collapses || isBehind) this.#flights.set(slot.key, flight);
    this.#fills.set(flight, fill);
    if (wish) flight.join(guest, wish);
    if (this.tier?.isUsable && !wish?.noCache) this.#consult(this.tier, flight);
    else this.#fetch(flight);
    return flight;
  }

  #consult(tier: SecondTier, flight: Flight): void {
    flight.tierMark = tier.store.mark();
    void tier.consult(
      flight,
      () => this.#fetch(flight),
      (answer) => {
        const { slot } = flight.plan;
        const { fields } = flight.record as RequestRecord;
        this.memory.keep(this.memory.place(slot, answer.terms.vary, fields), answer);
        flight.callOff();
      },
    );
  }

  #fetch(flight: Flight): void {
    const fill = this.#fills.get(flight);
    if (!fill || !flight.isAsking) return;
    this.#deps.counts.fetches++;
    flight.sentMs = this.#deps.now();
    this.#deps.fetch(fill.record, fill.request(flight.stale?.terms), fill.carrier);
  }

  #createHost(): FlightHost {
    return {
      now: this.#deps.now,
      epochMs: this.#deps.epochMs,
      landsAt: (flight, names) => this.#landsAt(flight, names),
      kept: (flight, answer) => this.#keep(flight, answer),
      gone: (flight) => this.#forget(flight),
      passes: (flight, readers, why) => this.#passAll(flight, readers, why),
      failed: (flight, problem, readers) => this.#failed(flight, problem, readers),
      again: (reader) => this.#again(reader),
      cancel: (flight) => this.#cancel(flight),
    };
  }

  #landsAt(flight: Flight, names: readonly string[]): void {
    const { slot } = flight.plan;
    const { fields } = flight.record as RequestRecord;
    this.#passMarks.delete(slot.key);
    const key = this.memory.place(slot, names, fields);
    if (key === flight.key || flight.key === undefined) return;
    this.#forget(flight);
    flight.key = key;
    if (!this.#flights.has(key)) this.#flights.set(key, flight);
  }

  #keep(flight: Flight, answer: StoredAnswer): void {
    const { slot } = flight.plan;
    const { fields } = flight.record as RequestRecord;
    const key = this.memory.place(slot, answer.terms.vary, fields);
    this.#deps.counts.stored++;
    this.memory.keep(key, answer);
    this.tier?.keep(slot, key, answer, flight.tierMark);
  }

  #forget(flight: Flight): void {
    if (flight.key !== undefined && this.#flights.get(flight.key) === flight) {
      this.#flights.delete(flight.key);
    }
    if (!flight.isOver) return;
    this.#fills.delete(flight);
    flight.releaseLock();
  }

  #cancel(flight: Flight): void {
    const fill = this.#fills.get(flight);
    this.#fills.delete(flight);
    fill?.cancel('client-gone', 'nobody waits for the answer any more');
  }

  /** The answer is not for all: everybody asks for himself, now and for a while. */
  #passAll(flight: Flight, readers: readonly Reader[], why: string): void {
    const { slot, policy } = flight.plan;
    this.#passMarks.add(slot.key);
    // What the origin says now holds, and not what it said before.
    if (flight.stale) this.memory.drop(slot.key);
    this.tier?.markPass(slot, flight.tierMark);
    for (const { guest } of readers) {
      guest.goOn(this.#passage(guest, policy, flight.plan.why, slot, why));
    }
  }

  /** Those who have waited in vain wait for one more; what fails twice fails for all. */
  #failed(flight: Flight, problem: Failure, readers: readonly Reader[]): void {
    const { slot, policy, why, isSecond } = flight.plan;
    const isWorthIt = !isSecond && problem.side === 'upstream';
    const waiting: Reader[] = [];
    for (const reader of readers) {
      if (isWorthIt && reader !== flight.leader) waiting.push(reader);
      else reader.breakOff(problem.kind, problem.detail);
    }
    const [leader, ...rest] = waiting;
    if (!leader) return;
    const second = this.#depart(leader.guest, leader.wish, flight.stale, slot, policy, why, true);
    for (const { guest, wish } of rest) second.join(guest, wish);
  }

  #again({ guest }: Reader): void {
    const { record } = guest;
    const policy = record.route && record.snapshot.caching[record.route.index];
    if (!policy) throw new Error('a route without a cache has a request in it');
    const passage = this.admit(guest, policy);
    if (passage) guest.goOn(passage);
  }

  #passage(
    guest: CacheGuest,
    policy: CachePolicy,
    why: ForwardReason,
    slot?: Slot,
    detail?: string,
  ): Passage {
    const { record } = guest;
    record.cached = 'pass';
    return {
      statusLine: policy.tellsStatus ? cacheStatusLine({ kind: 'forward', why, detail }) : NO_LINE,
      observe: (status, fields) => {
        if (slot && record.method === 'GET') this.#reconsider(record, policy, slot, status, fields);
        if (invalidates(record.method, status)) this.#invalidate(record, policy, fields);
      },
    };
  }

  /** What was not for all may be so now: the next request finds out. */
  #reconsider(
    record: RequestRecord,
    policy: CachePolicy,
    slot: Slot,
    status: number,
    fields: Fields,
  ): void {
    const hasAuthorization = record.fields.find('authorization') >= 0;
    const asked = { method: 'GET', hasAuthorization, noStore: false };
    const at = { epochMs: this.#deps.epochMs(), delayMs: 0 };
    const judgement = judgeAnswer(asked, { status, fields }, policy, at);
    if (judgement.kind === 'keep') this.#passMarks.delete(slot.key);
  }

  #invalidate(record: RequestRecord, policy: CachePolicy, fields: Fields): void {
    const { proto } = record.client;
    const own = { path: record.path, query: record.query };
    const others = invalidatedTargets(fields, { proto, host: record.host }, record.path);
    const keys = [own, ...others].map((url) => this.#primaryOf({ ...record, ...url }, policy));
    this.#deps.counts.invalidations += keys.length;
    // Elsewhere it is forgotten as soon as it can be; the answer does not wait for that.
    for (const key of keys) this.purge({ kind: 'key', key }).catch(() => {});
    this.#deps.announce(keys);
  }

  /** What was asked for before a purge is for those who asked before it. */
  #take(purge: Purge): void {
    this.#deps.counts.purges++;
    this.memory.purge(purge);
    for (const [key, flight] of this.#flights) {
      if (!isMeant(purge, flight)) continue;
      this.#flights.delete(key);
      flight.key = undefined;
    }
  }

  #whyMissing({ key, base }: Slot): ForwardReason {
    return key === base ? 'uri-miss' : 'vary-miss';
  }
}

/** The reader of an answer that is all there has nobody to tell. */
const ALONE = { left() {}, caughtUp() {} };

function whyNot(kept: StoredAnswer, nowMs: number, wish: Wish): ForwardReason {
  const isFresh = ageOf(kept, nowMs) < kept.terms.lifetimeMs && !kept.terms.alwaysRevalidate;
  return isFresh && !wish.isPlain ? 'request' : 'stale';
}

function isMeant(purge: Purge, { plan, tags }: Flight): boolean {
  const { primary } = plan.slot;
  switch (purge.kind) {
    case 'key':
      return primary === purge.key;
    case 'prefix':
      return primary.startsWith(purge.prefix);
    case 'tag':
      return tags === undefined || tags.includes(purge.tag);
    default:
      return true;
  }
}

/** In the second tier the key of a URL is a tag of all its variants. */
function fromTier(purge: Purge): Purge {
  if (purge.kind !== 'tag' || !purge.tag.startsWith('=')) return purge;
  return { kind: 'key', key: purge.tag.slice(1) };
}
