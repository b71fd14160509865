/** Draws by share: each candidate as often as its share says. */
import type { Random } from '../random.ts';
import type { Upstream } from '../upstream.ts';

/** After so many draws in vain, looking at all candidates costs less than drawing on. */
export const MAX_DRAWS = 8;

/** Draws among the candidates it was made for, with the shares they had then. */
export interface ShareDraw {
  /**
   * The index of one candidate, of those other than `except` when that is given; -1 when there is
   * no other. Looks at nothing but the shares.
   */
  draw(random: Random, except?: number): number;
}

/** Draws among `candidates`: in O(1) when their shares are equal, else in O(log n). */
export function createShareDraw(candidates: readonly Upstream[]): ShareDraw {
  return haveEqualShares(candidates) ? evenDraw(candidates.length) : weightedDraw(candidates);
}

/** True when no candidate is to get more than another. */
export function haveEqualShares(candidates: readonly Upstream[]): boolean {
  return candidates.every(({ share }) => share === candidates[0]?.share);
}

function evenDraw(count: number): ShareDraw {
  return {
    draw(random, except = -1) {
      if (except < 0) return count === 0 ? -1 : Math.floor(random() * count);
      if (count === 1) return -1;
      const index = Math.floor(random() * (count - 1));
      return index < except ? index : index + 1;
    },
  };
}

function weightedDraw(candidates: readonly Upstream[]): ShareDraw {
  const count = candidates.length;
  // Shares of the candidates before each index; the total comes last.
  const before = new Float64Array(count + 1);
  for (const [i, { share }] of candidates.entries()) before[i + 1] = (before[i] as number) + share;
  const total = before[count] as number;

  /** The last index whose shares before it are not more than `point`. */
  const find = (point: number): number => {
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((before[middle] as number) <= point) low = middle;
      else high = middle - 1;
    }
    return low;
  };

  return {
    draw(random, except = -1) {
      if (except < 0) return find(random() * total);
      const start = before[except] as number;
      const share = (before[except + 1] as number) - start;
      const point = random() * (total - share);
      const index = find(point < start ? point : point + share);
      // Rounding may end on the excepted one, a sliver away from a neighbour.
      return index !== except ? index : index === count - 1 ? index - 1 : index + 1;
    },
  };
}
