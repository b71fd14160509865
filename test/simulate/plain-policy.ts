/** Least connections and nothing else: the yardstick for what the corrections gain and cost. */
import type { Policy, Upstream } from '@headgate/balancer';

/** Looks at every candidate; what it has learnt, limits and corrections do not count. */
export function createPlainLeastConnections(): Policy {
  let candidates: readonly Upstream[] = [];
  return {
    use(upstreams) {
      candidates = upstreams;
    },
    pick({ tried }, random) {
      let best: Upstream | undefined;
      let bestLoad = Number.POSITIVE_INFINITY;
      let tiedWeight = 0;
      for (const one of candidates) {
        if (one.inFlight >= one.maxInFlight || tried.includes(one)) continue;
        const load = one.inFlight / one.weight;
        if (load > bestLoad) continue;
        tiedWeight = load < bestLoad ? one.weight : tiedWeight + one.weight;
        if (load < bestLoad || random() * tiedWeight < one.weight) best = one;
        bestLoad = load;
      }
      return best;
    },
  };
}
