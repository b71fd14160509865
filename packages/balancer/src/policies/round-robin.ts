/** Round robin: exact shares, spread out evenly instead of in bursts. */
import type { Policy } from '../policy.ts';
import type { Random } from '../random.ts';
import type { Upstream } from '../upstream.ts';
import { canTake } from './load.ts';
import { haveEqualShares } from './share-draw.ts';

/** How far into the rotation a start may lie, in picks; beyond it, more makes no difference. */
const MAX_START = 1000;

/**
 * In turn when the shares are equal, else smoothly weighted. The rotation starts at a random
 * point: otherwise proxies that start together all visit the same upstream at the same moment.
 * An upstream that is full or tried is passed over and gets nothing extra for it later.
 */
export function createRoundRobin(): Policy {
  const ring = createRing();
  const weighted = createWeighted();
  let current = ring;
  return {
    use(candidates) {
      current = haveEqualShares(candidates) ? ring : weighted;
      current.use(candidates);
    },
    isBlind: () => true,
    pick: (ask, random) => current.pick(ask, random),
  };
}

/** One after the other, in O(1) while they have room. */
function createRing(): Policy {
  let candidates: readonly Upstream[] = [];
  /** Slot of the latest pick; -1 before the first. */
  let latest = -1;
  let hasStarted = false;

  return {
    use(next) {
      // The rotation goes on after the latest one picked or, if it left, the one before it.
      while (latest >= 0 && !isAmong(next, candidates[latest] as Upstream)) latest--;
      if (latest >= 0) latest = (candidates[latest] as Upstream).slot;
      candidates = next;
    },

    pick({ tried }, random) {
      const count = candidates.length;
      if (!hasStarted && count > 0) {
        hasStarted = true;
        latest = Math.floor(random() * count) - 1;
      }
      for (let i = 1; i <= count; i++) {
        const slot = (latest + i) % count;
        const candidate = candidates[slot] as Upstream;
        if (!canTake(candidate, tried)) continue;
        latest = slot;
        return candidate;
      }
      return undefined;
    },
  };
}

function isAmong(candidates: readonly Upstream[], upstream: Upstream): boolean {
  return candidates[upstream.slot] === upstream;
}

/**
 * nginx's algorithm (`ngx_http_upstream_round_robin.c`): every pick credits each candidate with
 * its share; the richest is picked and pays what all were credited. With whole-number shares,
 * their sum is the length of one rotation. Credit belongs to the upstream, so one that comes or
 * goes disturbs nobody else's. It takes O(n), an addition and a comparison for each.
 */
function createWeighted(): Policy {
  const kept = new WeakMap<Upstream, number>();
  let candidates: readonly Upstream[] = [];
  let credits = new Float64Array();
  let hasStarted = false;

  const pick = (tried: readonly Upstream[]): Upstream | undefined => {
    let best = -1;
    let bestCredit = Number.NEGATIVE_INFINITY;
    let credited = 0;
    for (let i = 0; i < candidates.length; i++) {
      const candidate = candidates[i] as Upstream;
      if (!canTake(candidate, tried)) continue;
      const credit = (credits[i] as number) + candidate.share;
      credits[i] = credit;
      credited += candidate.share;
      if (credit > bestCredit) {
        best = i;
        bestCredit = credit;
      }
    }
    if (best >= 0) credits[best] = bestCredit - credited;
    return candidates[best];
  };

  const start = (random: Random) => {
    let rotation = 0;
    for (const { share } of candidates) rotation += share;
    const skipped = Math.floor(random() * Math.min(Math.ceil(rotation), MAX_START));
    for (let i = 0; i < skipped; i++) pick([]);
  };

  return {
    use(next) {
      for (const [i, upstream] of candidates.entries()) kept.set(upstream, credits[i] as number);
      let total = 0;
      for (const { share } of next) total += share;
      candidates = next;
      // A debt of a time when shares were larger would keep an upstream out for very long.
      credits = Float64Array.from(next, (one) =>
        Math.max(-total, Math.min(total, kept.get(one) ?? 0)),
      );
    },

    pick({ tried }, random) {
      if (!hasStarted) {
        hasStarted = true;
        start(random);
      }
      return pick(tried);
    },
  };
}
