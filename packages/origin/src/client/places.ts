// Owns the addresses of a partner as its options give them.
import type { Place } from './dispatch.ts';
import type { PartnerClientOptions } from './partner-options.ts';

/** Where a partner is, and the path all its addresses have in common. */
export interface Places {
  readonly places: readonly Place[];
  /** Without a trailing slash. */
  readonly basePath: string;
}

/**
 * Takes `upstreams` apart. Throws a TypeError, naming the partner, for an address that is none, and
 * for several with different paths: which one is picked must not decide what is asked for.
 */
export function placesOf({ name, upstreams }: PartnerClientOptions): Places {
  const given = typeof upstreams === 'string' ? [upstreams] : upstreams;
  const places = given.map((one) => {
    const { url, weight = 1 } = typeof one === 'string' ? { url: one } : one;
    return { url: parseUrl(name, url), weight };
  });
  const [first] = places;
  if (!first) throw new TypeError(`partner ${name} has no upstreams; give at least one address`);
  const basePath = basePathOf(first.url);
  for (const { url } of places) {
    if (basePathOf(url) === basePath) continue;
    throw new TypeError(
      `partner ${name}: ${url} and ${first.url} have different paths; make it two partners`,
    );
  }
  return { places, basePath };
}

function parseUrl(name: string, text: string): URL {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new TypeError(`partner ${name}: "${text}" is no address such as http://host:port/base`);
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new TypeError(
      `partner ${name}: the address of ${url.host} has credentials, a query or a fragment; ` +
        'send credentials in headers',
    );
  }
  return url;
}

function basePathOf({ pathname }: URL): string {
  return pathname.replace(/\/+$/, '');
}
