/** The tables of the origin contest; below each its goals, and everything that did not count. */
import type { ContestResult, Failure } from './contest.ts';
import type { CostCase, WaitingCase } from './origin-cases.ts';
import { type GoalVerdict, goalLine, judgeCost } from './origin-goals.ts';
import type { Holding, WaitingResult } from './origin-waiting.ts';
import { loadTable, withRange } from './report.ts';
import { spread } from './summary.ts';
import { formatTable } from './table.ts';

/** `ours:theirs` is beside the first entry. */
export function costTable(one: CostCase, result: ContestResult): string {
  const goals = one.goals.map((goal) => goalLine(judgeCost(goal, result.windows)));
  return [loadTable(one, result, one.entries[0]?.name ?? ''), ...goals].join('\n');
}

const WAITING_HEAD = [
  'contestant',
  'waiting',
  'of them at the partner',
  'opened in s',
  'idle MB',
  'held MB',
  'collected MB',
  'kB/request',
  'collected kB/request',
];

/** Figures are medians of the rounds; what they ranged over is in brackets. */
export function waitingTable(one: WaitingCase, { holdings, failures }: WaitingResult): string {
  const rows = [...Map.groupBy(holdings, ({ contestant }) => contestant)].map(([name, all]) => {
    const median = (read: (holding: Holding) => number, digits: number) =>
      spread(all.map(read)).median.toFixed(digits);
    return [
      name,
      median(({ requests }) => requests, 0),
      median(({ heldByPartner }) => heldByPartner, 0),
      median(({ openingS }) => openingS, 1),
      median(({ idleRssBytes }) => idleRssBytes / 1e6, 1),
      median(({ heldRssBytes }) => heldRssBytes / 1e6, 1),
      median(({ collectedRssBytes }) => collectedRssBytes / 1e6, 1),
      withRange(spread(all.map((holding) => heldBytes(holding) / 1e3)), 1),
      withRange(spread(all.map((holding) => collectedBytes(holding) / 1e3)), 1),
    ];
  });
  return [
    `${one.name}: ${one.summary}`,
    formatTable(WAITING_HEAD, rows),
    ...judgeWaiting(one, holdings).map(goalLine),
    ...failures.map(failureLine),
  ].join('\n');
}

/** What is held is what is there after a collection; one verdict for each of ours. */
export function judgeWaiting(
  { entries, maxBytesPerRequest }: WaitingCase,
  holdings: readonly Holding[],
): GoalVerdict[] {
  return entries
    .filter(({ isOurs }) => isOurs)
    .map(({ name }) => {
      const own = holdings.filter(({ contestant }) => contestant === name);
      const bytes = spread(own.map(collectedBytes)).median;
      return {
        goal: `${name} at most ${maxBytesPerRequest / 1e3} kB for each, collected`,
        found: own.length > 0 ? `${(bytes / 1e3).toFixed(1)} kB` : undefined,
        isReached: bytes <= maxBytesPerRequest,
      };
    });
}

function heldBytes({ heldRssBytes, idleRssBytes, requests }: Holding): number {
  return (heldRssBytes - idleRssBytes) / requests;
}

function collectedBytes({ collectedRssBytes, idleRssBytes, requests }: Holding): number {
  return (collectedRssBytes - idleRssBytes) / requests;
}

function failureLine({ contestant, reason }: Failure): string {
  return `! ${contestant} failed: ${reason}`;
}
