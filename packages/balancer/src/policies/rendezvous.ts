/** Rendezvous hashing: each key ranks the upstreams by a score of its own. */
import { hash32 } from '../hash.ts';
import type { Upstream } from '../upstream.ts';

/** How many recent owners are remembered; a power of two. */
const REMEMBERED = 4096;

/** Who keys belong to, among the candidates it was made for and the shares they had then. */
export interface Rendezvous {
  /** The slot of the upstream a hash belongs to, -1 when there is none. O(1) for recent ones. */
  ownerOf(hash: number): number;
  /** The upstream it belongs to among those that `mayTake`; undefined when there is none. O(n). */
  bestOf(hash: number, mayTake: (upstream: Upstream) => boolean): Upstream | undefined;
}

/**
 * Weighted rendezvous: every upstream owns keys in proportion to its share, and when one comes,
 * goes or changes its share, no key moves between two others. Thaler, Ravishankar, "Using
 * Name-Based Mappings to Increase Hit Rates", IEEE/ACM ToN 6(1), 1998.
 */
export function createRendezvous(candidates: readonly Upstream[]): Rendezvous {
  const count = candidates.length;
  const shares = Float64Array.from(candidates, ({ share }) => share);
  // Two seeds each: with one of 32 bits, two upstreams that happen to share it would be one.
  const firstSeeds = Int32Array.from(candidates, ({ key }) => hash32(key, 1));
  const secondSeeds = Int32Array.from(candidates, ({ key }) => hash32(key, 2));
  const rememberedHashes = new Uint32Array(REMEMBERED);
  const rememberedSlots = new Int32Array(REMEMBERED).fill(-1);

  const best = (hash: number, mayTake?: (upstream: Upstream) => boolean): number => {
    let bestSlot = -1;
    let bestScore = Number.POSITIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      const drawn = mix(hash, firstSeeds[i] as number, secondSeeds[i] as number);
      const share = shares[i] as number;
      // An exponential variable of rate `share` has the least value with a chance in proportion
      // to it. 1 - u is no more than -ln u, and spares most candidates the logarithm.
      if (1 - drawn >= bestScore * share) continue;
      const score = -Math.log(drawn) / share;
      if (score >= bestScore || mayTake?.(candidates[i] as Upstream) === false) continue;
      bestSlot = i;
      bestScore = score;
    }
    return bestSlot;
  };

  return {
    ownerOf(hash) {
      const at = hash & (REMEMBERED - 1);
      if (rememberedSlots[at] === -1 || rememberedHashes[at] !== hash >>> 0) {
        rememberedHashes[at] = hash;
        rememberedSlots[at] = best(hash);
      }
      return rememberedSlots[at] as number;
    },
    bestOf: (hash, mayTake) => candidates[best(hash, mayTake)],
  };
}

/** Above 0 and below 1, evenly spread; the mixing is that of MurmurHash3. */
function mix(hash: number, firstSeed: number, secondSeed: number): number {
  let mixed = hash ^ firstSeed;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed + secondSeed, 0xc2b2ae35);
  mixed ^= mixed >>> 16;
  return ((mixed >>> 0) + 0.5) / 2 ** 32;
}
