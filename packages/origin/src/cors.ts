// Owns what pages of other origins may do (the Fetch standard's CORS protocol), decided at start.
import type { Context, MiddlewareHandler } from 'hono';
import type { OriginEnv } from './request-scope.ts';

/** Which pages may read answers, and how they may ask. */
export interface CrossOriginOptions {
  /** `https://app.example.com` and its like, `'*'` for any page, or whoever decides by the origin. */
  readonly origins: '*' | readonly string[] | ((origin: string) => boolean);
  /** Whether requests carry cookies and logins of the user. Default false. */
  readonly credentials?: boolean;
  /** Default: GET, HEAD, POST, PUT, PATCH, DELETE. */
  readonly methods?: readonly string[];
  /** Request headers besides those every page may send. Default: `content-type` and `authorization`. */
  readonly requestHeaders?: readonly string[];
  /** Response headers pages may read besides the plain ones. Default: `x-request-id` and `retry-after`. */
  readonly exposedHeaders?: readonly string[];
  /** Seconds a browser keeps what a preflight told it. Default 600. */
  readonly maxAgeSeconds?: number;
}

const usualMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Middleware that lets pages of other origins in. Preflights are answered without touching a
 * route, whether their page is let in or not; pages that are not get answers without a word about
 * them, which their browser keeps from them.
 * @throws TypeError for what would let in more than it says: any page with credentials, or origins
 *   that no browser sends
 */
export function crossOrigin(options: CrossOriginOptions): MiddlewareHandler<OriginEnv> {
  const { origins, credentials = false, maxAgeSeconds = 600 } = options;
  const mayAsk = decision(origins, credentials);
  const isSameForAll = origins === '*';
  const answered: [string, string][] = credentials
    ? [['access-control-allow-credentials', 'true']]
    : [];
  const exposed = (options.exposedHeaders ?? ['x-request-id', 'retry-after']).join(', ');
  const methods = (options.methods ?? usualMethods).join(', ');
  const requestHeaders = (options.requestHeaders ?? ['content-type', 'authorization']).join(', ');
  const allowed = (origin: string): [string, string][] => [
    ['access-control-allow-origin', isSameForAll ? '*' : origin],
    ...answered,
  ];

  return async (c, next) => {
    const origin = c.req.header('origin');
    if (isPreflight(c)) {
      const headers = new Headers({ vary: 'origin' });
      if (origin !== undefined && mayAsk(origin)) {
        for (const [name, value] of allowed(origin)) headers.set(name, value);
        headers.set('access-control-allow-methods', methods);
        if (requestHeaders !== '') headers.set('access-control-allow-headers', requestHeaders);
        headers.set('access-control-max-age', String(maxAgeSeconds));
      }
      return c.body(null, { status: 204, headers });
    }
    await next();
    if (!isSameForAll) c.header('vary', 'origin', { append: true });
    if (isSameForAll || (origin !== undefined && mayAsk(origin))) {
      for (const [name, value] of allowed(origin ?? '')) c.header(name, value);
      if (exposed !== '') c.header('access-control-expose-headers', exposed);
    }
    return undefined;
  };
}

function isPreflight(c: Context): boolean {
  return c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined;
}

function decision(
  origins: CrossOriginOptions['origins'],
  credentials: boolean,
): (origin: string) => boolean {
  if (origins === '*') {
    if (!credentials) return () => true;
    throw new TypeError('cors: origins "*" with credentials would let any page act as its user');
  }
  if (typeof origins === 'function') return origins;
  for (const origin of origins) {
    if (isOrigin(origin)) continue;
    throw new TypeError(`cors: ${JSON.stringify(origin)} is no origin; write https://host[:port]`);
  }
  const known = new Set(origins);
  return (origin) => known.has(origin);
}

/** As browsers send it: scheme, host and a port that is not the usual one. */
function isOrigin(text: string): boolean {
  return URL.parse(text)?.origin === text && text !== 'null';
}
