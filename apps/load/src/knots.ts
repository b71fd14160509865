/** A level that changes over time: a line through points. */

/** Arrivals per second, or users, at a time of the run. */
export interface Knot {
  readonly atMs: number;
  readonly level: number;
}

/** The level at a time; before the first point as there, after the last as there. */
export function levelAt(knots: readonly Knot[], atMs: number): number {
  let before = knots[0] as Knot;
  for (const knot of knots) {
    if (knot.atMs > atMs) {
      if (knot.atMs === before.atMs || before.atMs > atMs) return before.level;
      const share = (atMs - before.atMs) / (knot.atMs - before.atMs);
      return before.level + share * (knot.level - before.level);
    }
    before = knot;
  }
  return before.level;
}
