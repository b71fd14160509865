/** Where to listen and what to connect to: `host:port`, `unix:/path`, and the URLs of upstreams. */
import { isIP } from 'node:net';

/** Where to listen or connect. */
export type Endpoint =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

export type Address =
  | { readonly ok: true; readonly endpoint: Endpoint }
  | { readonly ok: false; readonly reason: string };

/** One upstream's address, from its `url`. */
export interface UpstreamAddress {
  /** Identity within its service: scheme, host and port as `URL.origin` has them, or `unix:/path`. */
  readonly key: string;
  /** With the scheme's default port filled in, and an IPv6 host without brackets. */
  readonly endpoint: Endpoint;
  /** True for https. */
  readonly isSecure: boolean;
  /** Asked for and verified over TLS in place of the host. */
  readonly tlsName?: string;
}

export type UpstreamUrl =
  | { readonly ok: true; readonly address: UpstreamAddress }
  | { readonly ok: false; readonly reason: string };

const UNIX_PREFIX = 'unix:';

/** `sun_path` on Linux has 108 bytes, and the last one is NUL. */
const UNIX_PATH_LIMIT_BYTES = 107;

/** Parses `127.0.0.1:8080`, `localhost:0`, `[::1]:8080`, `unix:/run/a`; port 0 takes a free one. */
export function parseAddress(text: string): Address {
  if (text.startsWith(UNIX_PREFIX)) return parseUnixAddress(text);
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (!match || host === undefined) {
    return refused(`expected host:port such as 127.0.0.1:8080 or unix:/path, got "${text}"`);
  }
  const port = Number(match[3]);
  if (port > 65_535) return refused(`expected a port from 0 to 65535, got ${port}`);
  return { ok: true, endpoint: { kind: 'tcp', host, port } };
}

/** The address of a setting the schema has already accepted; throws on what it refuses. */
export function endpointOf(text: string): Endpoint {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.endpoint;
}

/** `host:port` for people and URLs. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** `host:port` or `unix:/path`, as a setting would have it. */
export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.kind === 'unix'
    ? `${UNIX_PREFIX}${endpoint.path}`
    : formatAddress(endpoint.host, endpoint.port);
}

/** Parses `http://host:port`, `https://host` and `unix:/path`; the last speaks plain HTTP. */
export function parseUpstreamUrl(text: string): UpstreamUrl {
  if (text.startsWith(UNIX_PREFIX)) {
    const parsed = parseUnixAddress(text);
    if (!parsed.ok) return parsed;
    return { ok: true, address: { key: text, endpoint: parsed.endpoint, isSecure: false } };
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) {
    return refused(`expected a URL such as http://127.0.0.1:4001 or unix:/path, got "${text}"`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return refused(`expected an http or https URL, got "${text}"`);
  }
  if (url.pathname !== '/' || url.search || url.hash || url.username || url.password) {
    return refused(`expected scheme, host and port only, got "${text}"`);
  }
  const isSecure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port);
  return {
    ok: true,
    address: { key: url.origin, endpoint: { kind: 'tcp', host, port }, isSecure },
  };
}

/** The address of an upstream the schema has already accepted; throws on what it refuses. */
export function upstreamAddressOf(text: string, tlsName?: string): UpstreamAddress {
  const parsed = parseUpstreamUrl(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return tlsName === undefined ? parsed.address : { ...parsed.address, tlsName };
}

/**
 * The name for SNI, which the certificate must have; undefined for addresses, which have none
 * (RFC 6066 §3), unless they were given one, and without TLS.
 */
export function tlsNameOf({ endpoint, isSecure, tlsName }: UpstreamAddress): string | undefined {
  if (!isSecure || endpoint.kind === 'unix') return undefined;
  if (tlsName !== undefined) return tlsName;
  return isIP(endpoint.host) === 0 ? endpoint.host : undefined;
}

function parseUnixAddress(text: string): Address {
  const path = text.slice(UNIX_PREFIX.length);
  if (!path.startsWith('/') || path.endsWith('/')) {
    return refused(`expected an absolute path such as unix:/run/app.sock, got "${text}"`);
  }
  if (path.includes('\0')) {
    return refused(`expected a path without NUL, got ${JSON.stringify(text)}`);
  }
  const sizeBytes = Buffer.byteLength(path);
  if (sizeBytes > UNIX_PATH_LIMIT_BYTES) {
    return refused(
      `expected a path of at most ${UNIX_PATH_LIMIT_BYTES} bytes (the most a unix socket's name has), got ${sizeBytes}`,
    );
  }
  return { ok: true, endpoint: { kind: 'unix', path } };
}

function refused(reason: string): { ok: false; reason: string } {
  return { ok: false, reason };
}
