/** What an operator, or an origin, asks the edge cache to forget. */

export type PurgeOrder =
  /** All variants of one URL, as clients ask for it. */
  | { readonly kind: 'url'; readonly url: string }
  /** All URLs that begin so: `http://host/path`. */
  | { readonly kind: 'prefix'; readonly prefix: string }
  | { readonly kind: 'tags'; readonly tags: readonly string[] }
  | { readonly kind: 'all' };

/** How far a purge has come: `queued` waits for the second tier to be in reach again. */
export type PurgeReach = 'here' | 'everywhere' | 'queued';
