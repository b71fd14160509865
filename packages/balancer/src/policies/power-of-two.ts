/** Power of two choices: two upstreams drawn at random, the less loaded one taken. */
import type { Policy } from '../policy.ts';
import type { Upstream } from '../upstream.ts';
import { canTake, loadOf, unitLoad } from './load.ts';
import { createShareDraw, MAX_DRAWS } from './share-draw.ts';

/**
 * Draws two distinct upstreams by share and picks the less loaded. The most loaded upstream never
 * gets a request, and one that fails fast attracts at most its share of the draws.
 * Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001.
 */
export function createPowerOfTwo(): Policy {
  let unit = 1;
  const { use, pick } = createTwoChoices((upstream) => loadOf(upstream, unit));
  return {
    use(candidates) {
      unit = unitLoad(candidates);
      use(candidates);
    },
    pick,
  };
}

/** Two choices by any cost: the lower one of two, the lowest of all when the draws find nobody. */
export function createTwoChoices(costOf: (upstream: Upstream, nowMs: number) => number): Policy {
  let candidates: readonly Upstream[] = [];
  let shares = createShareDraw(candidates);

  return {
    use(next) {
      candidates = next;
      shares = createShareDraw(next);
    },

    pick({ tried, nowMs }, random) {
      let firstIndex = -1;
      for (let i = 0; i < MAX_DRAWS; i++) {
        const index = shares.draw(random, firstIndex);
        const drawn = candidates[index];
        if (!drawn) break;
        if (!canTake(drawn, tried)) continue;
        const first = candidates[firstIndex];
        // A tie stays with the first draw, which is a random choice by share already.
        if (first) return costOf(drawn, nowMs) < costOf(first, nowMs) ? drawn : first;
        firstIndex = index;
      }
      if (firstIndex >= 0) return candidates[firstIndex];
      const rest = candidates.filter((one) => canTake(one, tried));
      const costs = rest.map((one) => costOf(one, nowMs));
      const least = Math.min(...costs);
      const cheapest = rest.filter((_, i) => costs[i] === least);
      return cheapest[createShareDraw(cheapest).draw(random)];
    },
  };
}
