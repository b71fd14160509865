/** All answers that are on their way: who waits for which, and where each of them ends up. */
import type { Purge } from '@headgate/cache';
import type { Failure } from '../errors.ts';
import type { RequestRecord } from '../request.ts';
import type { ForwardReason } from './cache-status.ts';
import type { EdgeCacheDeps } from './edge-cache.ts';
import type { StoredAnswer } from './entry.ts';
import { createFill, type Fill } from './fill.ts';
import { Flight } from './flight.ts';
import type { FlightHost } from './flight-plan.ts';
import type { CacheGuest, Passage } from './guest.ts';
import type { CacheMemory, Slot } from './memory.ts';
import type { PassMarks } from './pass-marks.ts';
import type { CachePolicy } from './policy.ts';
import { forEachReader, type Reader } from './reader.ts';
import type { SecondTier } from './second-tier.ts';
import type { Wish } from './wish.ts';

/** Where those go for whom a flight was not the answer. */
export interface Desk {
  /** Looks again, from the start. */
  again(guest: CacheGuest): void;
  /** How `guest` goes on for itself alone; `detail` is one token. */
  passage(
    guest: CacheGuest,
    policy: CachePolicy,
    why: ForwardReason,
    slot: Slot,
    detail: string,
  ): Passage;
}

export interface FlightsDeps extends EdgeCacheDeps {
  readonly memory: CacheMemory;
  readonly tier: SecondTier | undefined;
  readonly passMarks: PassMarks;
  readonly desk: Desk;
}

export class Flights implements FlightHost {
  readonly now: () => number;
  readonly epochMs: () => number;
  readonly #deps: EdgeCacheDeps;
  readonly #memory: CacheMemory;
  readonly #tier: SecondTier | undefined;
  readonly #passMarks: PassMarks;
  readonly #desk: Desk;
  readonly #byKey = new Map<string, Flight>();
  readonly #fills = new Map<Flight, Fill>();
  isEnding = false;

  constructor(deps: FlightsDeps) {
    this.now = deps.now;
    this.epochMs = deps.epochMs;
    this.#deps = deps;
    this.#memory = deps.memory;
    this.#tier = deps.tier;
    this.#passMarks = deps.passMarks;
    this.#desk = deps.desk;
  }

  /** Flights that have not ended, those nobody can join any more included. */
  get count(): number {
    return this.#fills.size;
  }

  at(key: string): Flight | undefined {
    return this.#byKey.get(key);
  }

