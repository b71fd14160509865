/** Least connections: the upstream with the fewest requests in flight for its share. */
import { createMinTree } from '../min-tree.ts';
import type { Policy } from '../policy.ts';
import type { Upstream } from '../upstream.ts';
import { loadOf, unitLoad } from './load.ts';

/** Least connections is told of every change of load: it keeps the candidates in order. */
export interface LeastConnections extends Policy {
  update(upstream: Upstream): void;
}

/**
 * Picks the least loaded of all candidates. Ties are drawn by share: always taking the first would
 * pile an idle service's requests on one upstream, and those of a whole fleet of proxies on the
 * same one.
 */
export function createLeastConnections(): LeastConnections {
  let candidates: readonly Upstream[] = [];
  let unit = 1;
  let tree = createMinTree(0);

  const place = (upstream: Upstream, load: number) => {
    if (candidates[upstream.slot] !== upstream) return;
    tree.set(upstream.slot, load, upstream.share);
  };
  const update = (upstream: Upstream) => place(upstream, loadOf(upstream, unit));

  return {
    use(next) {
      candidates = next;
      unit = unitLoad(next);
      tree = createMinTree(next.length);
      for (const upstream of next) update(upstream);
    },

    update,

    pick({ tried }, random) {
      for (const upstream of tried) place(upstream, Number.POSITIVE_INFINITY);
      const picked = candidates[tree.pick(random)];
      for (const upstream of tried) update(upstream);
      return picked;
    },
  };
}
