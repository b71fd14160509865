/** Addresses of listening sockets: how they are written, and which of them are the same. */
import { isIP, SocketAddress } from 'node:net';
import type { ListenEndpoint } from './messages.ts';

const WILDCARDS: readonly string[] = ['0.0.0.0', '::'];
const LOOPBACKS: readonly string[] = ['127.0.0.1', '::1'];

/** `host:port` or `unix:/path`, as a setting would have it. */
export function formatEndpoint(endpoint: ListenEndpoint): string {
  if (endpoint.kind === 'unix') return `unix:${endpoint.path}`;
  const { host, port } = endpoint;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Whether a socket bound to `bound` is what somebody who asks for `asked` means: the same path,
 * or the same port and host. `localhost` means either loopback address, and all wildcards are one.
 */
export function isSameEndpoint(asked: ListenEndpoint, bound: ListenEndpoint): boolean {
  if (asked.kind === 'unix') return bound.kind === 'unix' && asked.path === bound.path;
  return bound.kind === 'tcp' && asked.port === bound.port && isSameHost(asked.host, bound.host);
}

/** As `isSameEndpoint`, of the hosts alone. */
export function isSameHost(asked: string, bound: string): boolean {
  const [a, b] = [normalHost(asked), normalHost(bound)];
  if (a === b) return true;
  if (a === 'localhost') return LOOPBACKS.includes(b);
  if (b === 'localhost') return LOOPBACKS.includes(a);
  return WILDCARDS.includes(a) && WILDCARDS.includes(b);
}

/**
 * Whether the kernel would refuse one of two sockets because the other has its address; never with
 * port 0, which takes a free one.
 */
export function isOverlapping(a: ListenEndpoint, b: ListenEndpoint): boolean {
  if (a.kind === 'unix' || b.kind === 'unix') return isSameEndpoint(a, b);
  if (a.port !== b.port || a.port === 0) return false;
  const hosts = [normalHost(a.host), normalHost(b.host)] as const;
  return isSameHost(...hosts) || covers(...hosts) || covers(hosts[1], hosts[0]);
}

/** `::` takes IPv4 as well. */
function covers(wildcard: string, host: string): boolean {
  return wildcard === '::' || (wildcard === '0.0.0.0' && isIP(host) === 4);
}

function normalHost(host: string): string {
  if (isIP(host) !== 6) return host.toLowerCase();
  return new SocketAddress({ family: 'ipv6', address: host.replace(/%.*$/, '') }).address;
}
