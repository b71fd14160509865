/** How loaded an upstream is, as the policies that compare loads see it. */
import { isFull, type Upstream } from '../upstream.ts';

/** May this one still take a request that has been tried on `tried`? */
export function canTake(upstream: Upstream, tried: readonly Upstream[]): boolean {
  return !isFull(upstream) && (tried.length === 0 || !tried.includes(upstream));
}

/** What one request in flight adds to the load of an average candidate. */
export function unitLoad(candidates: readonly Upstream[]): number {
  let totalShare = 0;
  for (const { share } of candidates) totalShare += share;
  return candidates.length / totalShare;
}

/**
 * Requests in flight for the share, times the correction; Infinity when full. The correction is
 * applied as if there were one request more: a slow upstream that is idle is not a free one.
 *
 * Equal shares of load compare as equal, whatever the weights: one division of whole numbers is
 * rounded correctly, so equal fractions give the same number.
 */
export function loadOf(upstream: Upstream, unit: number): number {
  if (isFull(upstream)) return Number.POSITIVE_INFINITY;
  const inFlight = upstream.inFlight + upstream.othersInFlight;
  const load = inFlight / upstream.share + upstream.handicap * unit;
  return upstream.correction === 1 ? load : (load + unit) * upstream.correction - unit;
}
