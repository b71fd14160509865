// Answers calls: from the nearest tier at once, else by one flight per key with the search and the
// load of a batch inside. What is served although it is stale, or nearly so, is made anew in the
// background.

import { createBatch, type Outcome, type Wish, type Workings } from './batch.ts';
import type { LoadMany } from './call-loader.ts';
import { causeToRenew, earlinessOf } from './freshness.ts';
import { freshMsOf, isKept } from './kept.ts';
import { completeTerms, type Terms } from './options.ts';
import type { Purge, PurgeIndex } from './purge-index.ts';
import { createSingleFlight, type SingleFlight } from './single-flight.ts';

/** Values by key. */
type Values = ReadonlyMap<string, unknown>;

/** See {@link createFinder}. */
export interface Finder {
  /**
   * Finds each of `keys`, or loads those that are not to be found together.
   * @throws the loader's error or `signal`'s reason
   */
  findOrLoad(
    keys: Iterable<string>,
    load: LoadMany,
    terms: Terms,
    signal?: AbortSignal,
  ): Promise<Values>;
  /**
   * Finds those of `keys` that some tier has and that are fresh.
   * @throws only `signal`'s reason
   */
  findFresh(keys: Iterable<string>, signal?: AbortSignal): Promise<Values>;
  /** What is under way for these keys is for those who already wait, and not kept. */
  forget(purge: Purge): void;
  /** Ends every refresh that nobody waits for. */
  close(): void;
}

/** Settings of {@link createFinder}. */
export interface FinderOptions {
  readonly workings: Workings;
  /** Has seen every purge that this cache has. */
  readonly purges: PurgeIndex;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Counts one answer from a tier. */
  countHit(tier: number, isStale: boolean): void;
}

const FRESH_ONLY = completeTerms({ ttlMs: 1 }, {});

/** What has been served, and what is left to do. */
interface Progress {
  readonly values: Map<string, unknown>;
  readonly elsewhere: string[];
  /** Served, but to be made anew. */
  readonly early: string[];
  readonly stale: string[];
}

/** Makes a finder with nothing under way. */
export function createFinder({ workings, purges, random, countHit }: FinderOptions): Finder {
  const { backOff, counts, tiers } = workings;
  // A search that may load is not joined by one that must not.
  const searches = createSingleFlight<Outcome>();
  const loads = createSingleFlight<Outcome>();
  const closing = new AbortController();

  function serveNear(keys: Iterable<string>, terms: Terms, earliness: number): Progress {
    const progress: Progress = { values: new Map(), elsewhere: [], early: [], stale: [] };
    for (const key of new Set(keys)) {
      const entry = tiers.near?.peek(key);
      const kept = entry?.value;
      const cause =
        entry !== undefined && isKept(kept)
          ? causeToRenew(freshMsOf(entry, kept), kept.loadMs, earliness, terms)
          : 'miss';
      if (cause === 'miss' || !isKept(kept)) {
        progress.elsewhere.push(key);
        continue;
      }
      progress.values.set(key, kept.value);
      countHit(0, cause === 'stale');
      if (cause !== undefined) progress[cause].push(key);
    }
    return progress;
  }

  function count({ kind, found }: Outcome, isShared: boolean) {
    if (found !== undefined) countHit(found.tier, kind === 'stale');
    else if (kind === 'loaded' && isShared) counts.sharedLoads += 1;
  }

  /** Did something that this call had to know of come in between? */
  function isOutdated(key: string, { purgeMark, tags }: Outcome, calledAtMark: number): boolean {
    return purgeMark < calledAtMark && purges.isPurged(key, tags, purgeMark);
  }

  async function fly(
    flights: SingleFlight<Outcome>,
    keys: readonly string[],
    wish: Wish,
    signal: AbortSignal | undefined,
  ): Promise<readonly Outcome[]> {
    const calledAtMark = purges.mark;
    const batch = createBatch(workings, wish);
    const flying = keys.map((key) => flights.run(key, batch.workFor(key), signal));
    batch.run();
    const outcomes: Outcome[] = [];
    for (const [place, { value: outcome, isShared }] of (await Promise.all(flying)).entries()) {
      const key = keys[place] as string;
      if (isShared && isOutdated(key, outcome, calledAtMark)) {
        outcomes.push(...(await fly(flights, [key], wish, signal)));
        continue;
      }
      if (wish.cause === 'miss') count(outcome, isShared);
      outcomes.push(outcome);
    }
    return outcomes;
  }

  /** Leaves alone what is being made already, or failed just now. */
  function refresh(keys: readonly string[], wish: Wish): void {
    const due = keys.filter((key) => !loads.has(key) && !backOff.isOn(key));
    if (due.length === 0 || closing.signal.aborted) return;
    if (wish.cause === 'early') counts.earlyRefreshes += due.length;
    else counts.refreshes += due.length;
    // A failure has been told as an event.
    fly(loads, due, wish, closing.signal).catch(() => {});
  }

  return {
    async findOrLoad(keys, load, terms, signal) {
      signal?.throwIfAborted();
      const earliness = earlinessOf(terms.earlyRefreshBeta, random());
      const { values, elsewhere, early, stale } = serveNear(keys, terms, earliness);
      if (elsewhere.length > 0) {
        const wish: Wish = { terms, load, cause: 'miss', earliness: 0 };
        const outcomes = await fly(loads, elsewhere, wish, signal);
        for (const [place, key] of elsewhere.entries()) {
          const outcome = outcomes[place];
          values.set(key, outcome?.value);
          const found = outcome?.found;
          if (found === undefined) continue;
          const cause = causeToRenew(found.freshMs, found.kept.loadMs, earliness, terms);
          if (cause === 'early') early.push(key);
          else if (cause === 'stale') stale.push(key);
        }
      }
      refresh(early, { terms, load, cause: 'early', earliness });
      refresh(stale, { terms, load, cause: 'stale', earliness: 0 });
      return values;
    },

    async findFresh(keys, signal) {
      signal?.throwIfAborted();
      const { values, elsewhere } = serveNear(keys, FRESH_ONLY, 0);
      if (elsewhere.length === 0) return values;
      const wish: Wish = { terms: FRESH_ONLY, load: undefined, cause: 'miss', earliness: 0 };
      const outcomes = await fly(searches, elsewhere, wish, signal);
      for (const [place, key] of elsewhere.entries()) values.set(key, outcomes[place]?.value);
      return values;
    },

    forget(purge) {
      for (const flights of [searches, loads]) {
        if (purge.kind === 'key') flights.forget(purge.key);
        else if (purge.kind === 'prefix')
          flights.forgetEvery((key) => key.startsWith(purge.prefix));
        else if (purge.kind === 'all') flights.forgetEvery(() => true);
        // Which flights will carry a tag shows when they land: their value is checked then, by
        // those who came after the purge and by the tiers.
      }
    },

    close: () => closing.abort(new Error('the cache was closed')),
  };
}
