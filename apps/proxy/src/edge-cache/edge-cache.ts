/**
 * The edge's cache (RFC 9111, as a shared cache): looks a request up, answers it from what is kept,
 * or has it wait for the one flight that brings the answer to all who ask the same.
 */
import type { Purge, RedisStore } from '@headgate/cache';
import type { FieldLines } from '@headgate/http1';
import type { CacheStatus } from '../admin/cache.ts';
import type { Carrier } from '../carrier.ts';
import { failure } from '../errors.ts';
import type { PreparedRequest } from '../exchange.ts';
import type { RequestRecord } from '../request.ts';
import { cacheStatusLine, type ForwardReason } from './cache-status.ts';
import type { CacheCounts } from './counts.ts';
import { ageOf, type StoredAnswer } from './entry.ts';
import { Flights } from './flights.ts';
import type { CacheGuest, CacheResult, Passage } from './guest.ts';
import { isSafe } from './invalidate.ts';
import { CacheMemory, type Slot } from './memory.ts';
import { PassMarks } from './pass-marks.ts';
import { Passages } from './passage.ts';
import type { CachePolicy } from './policy.ts';
import { primaryOf } from './purges.ts';
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
  readonly #flights: Flights;
  readonly #passMarks: PassMarks;
  readonly #passages: Passages;

  constructor(settings: EdgeCacheSettings, deps: EdgeCacheDeps) {
    const { maxSizeBytes, store, maxEntryBytes } = settings;
    this.memory = new CacheMemory(maxSizeBytes);
    this.tier =
      store && new SecondTier({ store, memory: this.memory, maxEntryBytes, now: deps.now });
    this.#deps = deps;
    this.#passMarks = new PassMarks(deps.now);
    this.#passages = new Passages({
      ...deps,
      passMarks: this.#passMarks,
      purge: (key) => this.purge({ kind: 'key', key }),
    });
    this.#flights = new Flights({
      ...deps,
      memory: this.memory,
      tier: this.tier,
      passMarks: this.#passMarks,
      desk: {
        again: (guest) => this.#again(guest),
        passage: (guest, ...terms) => this.#passages.open(guest, ...terms),
      },
    });
    store?.onPurge((purge) => this.#take(fromTier(purge)));
  }

  /** Answers `guest`, now or later; or returns how it goes on to an upstream. */
  admit(guest: CacheGuest, policy: CachePolicy): Passage | undefined {
    const { record, carrier } = guest;
    const { method } = record;
    if (carrier.writer === undefined) return this.#passages.open(guest, policy, 'bypass');
    const isRead = method === 'GET' || method === 'HEAD';
    if (!isRead || carrier.body) return this.#passages.open(guest, policy, 'method');
    const wish = readWish(method, record.fields, policy);
    if (wish.hasPrecondition || wish.noStore) return this.#passages.open(guest, policy, 'request');

    const slot = this.memory.slotOf(primaryOf(record, policy.key), policy.key, record.fields);
    const kept = this.memory.find(slot.key);
    // The first time it has only just come in.
    const nowMs = guest.cacheTurns === 0 ? record.startedMs : this.#deps.now();
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
      return this.#passages.open(guest, policy, why, slot);
    }
    const flight = policy.collapses ? this.#flights.at(slot.key) : undefined;
    if (flight?.isOpen) flight.join(guest, wish);
    else this.#flights.depart(guest, wish, kept, slot, policy, why, false);
    return undefined;
  }

  /** For a request by a route without a cache, when it may change what other routes have kept. */
  watch(record: RequestRecord): Passage | undefined {
    const { method, snapshot } = record;
    if (isSafe(method) || !snapshot.caching.some((policy) => policy !== undefined))
      return undefined;
    return this.#passages.watch(record);
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

  /** Answers that are on their way. */
  get flightCount(): number {
    return this.#flights.count;
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

  /**
   * Ends the second tier, and what is being fetched though nobody waits for it; other flights end
   * with the requests that do.
   */
  async close(): Promise<void> {
    this.#flights.end();
    await this.tier?.store.close();
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
    if (nowMs < kept.refreshAfterMs || this.#flights.isEnding || this.#flights.at(slot.key)) return;
    this.#flights.depart(guest, undefined, kept, slot, policy, 'stale', false);
  }

  /** What was asked for before a purge is for those who asked before it. */
  #take(purge: Purge): void {
    this.#deps.counts.purges++;
    this.memory.purge(purge);
    this.#flights.purge(purge);
  }

  #again(guest: CacheGuest): void {
    const { record } = guest;
    const policy = record.route && record.snapshot.caching[record.route.index];
    if (!policy) throw new Error('a route without a cache has a request in it');
    const passage = this.admit(guest, policy);
    if (passage) guest.goOn(passage);
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

/** In the second tier the key of a URL is a tag of all its variants. */
function fromTier(purge: Purge): Purge {
  if (purge.kind !== 'tag' || !purge.tag.startsWith('=')) return purge;
  return { kind: 'key', key: purge.tag.slice(1) };
}
