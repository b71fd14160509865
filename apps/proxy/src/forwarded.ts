/**
 * Who the client is, and how upstreams are told: X-Forwarded-For, -Proto, -Host and `Forwarded`
 * (RFC 7239). What a peer says about earlier hops counts only when its address is trusted.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';
import { type FieldLines, type Fields, fieldLine } from '@headgate/http1';
import { joinedField } from './headers.ts';

export interface Client {
  /** The address the request is attributed to: the last one not vouched for by a trusted hop. */
  readonly address: string;
  readonly proto: 'http' | 'https';
  /** The host the client asked for, as the first trusted hop saw it. */
  readonly host: string;
  /** True when the peer that connected is one of the trusted proxies. */
  readonly isPeerTrusted: boolean;
  /** Host, Via and what upstreams are told about the client. */
  readonly lines: FieldLines;
}

/** Addresses and CIDR ranges whose forwarding headers are believed. */
export interface TrustedProxies {
  has(address: string): boolean;
}

/** What a peer that came over a Unix socket is called, in `trustedProxies` too. */
const UNIX = 'unix';

/** Builds the list from `10.0.0.0/8`, `::1`, `unix`; throws a readable error on anything else. */
export function createTrustedProxies(ranges: readonly string[]): TrustedProxies {
  const list = new BlockList();
  for (const range of ranges) if (range !== UNIX) addRange(list, range);
  const isUnixTrusted = ranges.includes(UNIX);
  return {
    has(address) {
      if (address === UNIX) return isUnixTrusted;
      return isIP(address) !== 0 && list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
    },
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
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/** Who is at the other end of one connection; works out once what all its requests share. */
export class Peer {
  readonly address: string;
  readonly #proto: 'http' | 'https';
  #trusted: TrustedProxies | undefined;
  #isTrusted = false;
  #client: Client | undefined;

  /** `address` is `unix` for peers that came over a Unix socket. */
  constructor(address: string, proto: 'http' | 'https') {
    this.address = plainAddress(address);
    this.#proto = proto;
  }

  /** Attributes a request: peers outside `trusted` speak for themselves only. */
  identify(host: string, fields: Fields, trusted: TrustedProxies): Client {
    if (this.#trusted !== trusted) {
      this.#trusted = trusted;
      this.#isTrusted = trusted.has(this.address);
      this.#client = undefined;
    }
    if (this.#isTrusted) return clientBehind(this.address, this.#proto, host, fields, trusted);
    if (this.#client === undefined || this.#client.host !== host) {
      const { address } = this;
      this.#client = describe(address, address, this.#proto, host, host, undefined);
    }
    return this.#client;
  }
}

/** The client a trusted peer speaks for. */
function clientBehind(
  peer: string,
  proto: 'http' | 'https',
  host: string,
  fields: Fields,
  trusted: TrustedProxies,
): Client {
  const said = saidBefore(fields);
  const hops = said.for;
  let address = peer;
  for (let i = hops.length - 1; i >= 0 && trusted.has(address); i--) {
    const hop = addressIn(hops[i] as string);
    // A trusted hop that names no address leaves the request with the last one known.
    if (hop === undefined) break;
    address = hop;
  }
  const saidProto = said.proto === 'http' || said.proto === 'https' ? said.proto : proto;
  return describe(peer, address, saidProto, host, said.host ?? host, fields);
}

/** The lists of a trusted peer are continued, anybody else's begun anew. */
function describe(
  peer: string,
  address: string,
  proto: 'http' | 'https',
  askedFor: string,
  host: string,
  trusted: Fields | undefined,
): Client {
  const isPeerTrusted = trusted !== undefined;
  const previousFor = trusted && joinedField(trusted, 'x-forwarded-for');
  const previous = trusted && joinedField(trusted, 'forwarded');
  const hop = isIP(peer) === 0 ? 'unknown' : peer;
  const element = `for=${node(hop)};proto=${proto};host=${quoted(host)}`;
  const lines =
    fieldLine('host', askedFor) +
    fieldLine('via', '1.1 headgate') +
    fieldLine('x-forwarded-for', previousFor ? `${previousFor}, ${hop}` : hop) +
    fieldLine('x-forwarded-proto', proto) +
    fieldLine('x-forwarded-host', host) +
    fieldLine('forwarded', previous ? `${previous}, ${element}` : element);
  return { address, proto, host, isPeerTrusted, lines: inOnePiece(lines) as FieldLines };
}

/** Text that was put together is copied with every use, until it is one piece. */
function inOnePiece(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** What earlier hops say; X-Forwarded-* where there is any, otherwise `Forwarded`. */
function saidBefore(fields: Fields): {
  for: string[];
  proto: string | undefined;
  host: string | undefined;
} {
  const xFor = joinedField(fields, 'x-forwarded-for');
  const xProto = joinedField(fields, 'x-forwarded-proto');
  const xHost = joinedField(fields, 'x-forwarded-host');
  if (xFor !== undefined || xProto !== undefined || xHost !== undefined) {
    return { for: list(xFor), proto: list(xProto).at(-1)?.toLowerCase(), host: list(xHost).at(-1) };
  }
  const elements = forwardedElements(joinedField(fields, 'forwarded') ?? '');
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

/** RFC 7239 §6: IPv6 addresses are bracketed and quoted. */
function node(address: string): string {
  return address.includes(':') ? `"[${address}]"` : address;
}

function quoted(value: string): string {
  return /^[\w.!#$%&'*+^`|~-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`;
}
