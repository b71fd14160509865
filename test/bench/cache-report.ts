/** The tables of the cache contest; below each its goal, and everything that did not count. */
import type { HerdCase, HitCase, StaleCase } from './cache-cases.ts';
import { cachePeers, ourCache } from './cache-contestants.ts';
import type { HerdRun } from './cache-herd.ts';
import type { Latencies } from './cache-latencies.ts';
import type { StaleRun } from './cache-stale.ts';
import type { TurnsResult } from './cache-turns.ts';
import type { Failure } from './contest.ts';
import { loadTable, withRange } from './report.ts';
import { spread, summarise } from './summary.ts';
import { formatTable } from './table.ts';
import type { Window } from './window.ts';

const OURS = ourCache.name;

export function hitsTable(hitCase: HitCase, { runs, failures }: TurnsResult<Window>): string {
  const summaries = summarise(runs, OURS);
  const goals = hitCase.goals.map(({ peer, maxRatio }) => {
    const variants = cachePeers.filter(({ family }) => family === peer).map(({ name }) => name);
    const [cheapest] = summaries
      .filter(({ contestant, ratio }) => variants.includes(contestant) && ratio !== undefined)
      .sort((a, b) => a.totalUs.median - b.totalUs.median);
    const ratio = cheapest?.ratio?.median;
    const found =
      cheapest && ratio !== undefined ? `${ratio.toFixed(2)} × ${cheapest.contestant}` : undefined;
    return goalLine(`at most ${maxRatio} × ${peer}`, found, (ratio ?? 0) <= maxRatio);
  });
  return [loadTable(hitCase, { windows: runs, failures }, OURS), ...goals].join('\n');
}

const HERD_HEAD = [
  'contestant',
  'fetches',
  '200',
  'other',
  'broken',
  'over after ms',
  'beyond fetch: p50 ms',
  'p99',
  'max',
  'warm key: p50 ms',
  'p99',
  'max',
];

/** Counts are of a round; where rounds differ, the least and the greatest. */
export function herdTable(
  { name, summary, maxFetches, maxBeyondFetchMs }: HerdCase,
  clients: number,
  { runs, failures }: TurnsResult<HerdRun>,
): string {
  const rows = byContestant(runs).map(([contestant, all]) => {
    const count = (read: (run: HerdRun) => number) => countRange(all.map(read));
    const times = (read: (run: HerdRun) => Latencies | undefined) =>
      (['p50Ms', 'p99Ms', 'maxMs'] as const).map((figure) =>
        range(
          all.flatMap((run) => read(run)?.[figure] ?? []),
          1,
        ),
      );
    return [
      contestant,
      count((run) => run.fetches),
      count((run) => run.answered),
      count((run) => run.refused),
      count((run) => run.broken),
      range(
        all.map((run) => run.overMs),
        0,
      ),
      ...(maxBeyondFetchMs === undefined ? [] : times((run) => run.beyondFetch)),
      ...times((run) => run.warm),
    ];
  });
  const head = maxBeyondFetchMs === undefined ? HERD_HEAD.slice(0, 6) : HERD_HEAD;
  const ours = runs.filter(({ contestant }) => contestant === OURS);
  const fetches = Math.max(...ours.map((run) => run.fetches));
  const goals = [
    goalLine(
      `at most ${maxFetches} fetch${maxFetches === 1 ? '' : 'es'}, and everybody answered`,
      ours.length > 0
        ? `${fetches}, and ${ours.reduce((sum, run) => sum + run.broken, 0)} left without an answer`
        : undefined,
      fetches <= maxFetches && ours.every((run) => run.broken === 0),
    ),
  ];
  if (maxBeyondFetchMs !== undefined) {
    const p99Ms = spread(ours.map((run) => run.beyondFetch.p99Ms)).median;
    const warmMs = spread(ours.map((run) => run.warm?.p99Ms ?? Number.NaN)).median;
    goals.push(
      goalLine(
        `p99 at most ${maxBeyondFetchMs} ms beyond the fetch`,
        ours.length > 0
          ? `${p99Ms.toFixed(1)} ms, and ${warmMs.toFixed(1)} ms where there is nothing to fetch`
          : undefined,
        p99Ms <= maxBeyondFetchMs,
      ),
    );
  }
  return [
    `${name}: ${clients} connections ask at once: ${summary}`,
    formatTable(head, rows),
    ...goals,
    ...failureLines(failures),
  ].join('\n');
}

const STALE_HEAD = [
  'contestant',
  'stale p50 ms',
  'p99 ms',
  'max ms',
  'hit p50 ms',
  'p99 ms',
  'max ms',
  'stale:hit p99',
  'stale answers',
  'refreshes of entries',
];

export function staleTable(
  { name, summary, maxRatio }: StaleCase,
  { runs, failures }: TurnsResult<StaleRun>,
): string {
  const rows = byContestant(runs).map(([contestant, all]) => {
    const times = (read: (run: StaleRun) => Latencies) =>
      (['p50Ms', 'p99Ms', 'maxMs'] as const).map((figure) =>
        spread(all.map((run) => read(run)[figure])).median.toFixed(2),
      );
    const sum = (read: (run: StaleRun) => number) =>
      all.reduce((total, run) => total + read(run), 0);
    return [
      contestant,
      ...times((run) => run.stale),
      ...times((run) => run.hits),
      range(
        all.map((run) => run.ratio),
        2,
      ),
      `${sum((run) => run.stale.count)}`,
      `${sum((run) => run.refreshes)} of ${sum((run) => run.entries)}`,
    ];
  });
  const ours = runs.filter(({ contestant }) => contestant === OURS).map((run) => run.ratio);
  const ratio = spread(ours).median;
  return [
    `${name}: ${summary}`,
    formatTable(STALE_HEAD, rows),
    goalLine(
      `p99 of stale answers at most ${maxRatio} × that of hits`,
      ours.length > 0 ? `${ratio.toFixed(2)} ×` : undefined,
      ratio <= maxRatio,
    ),
    ...failureLines(failures),
  ].join('\n');
}

function byContestant<Run extends { readonly contestant: string }>(runs: readonly Run[]) {
  return [...Map.groupBy(runs, ({ contestant }) => contestant)];
}

function range(values: readonly number[], digits: number): string {
  return values.length === 0 ? '-' : withRange(spread(values), digits);
}

function countRange(values: readonly number[]): string {
  const { min, max } = spread(values);
  return min === max ? `${min}` : `${min}-${max}`;
}

function goalLine(goal: string, found: string | undefined, isReached: boolean): string {
  if (found === undefined) return `goal: ${goal}: not measured`;
  return `goal: ${goal}: ${found}: ${isReached ? 'reached' : 'missed'}`;
}

function failureLines(failures: readonly Failure[]): string[] {
  return failures.map(({ contestant, reason }) => `! ${contestant} failed: ${reason}`);
}