  /** From now on nothing is fetched that nobody waits for. */
  end(): void {
    this.isEnding = true;
    for (const flight of [...this.#fills.keys()]) flight.giveUpUnwanted();
  }

  /**
   * Starts a flight, led by `guest`; or behind its back, when it has no wish. `others` wait for it
   * from the start: it may be over before this returns.
   */
  depart(
    guest: CacheGuest,
    wish: Wish | undefined,
    stale: StoredAnswer | undefined,
    slot: Slot,
    policy: CachePolicy,
    why: ForwardReason,
    isSecond: boolean,
    others: readonly Reader[] = [],
  ): void {
    const { mark } = this.#memory.purges;
    const isBehind = wish === undefined;
    const plan = { slot, policy, mark, why, isSecond, isBehind };
    const flight = new Flight(plan, this);
    const fill = createFill(guest.record, guest.carrier, policy.key, flight);
    flight.stale = stale;
    flight.record = fill.record;
    // A second flight may find a younger one there, which stays.
    if ((policy.collapses || isBehind) && !this.#byKey.get(slot.key)?.isOpen) {
      this.#byKey.set(slot.key, flight);
    }
    this.#fills.set(flight, fill);
    flight.tierMark = this.#tier?.store.mark() ?? 0;
    if (wish) flight.join(guest, wish);
    for (const other of others) flight.join(other.guest, other.wish);
    if (this.#tier?.isUsable && !wish?.noCache) this.#consult(this.#tier, flight);
    else this.#fetch(flight);
  }

  #consult(tier: SecondTier, flight: Flight): void {
    void tier.consult(
      flight,
      () => this.#fetch(flight),
      (answer) => {
        const { slot } = flight.plan;
        const { fields } = flight.record as RequestRecord;
        const key = this.#memory.place(slot, answer.terms.vary, fields);
        // Purged meanwhile, or too large to be kept here: who looked again would not find it.
        if (!this.#memory.keep(key, answer)) return false;
        flight.callOff();
        return true;
      },
    );
  }

  #fetch(flight: Flight): void {
    const fill = this.#fills.get(flight);
    if (!fill || !flight.isAsking) return;
    this.#deps.counts.fetches++;
    flight.sentMs = this.#deps.now();
    try {
      const request = fill.request(flight.stale?.terms, flight.sentMs);
      this.#deps.fetch(fill.record, request, fill.carrier);
    } catch (error) {
      flight.broken(error);
    }
  }

  landsAt(flight: Flight, names: readonly string[]): void {
    const { slot } = flight.plan;
    const { fields } = flight.record as RequestRecord;
    this.#passMarks.delete(slot.key);
    const key = this.#memory.place(slot, names, fields);
    if (key === flight.key || flight.key === undefined) return;
    this.gone(flight);
    flight.key = key;
    if (!this.#byKey.has(key)) this.#byKey.set(key, flight);
  }

  kept(flight: Flight, answer: StoredAnswer): void {
    const { slot } = flight.plan;
    const { fields } = flight.record as RequestRecord;
    const key = this.#memory.place(slot, answer.terms.vary, fields);
    this.#deps.counts.stored++;
    this.#memory.keep(key, answer);
    this.#tier?.keep(slot, key, answer, flight.tierMark);
  }

  gone(flight: Flight): void {
    if (flight.key !== undefined && this.#byKey.get(flight.key) === flight) {
      this.#byKey.delete(flight.key);
    }
    if (!flight.isOver) return;
    this.#fills.delete(flight);
    flight.releaseLock();
  }

  cancel(flight: Flight): void {
    const fill = this.#fills.get(flight);
    this.#fills.delete(flight);
    fill?.cancel('client-gone', 'nobody waits for the answer any more');
  }

  /** The answer is not for all: everybody asks for himself, now and for a while. */
  passes(flight: Flight, readers: readonly Reader[], why: string): void {
    const { slot, policy } = flight.plan;
    this.#passMarks.add(slot.key);
    // What the origin says now holds, and not what it said before.
    if (flight.stale) this.#memory.drop(slot.key);
    // What another edge has found out holds as long as that one said, and not for ever.
    if (flight.isAnswered) this.#tier?.markPass(slot, flight.tierMark);
    forEachReader(readers, ({ guest }) =>
      guest.goOn(this.#desk.passage(guest, policy, flight.plan.why, slot, why)),
    );
  }

  /** Those who have waited in vain wait for one more; what fails twice fails for all. */
  failed(flight: Flight, problem: Failure, readers: readonly Reader[]): void {
    const { slot, policy, why, isSecond } = flight.plan;
    const isWorthIt = !isSecond && problem.side === 'upstream';
    const isLost = (reader: Reader) => !isWorthIt || reader === flight.leader;
    const waiting = readers.filter((reader) => !isLost(reader));
    const [leader, ...others] = waiting;
    if (leader) {
      const { guest, wish } = leader;
      // Who asks after a purge may join it, and must not get what was purged.
      const stale = flight.stale && !this.#memory.isPurged(flight.stale) ? flight.stale : undefined;
      try {
        this.depart(guest, wish, stale, slot, policy, why, true, others);
      } catch (error) {
        forEachReader(waiting, (reader) => reader.broke(error));
      }
    }
    forEachReader(readers.filter(isLost), (reader) => reader.breakOff(problem));
  }

  outdated(flight: Flight): void {
    this.#memory.drop(flight.plan.slot.key);
  }

  again({ guest }: Reader): void {
    this.#desk.again(guest);
  }

  /** What was asked for before a purge is for those who asked before it. */
  purge(purge: Purge): void {
    // Those as well that cannot be joined now: where they land they could be.
    for (const flight of this.#fills.keys()) {
      if (!isMeant(purge, flight)) continue;
      this.gone(flight);
      flight.key = undefined;
    }
  }
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
