/** Least connections: the upstream with the fewest requests in flight for its weight. */
import type { Policy } from '../policy.ts';
import type { Upstream } from '../upstream.ts';

/**
 * Looks at every candidate and picks the lowest `inFlight / weight`. Ties are drawn by weight, in
 * the same pass (reservoir sampling): always taking the first would pile an idle service's
 * requests on one upstream, and those of a whole fleet of proxies on the same one.
 */
export function createLeastConnections(): Policy {
  return {
    pick(candidates, random) {
      let best = candidates[0] as Upstream;
      let tiedWeight = best.weight;
      for (let i = 1; i < candidates.length; i++) {
        const candidate = candidates[i] as Upstream;
        const order = compareLoad(candidate, best);
        if (order > 0) continue;
        tiedWeight = order < 0 ? candidate.weight : tiedWeight + candidate.weight;
        if (order < 0 || random() * tiedWeight < candidate.weight) best = candidate;
      }
      return best;
    },
  };
}

/**
 * Below zero when `a` has less in flight for its weight than `b`, zero when as much. Compares the
 * cross product: dividing would make equal shares differ by a rounding error.
 */
export function compareLoad(a: Upstream, b: Upstream): number {
  return a.inFlight * b.weight - b.inFlight * a.weight;
}
