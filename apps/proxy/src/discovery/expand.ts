/** What the config says and what has been found, made into the plain upstreams of each service. */
import { upstreamAddressOf } from '../address.ts';
import type {
  EffectiveConfig,
  EffectiveService,
  ProxyConfig,
  ServiceConfig,
  UpstreamConfig,
  UpstreamEntry,
} from '../config.ts';

/** One upstream that was found; what it does not say, the entry it was found for does. */
export interface FoundUpstream {
  readonly url: string;
  /** Times the weight of the entry. */
  readonly weight: number;
  readonly zone?: string | undefined;
  readonly maxInFlight?: number | undefined;
  readonly tlsName?: string | undefined;
}

/** What one entry stands for at the moment, in an order that does not depend on answers. */
export type DiscoveredSet = readonly FoundUpstream[];

/** By `entryKey`; an entry nobody has found anything for yet is missing. */
export type Found = ReadonlyMap<string, DiscoveredSet>;

/** What `found` has an entry's addresses under; undefined for one that is an address itself. */
export function entryKey({ dns, srv, file }: UpstreamEntry): string | undefined {
  if (dns !== undefined) return `dns ${dns}`;
  if (srv !== undefined) return `srv ${srv}`;
  return file === undefined ? undefined : `file ${file}`;
}

/** Where an entry's upstreams are, or are to be found, for people. */
export function placeOf(entry: UpstreamEntry): string {
  return entry.url ?? entryKey(entry) ?? 'nowhere';
}

/**
 * `config` with each service's upstreams by address. An address that two entries of a service
 * have in common is the first one's.
 */
export function expandUpstreams(config: ProxyConfig, found: Found): EffectiveConfig {
  const services: Record<string, EffectiveService> = {};
  for (const [name, service] of Object.entries(config.services)) {
    services[name] = { ...service, upstreams: upstreamsOf(service, found) };
  }
  return { ...config, services };
}

function upstreamsOf({ upstreams }: ServiceConfig, found: Found): UpstreamConfig[] {
  const byAddress = new Map<string, UpstreamConfig>();
  for (const entry of upstreams) {
    for (const upstream of addressesOf(entry, found)) {
      const { key } = upstreamAddressOf(upstream.url);
      if (!byAddress.has(key)) byAddress.set(key, upstream);
    }
  }
  return [...byAddress.values()];
}

function addressesOf(entry: UpstreamEntry, found: Found): UpstreamConfig[] {
  const { url, weight, zone, maxInFlight, tlsName } = entry;
  if (url !== undefined) return [{ url, weight, zone, maxInFlight, tlsName }];
  return (found.get(entryKey(entry) ?? '') ?? []).map((one) => ({
    url: one.url,
    weight: weight * one.weight,
    zone: one.zone ?? zone,
    maxInFlight: one.maxInFlight ?? maxInFlight,
    tlsName: tlsName ?? one.tlsName,
  }));
}
