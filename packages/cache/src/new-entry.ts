// How something new is kept: for how long, of which how much it is fresh.

import { staleMsOf } from './freshness.ts';
import type { Kept } from './kept.ts';
import type { Terms } from './options.ts';
import type { Entry } from './store.ts';

/** What an entry is made with, besides its value. */
export interface NewEntryOptions {
  readonly terms: Terms;
  readonly tags: readonly string[];
  /** How long it took to make. */
  readonly loadMs: number;
  /** Factor for the time it is fresh. */
  readonly jitter: number;
}

/** What the tiers are to keep of `value`; undefined when it is not to be kept. */
export function newEntry(value: unknown, options: NewEntryOptions): Entry | undefined {
  const { terms, tags, loadMs, jitter } = options;
  const isAbsent = value === undefined || (value === null && terms.absentTtlMs !== undefined);
  const lifeMs = isAbsent ? terms.absentTtlMs : terms.ttlMs;
  if (lifeMs === undefined) return undefined;
  const staleMs = isAbsent ? 0 : staleMsOf(terms);
  const kept: Kept = { value, staleMs, loadMs: Math.round(loadMs) };
  return { value: kept, ttlMs: lifeMs * jitter + staleMs, tags };
}
