/** Which flow an arrival or a user takes: by weight, and the same one under the same seed. */
import { uniformAt } from './random.ts';

/** Sets this sequence apart from that of the arrival times. */
const SALT = 0x5bd1_e995;

/** `choose(index)` is a position in `weights`. */
export function createFlowChoice(
  weights: readonly number[],
  seed: number,
): (index: number) => number {
  const bounds: number[] = [];
  let sum = 0;
  for (const weight of weights) {
    sum += weight;
    bounds.push(sum);
  }
  if (bounds.length === 1) return () => 0;
  return (index) => {
    const at = uniformAt(seed ^ SALT, index) * sum;
    const found = bounds.findIndex((bound) => at < bound);
    return found < 0 ? bounds.length - 1 : found;
  };
}
