/** What all candidates have in flight, kept up to date one change at a time. */
import type { Upstream } from '../upstream.ts';

/** Sums over the candidates; fed with the same calls as a policy. */
export interface Totals {
  readonly inFlight: number;
  readonly share: number;
  use(candidates: readonly Upstream[]): void;
  update(upstream: Upstream): void;
}

/** Sums over no candidates yet. */
export function createTotals(): Totals {
  let candidates: readonly Upstream[] = [];
  let counted: number[] = [];
  let inFlight = 0;
  let share = 0;

  return {
    get inFlight() {
      return inFlight;
    },
    get share() {
      return share;
    },
    use(next) {
      candidates = next;
      counted = next.map((one) => one.inFlight);
      inFlight = 0;
      share = 0;
      for (const one of next) {
        inFlight += one.inFlight;
        share += one.share;
      }
    },
    update(upstream) {
      const { slot } = upstream;
      if (candidates[slot] !== upstream) return;
      inFlight += upstream.inFlight - (counted[slot] as number);
      counted[slot] = upstream.inFlight;
    },
  };
}
