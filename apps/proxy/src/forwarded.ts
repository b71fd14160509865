/**
 * Who the client is, and how upstreams are told: X-Forwarded-For, -Proto, -Host and `Forwarded`
 * (RFC 7239). What a peer says about earlier hops counts only when its address is trusted.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';
import { joinedHeader } from './headers.ts';

export interface Client {
  /** The address the request is attributed to: the last one not vouched for by a trusted hop. */
  readonly address: string;
  readonly proto: 'http' | 'https';
  /** The host the client asked for, as the first trusted hop saw it. */
  readonly host: string;
  /** True when the peer that connected is one of the trusted proxies. */
  readonly isPeerTrusted: boolean;
}

/** Addresses and CIDR ranges whose forwarding headers are believed. */
export interface TrustedProxies {
  has(address: string): boolean;
}

/** Builds the list from `10.0.0.0/8`, `::1`, … ; throws a readable error on anything else. */
export function createTrustedProxies(ranges: readonly string[]): TrustedProxies {
  const list = new BlockList();
  for (const range of ranges) addRange(list, range);
  return {
    has: (address) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4'),
  };
}

function addRange(list: BlockList, range: string): void {
  const slash = range.indexOf('/');
  const address = slash < 0 ? range : range.slice(0, slash);
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  try {
    if (slash < 0) {
      list.addAddress(address, family);
    } else {
      const prefix = range.slice(slash + 1);
      list.addSubnet(address, /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN, family);
    }
  } catch {
    throw new Error(`expected an address or a range such as 10.0.0.0/8, got "${range}"`);
  }
}

/** `::ffff:127.0.0.1` and `127.0.0.1` are the same client. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/** Attributes a request: peers outside `trusted` speak for themselves only. */
export function identifyClient(
  peer: string,
  proto: 'http' | 'https',
  host: string,
  headers: readonly string[],
  trusted: TrustedProxies,
): Client {
  if (peer === 'unknown' || !trusted.has(peer)) {
    return { address: peer, proto, host, isPeerTrusted: false };
  }
  const said = saidBefore(headers);
  const hops = said.for;
  let address = peer;
  for (let i = hops.length - 1; i >= 0 && trusted.has(address); i--) {
    const hop = addressIn(hops[i] as string);
    // A trusted hop that names no address leaves the request with the last one known.
    if (hop === undefined) break;
    address = hop;
  }
  return {
    address,
    proto: said.proto === 'http' || said.proto === 'https' ? said.proto : proto,
    host: said.host ?? host,
    isPeerTrusted: true,
  };
}

/** What earlier hops say; X-Forwarded-* where there is any, otherwise `Forwarded`. */
function saidBefore(headers: readonly string[]): {
  for: string[];
  proto: string | undefined;
  host: string | undefined;
} {
  const xFor = joinedHeader(headers, 'x-forwarded-for');
  const xProto = joinedHeader(headers, 'x-forwarded-proto');
  const xHost = joinedHeader(headers, 'x-forwarded-host');
  if (xFor !== undefined || xProto !== undefined || xHost !== undefined) {
    return { for: list(xFor), proto: list(xProto).at(-1)?.toLowerCase(), host: list(xHost).at(-1) };
  }
  const elements = forwardedElements(joinedHeader(headers, 'forwarded') ?? '');
  return {
    for: elements.map((element) => element.get('for') ?? 'unknown'),
    proto: elements.at(-1)?.get('proto')?.toLowerCase(),
    host: elements.at(-1)?.get('host'),
  };
}

/** The elements of a `Forwarded` field (RFC 7239 §4), names in lower case, values unquoted. */
function forwardedElements(value: string): Map<string, string>[] {
  const elements: Map<string, string>[] = [];
  for (const text of value.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+/g) ?? []) {
    const pairs = new Map<string, string>();
    for (const [, name = '', quotedValue, token] of text.matchAll(
      /([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^;,\s]*))/g,
    )) {
      pairs.set(name.toLowerCase(), quotedValue?.replace(/\\(.)/g, '$1') ?? token ?? '');
    }
    elements.push(pairs);
  }
  return elements;
}

/** `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` and `[2001:db8::1]:4711` as bare addresses. */
function addressIn(hop: string): string | undefined {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(hop)?.[1] ?? hop.replace(/^([^:]+):\d+$/, '$1');
  return isIP(bare) === 0 ? undefined : plainAddress(bare);
}

function list(value: string | undefined): string[] {
  if (value === undefined) return [];
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/**
 * The forwarding fields for the upstream. A trusted peer's own list is continued, anybody else's
 * is dropped and a new one begun.
 */
export function forwardingHeaders(
  client: Client,
  peer: string,
  headers: readonly string[],
): string[] {
  const previousFor = client.isPeerTrusted ? joinedHeader(headers, 'x-forwarded-for') : undefined;
  const previous = client.isPeerTrusted ? joinedHeader(headers, 'forwarded') : undefined;
  const element = `for=${node(peer)};proto=${client.proto};host=${quoted(client.host)}`;
  return [
    'x-forwarded-for',
    previousFor ? `${previousFor}, ${peer}` : peer,
    'x-forwarded-proto',
    client.proto,
    'x-forwarded-host',
    client.host,
    'forwarded',
    previous ? `${previous}, ${element}` : element,
  ];
}

/** RFC 7239 §6: IPv6 addresses are bracketed and quoted. */
function node(address: string): string {
  return address.includes(':') ? `"[${address}]"` : address;
}

function quoted(value: string): string {
  return /^[\w.!#$%&'*+^`|~-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`;
}
