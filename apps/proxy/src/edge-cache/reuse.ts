/** Whether what is stored answers a request (RFC 9111 §4.2). */
import type { Terms } from './judge-answer.ts';
import type { Wish } from './wish.ts';

/** `stale`: may be served, and is refreshed behind it. */
export type Reuse = 'fresh' | 'stale' | 'revalidate';

/** What may be done with an answer that is `ageMs` old, for a client with such wishes. */
export function judgeReuse(terms: Terms, ageMs: number, wish: Wish): Reuse {
  if (terms.alwaysRevalidate || wish.noCache) return 'revalidate';
  if (wish.maxAgeMs !== undefined && ageMs > wish.maxAgeMs) return 'revalidate';
  const freshMs = terms.lifetimeMs - ageMs;
  if (wish.minFreshMs !== undefined && freshMs < wish.minFreshMs) return 'revalidate';
  if (freshMs > 0) return 'fresh';
  if (!terms.mayServeStale) return 'revalidate';
  if (wish.maxStaleMs !== undefined && -freshMs <= wish.maxStaleMs) return 'stale';
  // RFC 9111 §5.2.1.1: who says max-age does not wish for what is stale.
  if (wish.maxAgeMs !== undefined) return 'revalidate';
  return -freshMs < terms.staleWhileRevalidateMs ? 'stale' : 'revalidate';
}

/**
 * Whether it may stand in for an error of the upstream (RFC 5861 §4, RFC 9111 §4.2.4): regardless of
 * how fresh the client wants it, but not for one that wants it validated.
 */
export function mayServeOnError(terms: Terms, ageMs: number, wish: Wish): boolean {
  if (!terms.mayServeStale || wish.noCache) return false;
  const staleMs = ageMs - terms.lifetimeMs;
  if (staleMs < terms.staleIfErrorMs) return true;
  return wish.maxStaleMs !== undefined && staleMs <= wish.maxStaleMs;
}
