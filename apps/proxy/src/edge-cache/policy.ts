/** How a route caches, as the edge cache reads it; made from the configuration of the route. */

export interface CachePolicy {
  /** Larger answers are passed on and not kept. */
  readonly maxBodyBytes: number;
  /** For answers that do not say how long they are fresh (RFC 9111 §4.2.2); undefined: they are not. */
  readonly heuristic: HeuristicFreshness | undefined;
  /** Allowed where the answer does not say (RFC 5861); 0 for none. */
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
  /** Whether clients' Cache-Control is followed (RFC 9111 §5.2.1); otherwise they get what is fresh. */
  readonly honoursClients: boolean;
  readonly key: KeyRules;
  /** Whether answers with Set-Cookie may be kept; only where the origin says they are for all. */
  readonly keepsSetCookie: boolean;
  /** Whether one request stands for all that ask the same at the same time. */
  readonly collapses: boolean;
  /** Whether answers say what the cache did (Cache-Status, RFC 9211). */
  readonly tellsStatus: boolean;
}

export interface HeuristicFreshness {
  /** Of the time since it was last modified. */
  readonly fraction: number;
  readonly maxMs: number;
}

/** What, of a request, an answer is kept under, besides what Vary names. */
export interface KeyRules {
  readonly query:
    | 'all'
    | 'none'
    | { readonly only: readonly string[] }
    | { readonly without: readonly string[] };
  /** Lower-case names of request fields. */
  readonly headers: readonly string[];
}
