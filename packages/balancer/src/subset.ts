/** Which upstreams one proxy of many uses, where all of them using all would be too much. */
import { hash32 } from './hash.ts';

/**
 * The `size` keys, all of them when there are fewer, that come first for the proxy named `selfId`,
 * in the order given: rendezvous hashing, as in gRFC A68. When a key comes or goes at most one other
 * is exchanged for it. Different proxies draw independently, so upstreams are shared out evenly when
 * proxies × size is many times the number of keys.
 */
export function rendezvousSubset(
  keys: readonly string[],
  size: number,
  selfId: string,
): readonly string[] {
  if (size >= keys.length) return keys;
  const seed = hash32(selfId);
  const ranked = keys.map((key) => ({ key, hash: hash32(key, seed) }));
  // Two keys may have the same hash; then the key decides, not the order they came in.
  ranked.sort((a, b) => a.hash - b.hash || (a.key < b.key ? -1 : 1));
  const chosen = new Set(ranked.slice(0, size).map(({ key }) => key));
  return keys.filter((key) => chosen.has(key));
}
