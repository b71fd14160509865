/** Where a logarithmic axis begins and ends, and where its ticks are. */

/** From a step of 1, 2, 5 to another, a decade at least; of nothing, something to look at. */
export function logRange(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null || !(min > 0)) return [1, 100];
  const from = stepAt(min, 'below');
  return [from, Math.max(stepAt(max, 'above'), from * 10)];
}

const STEPS = [1, 2, 5, 10];

/** The next of 1, 2, 5 × 10ⁿ, below or above. */
function stepAt(value: number, side: 'below' | 'above'): number {
  const power = Math.floor(Math.log10(value) + 1e-9);
  const lead = value / 10 ** power;
  const place = STEPS.findIndex((step) => lead <= step * (1 + 1e-9));
  const isExact = Math.abs(lead - (STEPS[place] as number)) < 1e-9;
  const step = STEPS[isExact || side === 'above' ? place : place - 1] as number;
  return step * 10 ** power;
}

/** 1, 2, 5 of each decade where there is room, otherwise every decade or every few. */
export function logSplits(min: number, max: number, heightPx: number): number[] {
  const decades = Math.log10(max / min);
  const room = heightPx / decades;
  const leads = room >= 100 ? [1, 2, 5] : room >= 58 ? [1, 3] : [1];
  const every = room >= 22 ? 1 : 2;
  const splits: number[] = [];
  for (let power = Math.floor(Math.log10(min)); power <= Math.log10(max) + 1e-9; power++) {
    if (power % every !== 0) continue;
    for (const lead of leads) {
      const value = Number(`${lead}e${power}`);
      if (value >= min * 0.999 && value <= max * 1.001) splits.push(value);
    }
  }
  return splits;
}
