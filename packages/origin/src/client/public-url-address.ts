// Owns which IP addresses belong to the public internet: those that are not somebody's own
// machine, network, cloud or tunnel (the special-purpose registries of RFC 6890).
import { BlockList, isIP } from 'node:net';

const notPublicIpv4 = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT, and metadata of some clouds
  '127.0.0.0/8', // loopback
  '168.63.129.16/32', // a public number that answers inside one cloud only
  '169.254.0.0/16', // link-local, and metadata of most clouds
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // relays of 6to4
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
];

/** Within 2000::/3; everything outside of it is refused anyway. */
const notPublicIpv6 = [
  '2001::/23', // protocol assignments, Teredo among them
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4: any IPv4 address in other clothes
  '3fff::/20', // documentation
];

const special = new BlockList();
for (const range of notPublicIpv4) addRange(special, range, 'ipv4');
for (const range of notPublicIpv6) addRange(special, range, 'ipv6');

/** What is given out for use on the internet (RFC 4291 §2.4); the rest maps, translates or is local. */
const globalUnicast = new BlockList();
addRange(globalUnicast, '2000::/3', 'ipv6');

/**
 * Whether `address`, IPv4 in dotted decimal or IPv6, can be somebody else's on the internet. False
 * for text that is no address, and for addresses with a zone.
 */
export function isPublicAddress(address: string): boolean {
  if (address.includes('%')) return false;
  const family = isIP(address);
  if (family === 4) return !special.check(address, 'ipv4');
  return family === 6 && globalUnicast.check(address, 'ipv6') && !special.check(address, 'ipv6');
}

function addRange(list: BlockList, range: string, family: 'ipv4' | 'ipv6'): void {
  const [network = '', prefix] = range.split('/');
  list.addSubnet(network, Number(prefix), family);
}
