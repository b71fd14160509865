/** Hash: the same key goes to the same upstream, unless that has more than its share to do. */
import type { Policy } from '../policy.ts';
import type { Upstream } from '../upstream.ts';
import { createLeastConnections } from './least-connections.ts';
import { canTake } from './load.ts';
import { createRendezvous } from './rendezvous.ts';
import { createTotals } from './totals.ts';

/** How many times its fair part of all requests in flight an upstream may have. */
const MAX_RATIO = 1.25;

/** So few are no load: they stay where their keys belong, however idle the others are. */
const LEAST_FILL = 4;

/**
 * Rendezvous hashing with bounded loads: a key belongs to the upstream that scores best for it,
 * and goes to the next best while that has its fill. Every key ranks the upstreams in an order of
 * its own, so what one cannot take is spread over all others. Requests without a key go by least
 * connections. Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing with Bounded Loads", 2016.
 */
export function createHash(): Policy {
  const others = createLeastConnections();
  const totals = createTotals();
  let candidates: readonly Upstream[] = [];
  let rendezvous = createRendezvous(candidates);

  const hasFill = ({ inFlight, share }: Upstream) =>
    inFlight >= LEAST_FILL &&
    inFlight + 1 > Math.ceil((MAX_RATIO * (totals.inFlight + 1) * share) / totals.share);

  return {
    use(next) {
      candidates = next;
      rendezvous = createRendezvous(next);
      others.use(next);
      totals.use(next);
    },

    update(upstream) {
      others.update(upstream);
      totals.update(upstream);
    },

    isBlind: ({ hash }) => hash !== undefined,

    pick(ask, random) {
      if (ask.hash === undefined) return others.pick(ask, random);
      const mayTake = (upstream: Upstream) => canTake(upstream, ask.tried) && !hasFill(upstream);
      const owner = candidates[rendezvous.ownerOf(ask.hash)];
      if (owner && mayTake(owner)) return owner;
      // With some of them full, the rest may all have more than their part: the least loaded then.
      return rendezvous.bestOf(ask.hash, mayTake) ?? others.pick(ask, random);
    },
  };
}
