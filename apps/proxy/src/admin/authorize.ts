/** Who may change something through the admin listener, and which requests no browser may make. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { Endpoint } from '../address.ts';
import type { Problem } from './answer.ts';

/** What a request for a change is judged by. */
export interface Caller {
  /** It came over a Unix socket, so the permissions of its file have let it in. */
  readonly isLocalSocket: boolean;
  readonly authorization: string | undefined;
}

export type Refusal = Problem & { readonly isWrongToken: boolean };

/** Whether a caller may change something; undefined: yes. `token` is the configured one. */
export function authorize(caller: Caller, token: string | undefined): Refusal | undefined {
  if (token === undefined) {
    return caller.isLocalSocket ? undefined : { ...NOT_CONFIGURED, isWrongToken: false };
  }
  const given = /^Bearer +([^\s]+) *$/i.exec(caller.authorization ?? '')?.[1];
  if (given === undefined) return { ...MISSING_TOKEN, isWrongToken: false };
  return isSame(given, token) ? undefined : { ...WRONG_TOKEN, isWrongToken: true };
}

const NOT_CONFIGURED: Problem = {
  status: 403,
  title: 'Changes are off',
  detail:
    'this listener only reads, because it has no token; set admin.token (or admin.tokenFile) and reload, or put admin.address on a unix socket',
};

const MISSING_TOKEN: Problem = {
  status: 401,
  title: 'Token required',
  detail:
    'changes need the configured admin.token: in HEADGATE_ADMIN_TOKEN for headgate ctl, else in the header "Authorization: Bearer TOKEN"',
  field: 'authorization',
};

const WRONG_TOKEN: Problem = {
  status: 401,
  title: 'Wrong token',
  detail: 'the token is not the configured admin.token',
  field: 'authorization',
};

/** Digests have one length, so that neither content nor length shows in the time it takes. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

/**
 * Refuses what a web page may make a browser ask on its own: a change from another site (which
 * cannot send JSON without asking first, and always names its origin), and anything under a name
 * that was pointed at this machine (DNS rebinding), which only addresses and localhost are not.
 */
export function refuseBrowsers(
  request: { readonly isChange: boolean; readonly headers: IncomingHttpHeaders },
  endpoint: Endpoint,
): Problem | undefined {
  const { host, origin } = request.headers;
  if (isLoopback(endpoint) && host !== undefined && !isOwnName(host)) return FOREIGN_HOST;
  if (!request.isChange) return undefined;
  if (origin !== undefined && hostOf(origin) !== host?.toLowerCase()) return FOREIGN_ORIGIN;
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  return type === 'application/json' ? undefined : NOT_JSON;
}

const FOREIGN_HOST: Problem = {
  status: 403,
  title: 'Foreign host',
  detail: 'on loopback this listener is asked by address or as localhost only',
  field: 'host',
};

const FOREIGN_ORIGIN: Problem = {
  status: 403,
  title: 'Foreign origin',
  detail: 'changes are not taken from the pages of another site',
  field: 'origin',
};

const NOT_JSON: Problem = {
  status: 415,
  title: 'Not JSON',
  detail: 'a change is asked for with "Content-Type: application/json"',
  field: 'content-type',
};

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function isLoopback(endpoint: Endpoint): boolean {
  if (endpoint.kind === 'unix') return false;
  const family = isIP(endpoint.host);
  if (family === 0) return endpoint.host === 'localhost';
  return loopback.check(endpoint.host, family === 4 ? 'ipv4' : 'ipv6');
}

/** True for addresses and localhost, with or without a port. */
function isOwnName(host: string): boolean {
  const name = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host);
  const bare = name?.[1] ?? name?.[2] ?? '';
  return isIP(bare) !== 0 || /^(.+\.)?localhost$/i.test(bare);
}

/** `host:port` of an origin; undefined for `null` and what is none. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
