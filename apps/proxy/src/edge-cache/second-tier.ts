/**
 * Answers that several edges share, behind the memory of each: what one has fetched the others
 * need not. Whatever is wrong with it costs a look at most; then the upstream is asked.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lock, Purge, RedisStore } from '@headgate/cache';
import type { RequestRecord } from '../request.ts';
import { ageOf, type StoredAnswer } from './entry.ts';
import type { Flight } from './flight.ts';
import type { CacheMemory, Slot } from './memory.ts';
import { judgeReuse } from './reuse.ts';
import { storeKeyOf, storePrefixOf } from './store-key.ts';
import { decodeKept, encodeAnswer, encodePass, encodeSignpost, type Kept } from './stored-bytes.ts';
import { PLAIN } from './wish.ts';

export interface SecondTierDeps {
  readonly store: RedisStore;
  readonly memory: CacheMemory;
  /** Larger answers stay in memory. */
  readonly maxEntryBytes: number;
  /** Monotonic clock in milliseconds. */
  readonly now: () => number;
}

/** The right to fetch ends after so long, should its holder die. */
const LEASE_MS = 10_000;
/** Another edge that fetches is waited for so long. */
const WAIT_MS = 5_000;
const FIRST_LOOK_MS = 4;
const LONGEST_LOOK_MS = 40;
/** What can be validated is worth keeping for a while after it has gone stale. */
const VALIDATION_MS = 600_000;
const LONGEST_LIFE_MS = 30 * 86_400_000;
const PASS_MS = 10_000;

export class SecondTier {
  readonly store: RedisStore;
  readonly #memory: CacheMemory;
  readonly #maxEntryBytes: number;
  readonly #now: () => number;

  constructor({ store, memory, maxEntryBytes, now }: SecondTierDeps) {
    this.store = store;
    this.#memory = memory;
    this.#maxEntryBytes = maxEntryBytes;
    this.#now = now;
  }

  get isUsable(): boolean {
    const { isOpen, isInStep } = this.store.status();
    return !isOpen && isInStep;
  }

  /**
   * Finds the answer `flight` is after, waits for another edge that fetches it already, or takes
   * over; `fetch` is called when it is this edge that has to ask the upstream.
   */
  async consult(flight: Flight, fetch: () => void, found: (answer: StoredAnswer) => boolean) {
    try {
      if (await this.#search(flight, found)) return;
    } catch {
      // The store has noticed, and says so in its status; the request need not.
    }
    if (flight.isAsking) fetch();
  }

  keep(slot: Slot, key: string, answer: StoredAnswer, mark: number): void {
    if (answer.bytes.length > this.#maxEntryBytes) return;
    const lifeMs = lifeOf(answer, this.#now());
    if (lifeMs <= 0) return;
    const tags = [...answer.terms.tags, urlTag(slot.primary)];
    const value = encodeAnswer(answer, ageOf(answer, this.#now()), lifeMs);
    this.#set(key, { value, ttlMs: lifeMs, tags }, mark);
    const names = this.#memory.varyOf(slot.base);
    if (!names) return;
    const signpost = { value: encodeSignpost(names), ttlMs: lifeMs, tags: [urlTag(slot.primary)] };
    this.#set(slot.base, signpost, mark);
  }

  /** For a while the other edges need not wait for each other here either. */
  markPass({ primary, key }: Slot, mark: number): void {
    this.#set(key, { value: encodePass(), ttlMs: PASS_MS, tags: [urlTag(primary)] }, mark);
  }

  purge(purge: Purge): Promise<'done' | 'queued'> {
    if (purge.kind === 'key') return this.store.purge({ kind: 'tag', tag: urlTag(purge.key) });
    if (purge.kind !== 'prefix') return this.store.purge(purge);
    return this.store.purge({ kind: 'prefix', prefix: storePrefixOf(purge.prefix) });
  }

  /** True when the flight has what it wants, or wants it no more. */
  async #search(flight: Flight, found: (answer: StoredAnswer) => boolean): Promise<boolean> {
    const { slot, isBehind } = flight.plan;
    const giveUpMs = this.#now() + WAIT_MS;
    for (let lookMs = FIRST_LOOK_MS; ; lookMs = Math.min(2 * lookMs, LONGEST_LOOK_MS)) {
      // In this order on one connection: what is found was there when the right had been taken.
      const [lock, kept] = await Promise.all([
        this.store.lock(storeKeyOf(slot.key), LEASE_MS),
        // Whoever holds the right has to be known even then, or it is held for nothing.
        this.#find(slot, flight.record as RequestRecord).catch(() => 'failed' as const),
      ]);
      if (typeof lock === 'object') flight.lock = lock;
      if (!flight.isAsking) {
        flight.releaseLock();
        return true;
      }
      if (kept === 'failed') return false;
      if (kept?.kind === 'pass') {
        flight.passBy('not-shared');
        return true;
      }
      if (kept?.kind === 'answer') {
        const answer: StoredAnswer = { ...kept, primary: slot.primary, mark: flight.plan.mark };
        const wish = flight.leader?.wish ?? PLAIN;
        const reuse = judgeReuse(answer.terms, ageOf(answer, this.#now()), wish);
        if (reuse === 'fresh' || (reuse === 'stale' && !isBehind)) {
          return found(answer);
        }
        flight.stale ??= answer;
        // Fresher than that it will not become by waiting: the client wants it from the upstream.
        if (judgeReuse(answer.terms, ageOf(answer, this.#now()), PLAIN) === 'fresh') return false;
      }
      if (lock !== 'taken' || this.#now() > giveUpMs) return false;
      await sleep(lookMs);
    }
  }

  async #find(slot: Slot, { fields }: RequestRecord): Promise<Kept | undefined> {
    const kept = await this.#get(slot.key);
    if (kept?.kind !== 'vary') return kept;
    const key = this.#memory.place(slot, kept.names, fields);
    return key === slot.key ? undefined : this.#get(key);
  }

  async #get(key: string): Promise<Kept | undefined> {
    const entry = await this.store.get(storeKeyOf(key));
    return entry && decodeKept(entry.value as Uint8Array, entry.ttlMs, this.#now());
  }

  #set(
    key: string,
    entry: { value: Uint8Array; ttlMs: number; tags: readonly string[] },
    mark: number,
  ): void {
    // What cannot be shared is fetched by each.
    this.store.set(storeKeyOf(key), entry, mark).catch(() => {});
  }
}

/** See {@link Flight.lock}. */
export type FetchLock = Lock;

/** All variants of a URL carry it: one purge is for all of them. */
function urlTag(primary: string): string {
  return `=${primary}`;
}

/** How long an answer is of any use. */
function lifeOf(answer: StoredAnswer, nowMs: number): number {
  const { terms } = answer;
  const { lifetimeMs, staleWhileRevalidateMs, staleIfErrorMs, etag, lastModified } = terms;
  const canValidate = etag !== undefined || lastModified !== undefined;
  const staleMs = Math.max(
    terms.mayServeStale ? staleWhileRevalidateMs : 0,
    terms.mayServeStale ? staleIfErrorMs : 0,
    canValidate ? VALIDATION_MS : 0,
  );
  return Math.min(LONGEST_LIFE_MS, lifetimeMs - ageOf(answer, nowMs) + staleMs);
}
