// Owns the words for why a URL of somebody else's was not fetched.

/**
 * `url`: not an absolute URL. `scheme`, `credentials`, `port`, `host`: a part of it that is not
 * allowed. `address`: its host is, or resolves to, an address that is not public, or to none.
 * `redirects`: it leads on too often. `too-large`: more bytes than allowed. `timeout`: no whole
 * answer in time. `unreachable`: no connection, or it broke.
 */
export type PublicUrlReason =
  | 'url'
  | 'scheme'
  | 'credentials'
  | 'port'
  | 'host'
  | 'address'
  | 'redirects'
  | 'too-large'
  | 'timeout'
  | 'unreachable';

/**
 * A URL that was not fetched. The message names no address: who gave us the URL may read it, and
 * must not learn what our names resolve to.
 */
export class PublicUrlError extends Error {
  readonly reason: PublicUrlReason;

  constructor(reason: PublicUrlReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PublicUrlError';
    this.reason = reason;
  }
}
