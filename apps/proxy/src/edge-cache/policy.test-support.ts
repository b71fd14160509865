/** Policies for tests. */
import type { CachePolicy } from './policy.ts';

/** One that guesses nothing and allows nothing by itself, but for what is given. */
export function policy(given: Partial<CachePolicy> = {}): CachePolicy {
  return {
    maxBodyBytes: 1_000_000,
    heuristic: undefined,
    staleWhileRevalidateMs: 0,
    staleIfErrorMs: 0,
    honoursClients: true,
    key: { query: 'all', headers: [] },
    keepsSetCookie: false,
    collapses: true,
    tellsStatus: true,
    ...given,
  };
}
