// Owns carrying a client's latest write to its next reads: a place in the log, as header and cookie.
import type { MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { WalPosition } from './replica-position.ts';

/** What the middleware asks of a replicated database. */
export interface PositionSource {
  /** A place behind everything committed so far. */
  position(): Promise<WalPosition>;
  /** The position, or undefined for what is none or lies ahead of all that was written. */
  acceptPosition(text: string | undefined): Promise<WalPosition | undefined>;
}

/** How clients carry their position. */
export interface ReadYourWritesOptions {
  readonly database: PositionSource;
  /** Seconds a browser keeps the cookie: longer than any replica in use is behind. Default 60. */
  readonly maxAgeSeconds?: number;
  /** False where the origin is reached without TLS all the way to the client. Default true. */
  readonly isSecure?: boolean;
}

/** What the middleware leaves for handlers: `database.reads({ after: c.var.readAfter })`. */
export interface ReadYourWritesEnv {
  Variables: { readAfter: WalPosition | undefined };
}

/** The header, and the name of the cookie. */
export const readAfterName = 'headgate-read-after';

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * Clients read what they have written, from replicas. A request with an unsafe method that is
 * answered with 2xx or 3xx carries away the place of the log it has reached; a later request brings
 * it back, in the header or the cookie. It is no secret and proves nothing: a wrong one is ignored,
 * one that is too new for every replica costs a short wait and a read from the primary.
 */
export function readYourWrites(
  options: ReadYourWritesOptions,
): MiddlewareHandler<ReadYourWritesEnv> {
  const { database, maxAgeSeconds = 60, isSecure = true } = options;
  return async (c, next) => {
    const told = c.req.header(readAfterName) ?? getCookie(c, readAfterName);
    c.set('readAfter', await database.acceptPosition(told));
    await next();
    if (SAFE_METHODS.has(c.req.method) || c.res.status >= 400) return;
    // The write is done whether or not the primary still says how far it is.
    const position = await database.position().catch(() => undefined);
    if (position === undefined) return;
    c.header(readAfterName, position);
    setCookie(c, readAfterName, position, {
      path: '/',
      httpOnly: true,
      sameSite: 'Lax',
      secure: isSecure,
      maxAge: maxAgeSeconds,
    });
  };
}
