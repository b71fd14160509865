/** What is said of a scenario: a table of percentiles, and which goals were reached. */
import { formatTable } from '../bench/table.ts';
import { type Measured, percentile } from './measured.ts';
import type { Goal, Scenario } from './scenario.ts';
import { type Contestant, simulate } from './simulate.ts';

/** The runs of one contestant, one per seed. */
export interface Entry {
  readonly contestant: Contestant;
  readonly runs: readonly Measured[];
}

/** The figures of several runs together. */
export interface Figures {
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly requests: number;
  readonly errors: number;
  readonly shed: number;
  readonly abandoned: number;
  readonly attemptsPerRequest: number;
}

/** Figures of all `runs` together. */
export function figuresOf(runs: readonly Measured[]): Figures {
  const sum = (of: (run: Measured) => number) => runs.reduce((all, run) => all + of(run), 0);
  return {
    ...percentilesOf(runs.map(({ latencies }) => latencies)),
    requests: sum(({ count }) => count),
    errors: sum(({ counts }) => counts.error),
    shed: sum(({ counts }) => counts.shed),
    abandoned: sum(({ counts }) => counts.abandoned),
    attemptsPerRequest:
      sum(({ recording }) => recording.attempts) / sum(({ recording }) => recording.accepted),
  };
}

function percentilesOf(parts: readonly Float64Array[]) {
  const all = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  all.sort();
  return {
    p50Ms: percentile(all, 0.5),
    p90Ms: percentile(all, 0.9),
    p99Ms: percentile(all, 0.99),
    p999Ms: percentile(all, 0.999),
  };
}

/** The goals, each as the worst of `runs`, whose seeds count from 1. */
export function goalsOf(scenario: Scenario, runs: readonly Measured[]): Goal[] {
  const [first = [], ...others] = runs.map((run, i) =>
    scenario.goals(run, () => simulate(scenario, 'plain', i + 1)),
  );
  return first.map((goal, i) =>
    others.reduce((worst, goals) => {
      const other = goals[i] as Goal;
      const isWorse = goal.isAtMost ? other.value > worst.value : other.value < worst.value;
      return isWorse ? other : worst;
    }, goal),
  );
}

/** Columns of the table of figures. */
export const figureHead = [
  'ms',
  'p50',
  'p90',
  'p99',
  'p99.9',
  'errors',
  'shed',
  'left',
  'attempts',
];

/** Its rows: the bound, then each contestant. */
export function figureCells(entries: readonly Entry[]): string[][] {
  const bound = percentilesOf((entries[0]?.runs ?? []).map((run) => run.bound));
  return [
    ['bound', ...latencyCells(bound)],
    ...entries.map(({ contestant, runs }) => {
      const figures = figuresOf(runs);
      return [
        contestant,
        ...latencyCells(figures),
        `${figures.errors}`,
        `${figures.shed}`,
        `${figures.abandoned}`,
        figures.attemptsPerRequest.toFixed(3),
      ];
    }),
  ];
}

/** What was wanted and what it came to. */
export function goalText({ what, value, isAtMost, limit }: Goal): string {
  return `${what}: ${rounded(value)} (${isAtMost ? 'at most' : 'at least'} ${limit})`;
}

/** The whole text for one scenario. */
export function summarize(scenario: Scenario, entries: readonly Entry[]): string {
  const goals = goalsOf(scenario, entries[0]?.runs ?? []).map(
    (goal) => `${goal.isMet ? 'reached' : 'MISSED '}  ${goalText(goal)}`,
  );
  const table = formatTable(figureHead, figureCells(entries));
  return [`${scenario.name}: ${scenario.about}`, table, ...goals, ''].join('\n');
}

function latencyCells({ p50Ms, p90Ms, p99Ms, p999Ms }: ReturnType<typeof percentilesOf>): string[] {
  return [p50Ms, p90Ms, p99Ms, p999Ms].map((ms) => (Number.isNaN(ms) ? '-' : ms.toFixed(1)));
}

function rounded(value: number): string {
  return `${Number(value.toPrecision(4))}`;
}
