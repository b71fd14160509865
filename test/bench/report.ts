/** The tables people read: one per case, with everything that did not count said below it. */
import type { LoadCase } from './cases.ts';
import type { ContestResult, Failure } from './contest.ts';
import { IN_FLIGHT, type InFlightResult } from './in-flight.ts';
import { type Spread, spread, summarise } from './summary.ts';
import { formatTable } from './table.ts';

const LOAD_HEAD = [
  'contestant',
  'user µs',
  'system µs',
  'total µs/request',
  'ours:theirs',
  'req/s',
  'p50 ms',
  'p99 ms',
  'RSS MB',
  'core %',
  'others %',
];

/** Figures are medians of the rounds; what they ranged over is in brackets. */
export function loadTable(
  loadCase: Pick<LoadCase, 'name' | 'summary'>,
  result: ContestResult,
  ours: string,
): string {
  const summaries = summarise(result.windows, ours);
  const rows = summaries.map((one) =>
    one.validWindows === 0
      ? [one.contestant, '-', '-', 'invalid']
      : [
          one.contestant,
          one.userUs.median.toFixed(1),
          one.systemUs.median.toFixed(1),
          withRange(one.totalUs, 1),
          one.ratio ? withRange(one.ratio, 2) : '-',
          one.requestsPerSecond.median.toFixed(0),
          (one.p50Us.median / 1e3).toFixed(2),
          (one.p99Us.median / 1e3).toFixed(2),
          (one.rssBytes.median / 1e6).toFixed(0),
          (one.coreShare.median * 100).toFixed(0),
          (one.othersShare.median * 100).toFixed(0),
        ],
  );
  const invalid = summaries
    .filter((one) => one.invalid !== undefined)
    .map(
      (one) =>
        `! ${one.contestant}: ${one.windows - one.validWindows} of ${one.windows} windows do not count: ${one.invalid}`,
    );
  return [
    `${loadCase.name}: ${loadCase.summary}`,
    formatTable(LOAD_HEAD, rows),
    ...invalid,
    ...failureLines(result.failures),
  ].join('\n');
}

const IN_FLIGHT_HEAD = ['contestant', 'idle MB', 'held MB', 'kB/request', 'ours:theirs'];

export function inFlightTable({ holdings, failures }: InFlightResult, ours: string): string {
  const byContestant = Map.groupBy(holdings, (one) => one.contestant);
  const cost = (name: string) =>
    spread((byContestant.get(name) ?? []).map((one) => one.bytesPerRequest / 1e3));
  const ourCost = cost(ours).median;
  const rows = [...byContestant].map(([name, all]) => [
    name,
    (spread(all.map((one) => one.idleRssBytes)).median / 1e6).toFixed(1),
    (spread(all.map((one) => one.heldRssBytes)).median / 1e6).toFixed(1),
    withRange(cost(name), 1),
    byContestant.has(ours) ? (ourCost / cost(name).median).toFixed(2) : '-',
  ]);
  return [
    `in-flight: ${IN_FLIGHT} requests held by the origins at once, memory of one`,
    formatTable(IN_FLIGHT_HEAD, rows),
    ...failureLines(failures),
  ].join('\n');
}

function failureLines(failures: readonly Failure[]): string[] {
  return failures.map((one) => `! ${one.contestant} failed: ${one.reason}`);
}

/** The median, with what it ranged over in brackets. */
export function withRange({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}-${max.toFixed(digits)})`;
}
