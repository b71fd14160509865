// One search, and one load for what it does not find, for the keys of one call. Calls for the same
// keys may have joined it meanwhile; it ends early when nobody waits for any of them any more.

import type { BackOff } from './back-off.ts';
import { callLoader, type LoadMany } from './call-loader.ts';
import type { CacheEvent, Counts, LoadCause } from './events.ts';
import { isEarlyEnough, mayServeAfterFailure, mayServeWhileRenewing } from './freshness.ts';
import { newEntry } from './new-entry.ts';
import type { Terms } from './options.ts';
import type { Flight, Work } from './single-flight.ts';
import type { Found, Search, Tiers } from './tiers.ts';
import { waitForTurn } from './turn.ts';

/** What all batches of a cache work with. */
export interface Workings {
  readonly tiers: Tiers;
  readonly backOff: BackOff;
  readonly counts: Counts;
  readonly onEvent: (event: CacheEvent) => void;
  readonly now: () => number;
  /** A factor for the next life, about 1. */
  jitter(): number;
  /** Mark of the purges this cache has seen. */
  purgeMark(): number;
}

/** What a call wants. */
export interface Wish {
  readonly terms: Terms;
  /** Undefined to search only. */
  readonly load: LoadMany | undefined;
  readonly cause: LoadCause;
  /** By how many load times a value must be ahead of its end to be good; 0 while it is fresh. */
  readonly earliness: number;
}

/** What became of a key. */
export interface Outcome {
  readonly kind: 'hit' | 'stale' | 'loaded' | 'missing';
  readonly value: unknown;
  readonly tags: readonly string[];
  /** What was found, for a hit or something stale. */
  readonly found: Found | undefined;
  /** Purges that came later are not heeded in it. */
  readonly purgeMark: number;
}

/** See {@link createBatch}. */
export interface Batch {
  /** The work for one key; what has been started takes part in the batch. */
  workFor(key: string): Work<Outcome>;
  /** To be called once, when the work for all keys that take part has been started. */
  run(): void;
}

/** A key that takes part. */
interface Seat {
  readonly key: string;
  readonly flight: Flight;
  readonly landing: PromiseWithResolvers<Outcome>;
}

/** A key to be loaded, and what may be served should that fail. */
interface Missing {
  readonly seat: Seat;
  readonly reserve: Found | undefined;
}

