/** Sticky: a client stays with its upstream, as long as that does not overload it. */
import type { Policy } from '../policy.ts';
import type { Upstream } from '../upstream.ts';
import { createLeastConnections } from './least-connections.ts';
import { canTake } from './load.ts';
import { createTotals } from './totals.ts';

/** How many times the mean load an upstream may have and still keep its clients. */
const MAX_RATIO = 2;
/** Requests on top of that: one page of one client must not drive it away from a quiet service. */
const SLACK = 10;

/**
 * Picks the upstream the client is to stick to while that is a candidate with room and has not
 * much more in flight than its share; otherwise, and for clients without one, least connections.
 */
export function createSticky(): Policy {
  const others = createLeastConnections();
  const totals = createTotals();
  let byKey = new Map<string, Upstream>();

  const isOverloaded = ({ inFlight, share }: Upstream) =>
    inFlight > (MAX_RATIO * totals.inFlight * share) / totals.share + SLACK;

  return {
    use(candidates) {
      byKey = new Map(candidates.map((one) => [one.key, one]));
      others.use(candidates);
      totals.use(candidates);
    },

    update(upstream) {
      others.update(upstream);
      totals.update(upstream);
    },

    isBlind: ({ stickTo }) => stickTo !== undefined && byKey.has(stickTo),

    pick(ask, random) {
      const own = ask.stickTo === undefined ? undefined : byKey.get(ask.stickTo);
      if (own && canTake(own, ask.tried) && !isOverloaded(own)) return own;
      return others.pick(ask, random);
    },
  };
}
