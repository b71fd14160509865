/** Smooth weighted round robin: exact shares, spread out evenly instead of in bursts. */
import type { Policy } from '../policy.ts';
import type { Random } from '../random.ts';
import type { Upstream } from '../upstream.ts';

/** How far into the rotation a start may lie, in picks; beyond it, more makes no difference. */
const MAX_START = 1000;

/**
 * nginx's algorithm (`ngx_http_upstream_round_robin.c`): every pick credits each candidate with
 * its weight; the richest is picked and pays what all were credited. With whole-number weights,
 * the sum of the weights is the length of one rotation. Credit belongs to the upstream, so one
 * that comes or goes disturbs nobody else's. The rotation starts at a random point: otherwise
 * proxies that start together all visit the same upstream at the same moment.
 */
export function createRoundRobin(): Policy {
  const credits = new WeakMap<Upstream, number>();
  let hasStarted = false;

  const pick = (candidates: readonly Upstream[]): Upstream => {
    let best = candidates[0] as Upstream;
    let bestCredit = Number.NEGATIVE_INFINITY;
    let totalWeight = 0;
    for (const candidate of candidates) {
      const credit = (credits.get(candidate) ?? 0) + candidate.weight;
      credits.set(candidate, credit);
      totalWeight += candidate.weight;
      if (credit > bestCredit) {
        best = candidate;
        bestCredit = credit;
      }
    }
    credits.set(best, bestCredit - totalWeight);
    return best;
  };

  const start = (candidates: readonly Upstream[], random: Random) => {
    let rotation = 0;
    for (const candidate of candidates) rotation += candidate.weight;
    const skipped = Math.floor(random() * Math.min(Math.ceil(rotation), MAX_START));
    for (let i = 0; i < skipped; i++) pick(candidates);
  };

  return {
    pick(candidates, random) {
      if (!hasStarted) {
        hasStarted = true;
        start(candidates, random);
      }
      return pick(candidates);
    },
  };
}
