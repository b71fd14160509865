/** Random: each upstream as often as its share says, on average. */
import type { Policy } from '../policy.ts';
import type { Upstream } from '../upstream.ts';
import { canTake } from './load.ts';
import { createShareDraw, MAX_DRAWS } from './share-draw.ts';

/** Picks by share alone; load plays no part until an upstream is full. */
export function createRandom(): Policy {
  let candidates: readonly Upstream[] = [];
  let shares = createShareDraw(candidates);

  return {
    use(next) {
      candidates = next;
      shares = createShareDraw(next);
    },

    isBlind: () => true,

    pick({ tried }, random) {
      for (let i = 0; i < MAX_DRAWS; i++) {
        const drawn = candidates[shares.draw(random)];
        if (drawn && canTake(drawn, tried)) return drawn;
      }
      const rest = candidates.filter((one) => canTake(one, tried));
      return rest[createShareDraw(rest).draw(random)];
    },
  };
}
