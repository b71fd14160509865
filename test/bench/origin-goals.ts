/** Whether a goal is reached, as one line below the table. */
import type { OriginGoal } from './origin-cases.ts';
import { summarise } from './summary.ts';
import type { Window } from './window.ts';

export interface GoalVerdict {
  /** As `kit at least 4 × less than fastapi`. */
  readonly goal: string;
  /** Undefined when a figure it needs is missing. */
  readonly found: string | undefined;
  readonly isReached: boolean;
}

/** Ratios are of windows of the same round; of several peers the cheapest one counts. */
export function judgeCost(
  { entry, beside, maxRatio }: OriginGoal,
  windows: readonly Window[],
): GoalVerdict {
  const goal = `${entry} ${atMost(maxRatio)} ${beside.length > 1 ? `the better of ${beside.join(', ')}` : beside[0]}`;
  const [cheapest] = summarise(windows, entry)
    .filter(({ contestant, ratio }) => beside.includes(contestant) && ratio !== undefined)
    .sort((a, b) => a.totalUs.median - b.totalUs.median);
  const ratio = cheapest?.ratio?.median;
  if (cheapest === undefined || ratio === undefined) {
    return { goal, found: undefined, isReached: false };
  }
  const multiple = maxRatio < 1 ? `${(1 / ratio).toFixed(1)} × less than` : `${ratio.toFixed(2)} ×`;
  return { goal, found: `${multiple} ${cheapest.contestant}`, isReached: ratio <= maxRatio };
}

function atMost(maxRatio: number): string {
  return maxRatio < 1
    ? `at least ${Number((1 / maxRatio).toFixed(2))} × less than`
    : `at most ${maxRatio} ×`;
}

/** One line; `not measured` where a figure is missing. */
export function goalLine({ goal, found, isReached }: GoalVerdict): string {
  if (found === undefined) return `goal: ${goal}: not measured`;
  return `goal: ${goal}: ${found}: ${isReached ? 'reached' : 'missed'}`;
}
