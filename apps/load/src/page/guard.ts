/** Who may talk to the live page: this machine's browser, and no other site that is open in it. */
import type { MiddlewareHandler } from 'hono';
import { problem } from './problem.ts';

const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Sets the headers above, for answers that do not bring their own. */
export function secureHeaders(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
    }
  };
}

/**
 * Refuses a name that somebody else's DNS points at 127.0.0.1: only the names of this machine, with
 * the port that is listened on.
 */
export function onlyLoopbackHosts(port: () => number): MiddlewareHandler {
  return async (c, next) => {
    const hosts = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port()}`);
    const host = c.req.header('host')?.toLowerCase() ?? '';
    if (hosts.includes(host)) return next();
    return problem(403, `the host "${host}" is not this page; open http://127.0.0.1:${port()}/`);
  };
}

/** Refuses what a page of another origin sends; needs a `Host` that has been checked. */
export function onlySameOrigin(): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header('origin');
    const site = c.req.header('sec-fetch-site');
    const isSame =
      (origin !== undefined || site !== undefined) &&
      (origin === undefined || origin === `http://${c.req.header('host')?.toLowerCase()}`) &&
      (site === undefined || site === 'same-origin');
    if (isSame) return next();
    return problem(403, 'only the page itself may steer the run: Origin is not that of the page');
  };
}

/** Refuses forms, which a browser sends to any origin without asking. */
export function onlyJson(): MiddlewareHandler {
  return async (c, next) => {
    const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
    if (type === 'application/json') return next();
    return problem(415, `content-type must be application/json, not "${type ?? ''}"`);
  };
}
