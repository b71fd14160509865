/** The figures every later run is held against. */
import type { Scenario } from './scenario.ts';
import { simulate } from './simulate.ts';
import { figuresOf } from './summary.ts';

/** Where they are kept. */
export const goldenFile = new URL('golden.json', import.meta.url);

/** Figures of one scenario under the default policy. */
export interface Golden {
  readonly name: string;
  /** null when nothing was served. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly p999Ms: number | null;
  /** Requests without a good answer. */
  readonly failed: number;
  /** Goals that were reached, each with what it came to. */
  readonly reached: Readonly<Record<string, number>>;
}

const SEED = 1;

/** The figures of `scenario` with the balancer as it is. */
export function goldenOf(scenario: Scenario): Golden {
  const run = simulate(scenario, 'least-connections', SEED);
  const { p50Ms, p99Ms, p999Ms, errors, shed, abandoned } = figuresOf([run]);
  const goals = scenario.goals(run, () => simulate(scenario, 'plain', SEED));
  return {
    name: scenario.name,
    p50Ms: rounded(p50Ms),
    p99Ms: rounded(p99Ms),
    p999Ms: rounded(p999Ms),
    failed: errors + shed + abandoned,
    reached: Object.fromEntries(
      goals
        .filter(({ isMet }) => isMet)
        .map(({ what, value }) => [what, Number(value.toPrecision(4))]),
    ),
  };
}

function rounded(ms: number): number | null {
  return Number.isNaN(ms) ? null : Number(ms.toFixed(1));
}
