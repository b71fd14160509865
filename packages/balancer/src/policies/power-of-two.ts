/** Power of two choices: two upstreams drawn at random, the less loaded one taken. */
import type { Policy } from '../policy.ts';
import { compareLoad } from './least-connections.ts';
import { drawByWeight } from './random.ts';

/**
 * Draws two distinct upstreams by weight and picks the lower `inFlight / weight`. The most loaded
 * upstream never gets a request, and one that fails fast attracts at most its share of the draws.
 * Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001.
 */
export function createPowerOfTwo(): Policy {
  return {
    pick(candidates, random) {
      const first = drawByWeight(candidates, random);
      const second = drawByWeight(candidates, random, first);
      // A tie stays with the first draw, which is a random choice by weight already.
      return compareLoad(second, first) < 0 ? second : first;
    },
  };
}
