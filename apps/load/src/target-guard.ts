/** Keeps a run from sending load to machines of others. */
import { type LookupAddress, type LookupOptions, lookup as resolve } from 'node:dns';
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net';

export interface TargetGuard {
  /**
   * Throws an Error unless load may go to `url`, as far as the URL alone tells. Names that are not
   * owned pass: what they mean is only known to `lookup`.
   */
  check(url: URL): void;
  /**
   * `dns.lookup`, for the `lookup` option of sockets; an error unless the name is owned or all its
   * addresses are of this machine. Literal addresses never get here, hence `check`.
   */
  readonly lookup: LookupFunction;
}

/** The code of the guard's errors. */
export const NOT_OWNED = 'ERR_HOST_NOT_OWNED';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * A guard that lets load pass to this machine and to `ownedHosts`: names and addresses, without
 * scheme and port. Throws a TypeError for an entry that is neither.
 */
export function createTargetGuard(options: {
  readonly ownedHosts: readonly string[];
}): TargetGuard {
  const owned = new Set(options.ownedHosts.map(normalizeOwned));

  function check(url: URL): void {
    // Only the hosts of these are normalised when a URL is parsed: 0x7f.1 is an address in them.
    if (!/^(https?|wss?):$/.test(url.protocol)) {
      throw new TypeError(`${url.protocol}// is not HTTP; a URL begins with http:// or https://`);
    }
    const host = normalize(url.hostname);
    if (isIP(host) !== 0 && !isLoopbackAddress(host) && !owned.has(host))
      throw notOwned(host, host);
  }

  function lookup(
    hostname: string,
    lookupOptions: LookupOptions,
    callback: Parameters<LookupFunction>[2],
  ): void {
    resolve(hostname, lookupOptions, (error, result: string | LookupAddress[], family?: number) => {
      if (error !== null) return callback(error, result, family);
      const addresses = typeof result === 'string' ? [{ address: result }] : result;
      const stranger = addresses.find(({ address }) => !isLoopbackAddress(address));
      const isAllowed = stranger === undefined || owned.has(normalize(hostname));
      callback(isAllowed ? null : notOwned(hostname, stranger.address), result, family);
    });
  }

  return { check, lookup };
}

/** True for `localhost` and every literal address of this machine; brackets and case do not matter. */
export function isLoopbackHost(hostname: string): boolean {
  const host = normalize(hostname);
  return host === 'localhost' || host.endsWith('.localhost') || isLoopbackAddress(host);
}

function isLoopbackAddress(address: string): boolean {
  // Link-local addresses come with a zone when they are looked up.
  const plain = address.replace(/%.*/, '');
  const family = isIP(plain);
  return family !== 0 && loopback.check(plain, family === 6 ? 'ipv6' : 'ipv4');
}

function normalize(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}

function normalizeOwned(host: string): string {
  const text = isIPv6(host) ? `[${host}]` : host;
  const url = URL.parse(`http://${text}`);
  if (url === null || /[/?#@\\]/.test(text) || url.port !== '' || /[^\]]*:\d+$/.test(text)) {
    throw new TypeError(`"${host}" is not the name or address of a host, without scheme and port`);
  }
  return normalize(url.hostname);
}

function notOwned(host: string, address: string): Error {
  const what = host === address ? host : `${host} (${address})`;
  const message = `${what} is not this machine; when it is yours to load, add --i-own-this-host ${host}`;
  return Object.assign(new Error(message), { code: NOT_OWNED });
}