/** Makes a batch that nobody takes part in yet. */
export function createBatch(workings: Workings, wish: Wish): Batch {
  const { tiers, backOff, counts, onEvent, now } = workings;
  const { terms, load, cause, earliness } = wish;
  const marks = tiers.marks();
  const purgeMark = workings.purgeMark();
  const controller = new AbortController();
  const { signal } = controller;
  const seats = new Map<string, Seat>();
  /** Keys without an outcome that someone waits for. */
  const awaited = new Set<string>();

  const isGood = ({ freshMs, kept }: Found) => isEarlyEnough(freshMs, kept.loadMs, earliness);
  const mayKeep = (key: string) => seats.get(key)?.flight.isCurrent === true;
  const search: Search = { marks, from: 0, isGood, mayKeep, signal };

  function land({ key, landing }: Seat, kind: Outcome['kind'], outcome: Partial<Outcome> = {}) {
    awaited.delete(key);
    landing.resolve({ kind, value: undefined, tags: [], found: undefined, purgeMark, ...outcome });
  }

  function landFound(seat: Seat, found: Found) {
    const { kept, tags, freshMs } = found;
    land(seat, freshMs > 0 ? 'hit' : 'stale', { value: kept.value, tags, found });
  }

  /** Serves what can be served without a load; the rest is what has to be loaded. */
  function landWhatIsThere(
    keys: readonly Seat[],
    results: readonly (Found | undefined)[],
  ): readonly Missing[] {
    const missing: Missing[] = [];
    for (const [place, seat] of keys.entries()) {
      const found = results[place];
      if (found !== undefined && maySettle(seat.key, found)) landFound(seat, found);
      else missing.push({ seat, reserve: found });
    }
    return missing;
  }

  function maySettle(key: string, found: Found): boolean {
    if (isGood(found)) return true;
    if (load === undefined || cause !== 'miss') return false;
    if (mayServeWhileRenewing(found.freshMs, terms)) return true;
    return mayServeAfterFailure(found.freshMs, terms) && backOff.isOn(key);
  }

  async function runOrThrow(): Promise<void> {
    const all = [...seats.values()];
    const results = await tiers.search([...seats.keys()], search);
    const searchedAtMs = now();
    const missing = landWhatIsThere(all, results);
    if (missing.length === 0) return;
    if (cause === 'miss') counts.misses += missing.length;
    if (load === undefined) {
      for (const { seat } of missing) land(seat, 'missing');
      return;
    }
    const [only] = missing;
    if (terms.isShared && missing.length === 1 && only !== undefined) {
      await loadInTurn(load, only, searchedAtMs);
    } else {
      await loadAll(load, missing, searchedAtMs);
    }
  }

  async function loadInTurn(loadMany: LoadMany, missing: Missing, searchedAtMs: number) {
    const { key } = missing.seat;
    const from = tiers.sharedTier;
    if (from === undefined) return loadAll(loadMany, [missing], searchedAtMs);
    const look = async () => {
      const [found] = await tiers.search([key], { ...search, from });
      return found !== undefined && isGood(found) ? found : undefined;
    };
    const onWait = () => {
      counts.lockWaits += 1;
    };
    const { lockWaitMs } = terms;
    const turn = await waitForTurn({ tiers, key, look, onWait, lockWaitMs, now, signal });
    if (turn.found !== undefined) {
      landFound(missing.seat, turn.found);
      await turn.release();
      return;
    }
    try {
      await loadAll(loadMany, [missing], searchedAtMs);
    } finally {
      await turn.release();
    }
  }

  /** Resolves when what was loaded is in the tiers; its waiters have it before. */
  async function loadAll(
    load: LoadMany,
    missing: readonly Missing[],
    searchedAtMs: number,
  ): Promise<void> {
    signal.throwIfAborted();
    const keys = missing.map(({ seat }) => seat.key);
    const startedAtMs = now();
    // What was purged while it waited for its turn has not been overlooked.
    const loadMarks = tiers.marks();
    const loadPurgeMark = workings.purgeMark();
    counts.loads += 1;
    let values: readonly unknown[];
    let tags: readonly (readonly string[])[];
    try {
      values = await callLoader(load, keys, terms.loaderTimeoutMs, controller);
      tags = keys.map((key, place) => terms.tags(values[place], key));
    } catch (error) {
      // Nobody waits: the loader was told to stop, and did.
      if (awaited.size === 0) throw error;
      const endedAtMs = now();
      counts.loadFailures += 1;
      onEvent({ kind: 'load-failed', keys, cause, durationMs: endedAtMs - startedAtMs, error });
      for (const one of missing) fail(one, error, endedAtMs - searchedAtMs);
      return;
    }
    const loadMs = now() - startedAtMs;
    onEvent({ kind: 'loaded', keys, cause, durationMs: loadMs });
    const keeping = missing.map(async ({ seat }, place) => {
      const { key, flight } = seat;
      const isCurrent = flight.isCurrent;
      const made = { value: values[place], tags: tags[place] ?? [] };
      land(seat, 'loaded', { ...made, purgeMark: loadPurgeMark });
      backOff.end(key);
      if (!isCurrent) return;
      const jitter = workings.jitter();
      const entry = newEntry(made.value, { tags: made.tags, terms, loadMs, jitter });
      if (entry !== undefined) await tiers.keep(key, entry, loadMarks);
    });
    await Promise.all(keeping);
  }

  function fail({ seat, reserve }: Missing, error: unknown, sinceSearchMs: number): void {
    const { key, landing } = seat;
    if (reserve !== undefined) {
      backOff.start(key, terms.staleRetryMs);
      const freshMs = reserve.freshMs - sinceSearchMs;
      if (mayServeAfterFailure(freshMs, terms)) {
        landFound(seat, { ...reserve, freshMs });
        return;
      }
    }
    awaited.delete(key);
    landing.reject(error);
  }

  return {
    workFor: (key) => ({
      start(flight) {
        const landing = Promise.withResolvers<Outcome>();
        seats.set(key, { key, flight, landing });
        awaited.add(key);
        return landing.promise;
      },
      abandon(reason) {
        if (awaited.delete(key) && awaited.size === 0) controller.abort(reason);
      },
    }),

    run() {
      if (seats.size === 0) return;
      runOrThrow().catch((error: unknown) => {
        for (const { landing } of seats.values()) landing.reject(error);
      });
    },
  };
}
