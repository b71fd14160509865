// When a value may be served, and when it is time to make it anew. Pure.

import type { LoadCause } from './events.ts';

/** For how long after it is fresh a value may still be served, in milliseconds; 0 for not at all. */
export interface StaleWindows {
  /** While it is made anew in the background. */
  readonly staleWhileRevalidateMs: number;
  /** Because making it anew has failed. */
  readonly staleIfErrorMs: number;
}

/** How much longer than it is fresh a value has to be kept. */
export function staleMsOf({ staleWhileRevalidateMs, staleIfErrorMs }: StaleWindows): number {
  return Math.max(staleWhileRevalidateMs, staleIfErrorMs);
}

/** @param freshMs how much longer it is fresh, at most 0 once it is not */
export function mayServeWhileRenewing(freshMs: number, windows: StaleWindows): boolean {
  return -freshMs < windows.staleWhileRevalidateMs;
}

/** @param freshMs how much longer it is fresh, at most 0 once it is not */
export function mayServeAfterFailure(freshMs: number, windows: StaleWindows): boolean {
  return freshMs > 0 || -freshMs < windows.staleIfErrorMs;
}

/** No dice come higher: -ln of the smallest number above 0 that 53 random bits make. */
const MAX_EXPONENTIAL = 53 * Math.LN2;

/**
 * By how many load times a call wants to be ahead of the end of freshness: 0 mostly far below 1 ·
 * `beta`, seldom several times that. See {@link isEarlyEnough}.
 * @param dice uniform in [0, 1)
 */
export function earlinessOf(beta: number, dice: number): number {
  return beta * -Math.log(1 - dice);
}

/**
 * Is there no need to make the value anew yet? Each call decides for itself, by chance, the more
 * likely the nearer the end is and the longer a load takes. So one of many calls, in one of many
 * processes, loads while the others still have the value, and they do not load together.
 *
 * A. Vattani, F. Chierichetti, K. Lowenstein: Optimal Probabilistic Cache Stampede Prevention,
 * VLDB 2015 (XFetch).
 */
export function isEarlyEnough(freshMs: number, loadMs: number, earliness: number): boolean {
  return freshMs > 0 && freshMs > loadMs * earliness;
}

/** Why a value that is found has to be made anew, or `undefined` while it is good. */
export function causeToRenew(
  freshMs: number,
  loadMs: number,
  earliness: number,
  windows: StaleWindows,
): LoadCause | undefined {
  if (isEarlyEnough(freshMs, loadMs, earliness)) return undefined;
  if (freshMs > 0) return 'early';
  return mayServeWhileRenewing(freshMs, windows) ? 'stale' : 'miss';
}

/** As {@link isEarlyEnough}, whatever the dice say; so that most calls need throw none. */
export function isFarFromEnd(freshMs: number, loadMs: number, beta: number): boolean {
  return isEarlyEnough(freshMs, loadMs, beta * MAX_EXPONENTIAL);
}
