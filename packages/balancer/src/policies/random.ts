/** Random: each upstream as often as its weight says, on average. */
import type { Policy } from '../policy.ts';
import type { Random } from '../random.ts';
import type { Upstream } from '../upstream.ts';

/** Picks by weight alone; load and earlier picks play no part. */
export function createRandom(): Policy {
  return { pick: (candidates, random) => drawByWeight(candidates, random) };
}

/** One candidate other than `except`, each with a chance in proportion to its weight. */
export function drawByWeight(
  candidates: readonly Upstream[],
  random: Random,
  except?: Upstream,
): Upstream {
  let totalWeight = 0;
  for (const candidate of candidates) if (candidate !== except) totalWeight += candidate.weight;

  let remaining = random() * totalWeight;
  let drawn: Upstream | undefined;
  for (const candidate of candidates) {
    if (candidate === except) continue;
    drawn = candidate;
    remaining -= candidate.weight;
    if (remaining < 0) break;
  }
  // Rounding can leave a sliver after the last candidate, which then takes it.
  return drawn as Upstream;
}
