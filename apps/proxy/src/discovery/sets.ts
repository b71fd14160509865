/** Which names the entries of a config need, and what is found for an entry once they are known. */
import { isIP } from 'node:net';
import { formatAddress, upstreamAddressOf } from '../address.ts';
import type { UpstreamEntry } from '../config.ts';
import type { DiscoveredSet } from './expand.ts';
import { type SrvTarget, usedTargets } from './srv.ts';

/** What has been found so far; empty for what has not been asked for. */
export interface Findings {
  /** A and AAAA records of a name. */
  addressesOf(name: string): readonly string[];
  /** SRV records of a name. */
  targetsOf(name: string): readonly SrvTarget[];
  /** What a file lists. */
  listOf(file: string): DiscoveredSet;
}

/** What has to be known for some entries. */
export interface Needs {
  readonly addresses: ReadonlySet<string>;
  readonly targets: ReadonlySet<string>;
  readonly files: ReadonlySet<string>;
}

/** What `entries` need; the addresses of SRV targets as soon as those are found. */
export function needsOf(
  entries: readonly UpstreamEntry[],
  findings: Pick<Findings, 'targetsOf'>,
): Needs {
  const hosts = entries.flatMap(({ dns }) => (dns === undefined ? [] : [hostOf(dns)]));
  const services = entries.flatMap(({ srv }) => (srv === undefined ? [] : [hostOf(srv)]));
  const targets = services.flatMap((name) => findings.targetsOf(name).map((target) => target.name));
  return {
    addresses: new Set([...hosts, ...targets].filter((name) => isIP(name) === 0)),
    targets: new Set(services),
    files: new Set(entries.flatMap(({ file }) => (file === undefined ? [] : [file]))),
  };
}

/** What an entry stands for, going by what has been found. */
export function setOf({ dns, srv, file }: UpstreamEntry, findings: Findings): DiscoveredSet {
  if (dns !== undefined) return ofAddresses(dns, findings);
  if (srv !== undefined) return ofTargets(srv, findings);
  return file === undefined ? [] : findings.listOf(file);
}

/** The host of an entry's URL; an IPv6 address without brackets. */
function hostOf(url: string): string {
  const { endpoint } = upstreamAddressOf(url);
  return endpoint.kind === 'tcp' ? endpoint.host : '';
}

function ofAddresses(url: string, findings: Findings): DiscoveredSet {
  const { endpoint } = upstreamAddressOf(url);
  if (endpoint.kind !== 'tcp') return [];
  const { host, port } = endpoint;
  const addresses = isIP(host) === 0 ? findings.addressesOf(host) : [host];
  const rest = { weight: 1, tlsName: tlsNameFor(url) };
  return addresses.map((address) => ({ url: urlOf(url, address, port), ...rest }));
}

function ofTargets(url: string, findings: Findings): DiscoveredSet {
  const find = (name: string) => (isIP(name) === 0 ? findings.addressesOf(name) : [name]);
  const tlsName = tlsNameFor(url);
  return usedTargets(findings.targetsOf(hostOf(url)), find).flatMap(({ addresses, port, weight }) =>
    addresses.map((address) => ({ url: urlOf(url, address, port), weight, tlsName })),
  );
}

function urlOf(entryUrl: string, address: string, port: number): string {
  return `${new URL(entryUrl).protocol}//${formatAddress(address, port)}`;
}

/**
 * What the certificates of a name's addresses are for: the name. The labels that make it one of
 * SRV records (`_https._tcp.`) are no part of what is certified (RFC 6125 §6.2.1).
 */
function tlsNameFor(url: string): string | undefined {
  if (!url.startsWith('https:')) return undefined;
  const host = hostOf(url).replace(/^(_[^.]+\.)+/, '');
  return isIP(host) === 0 ? host : undefined;
}
