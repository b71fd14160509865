/** What is asked of every cache of the contest, and what ours should reach. */
import type { LoadCase } from './cases.ts';

/** Answers from the cache, under the load of wrk. */
export interface HitCase extends LoadCase {
  readonly kind: 'hits';
  readonly goals: readonly CostGoal[];
}

/** CPU per request of ours, as a multiple of the cheapest variant of a peer. */
interface CostGoal {
  readonly peer: 'nginx' | 'varnish';
  readonly maxRatio: number;
}

/** Many clients ask for one key at once, and nobody has it. */
export interface HerdCase {
  readonly kind: 'herd';
  readonly name: string;
  readonly summary: string;
  /** What becomes of the first fetch; every later one is answered. */
  readonly firstFetch: 'answered' | 'reset' | 'error';
  /** Requests the origin may get. */
  readonly maxFetches: number;
  /** What the 99th percentile may take beyond the fetch; undefined where only fetches count. */
  readonly maxBeyondFetchMs: number | undefined;
}

/** Requests for entries that are stale and being refreshed, beside requests for fresh ones. */
export interface StaleCase {
  readonly kind: 'stale';
  readonly name: string;
  readonly summary: string;
  /** Of the 99th percentile of stale answers over that of hits. */
  readonly maxRatio: number;
}

export type CacheCase = HitCase | HerdCase | StaleCase;

/** How long the origin takes for what a herd asks for, and for what is stale. */
export const FETCH_MS = 500;
export const REFRESH_MS = 200;

export const cacheCases: readonly CacheCase[] = [
  {
    kind: 'hits',
    name: 'hit-small',
    summary: 'GET of a fresh entry, 200 B of JSON, 64 connections',
    path: '/small',
    answerBytes: 200,
    connections: 64,
    headers: [],
    goals: [
      { peer: 'nginx', maxRatio: 0.9 },
      { peer: 'varnish', maxRatio: 0.5 },
    ],
  },
  {
    kind: 'hits',
    name: 'hit-64k',
    summary: 'GET of a fresh entry, 64 KiB, 64 connections',
    path: '/64k',
    answerBytes: 65_536,
    connections: 64,
    headers: [],
    goals: [{ peer: 'nginx', maxRatio: 1.1 }],
  },
  {
    kind: 'herd',
    name: 'herd',
    summary: `one cold key, an origin that takes ${FETCH_MS} ms`,
    firstFetch: 'answered',
    maxFetches: 1,
    maxBeyondFetchMs: 10,
  },
  {
    kind: 'herd',
    name: 'herd-reset',
    summary: `one cold key, the first fetch is cut off after ${FETCH_MS} ms`,
    firstFetch: 'reset',
    maxFetches: 2,
    maxBeyondFetchMs: undefined,
  },
  {
    kind: 'herd',
    name: 'herd-error',
    summary: `one cold key, the first fetch is answered with 500 after ${FETCH_MS} ms`,
    firstFetch: 'error',
    maxFetches: 2,
    maxBeyondFetchMs: undefined,
  },
  {
    kind: 'stale',
    name: 'stale',
    summary: `entries served stale while an origin that takes ${REFRESH_MS} ms refreshes them, beside hits`,
    maxRatio: 1.5,
  },
];
