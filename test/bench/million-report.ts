/** The tables of the million contest: what a call costs whom, and what a million calls come to. */
import { type MillionRun, ROLES, type Role } from './million-run.ts';
import { withRange } from './report.ts';
import { spread } from './summary.ts';
import { formatTable } from './table.ts';

const MILLION = 1_000_000;

const COST_HEAD = [
  'stack',
  ...ROLES.map((role) => `${role} µs`),
  'edge+origin µs (rounds)',
  'ours:theirs',
  'others %',
];
const MILLION_HEAD = [
  'stack',
  'calls',
  'failed',
  'calls/s',
  'p50 ms',
  'p99 ms',
  'wall of a million',
  'CPU of edge+origin',
  'CPU of all',
];

/** The runs of one stack that count, together. */
interface Together {
  readonly stack: string;
  readonly runs: readonly MillionRun[];
  readonly calls: number;
  readonly wallUs: number;
  readonly cpuUs: Readonly<Record<Role, number>>;
}

/** Ours is the stack of the first run. Whatever did not count or take part is said below. */
export function millionTables(runs: readonly MillionRun[], failures: readonly string[]): string {
  const stacks = [...Map.groupBy(runs, (run) => run.stack)].map(([stack, all]) =>
    together(stack, all),
  );
  const ours = stacks[0]?.runs ?? [];
  return [
    'CPU per call, in microseconds: an item is composed from two partner calls',
    formatTable(
      COST_HEAD,
      stacks.map((one) => costRow(one, ours)),
    ),
    '',
    'a million calls; ≈ is multiplied up from the calls that were made',
    formatTable(MILLION_HEAD, stacks.map(millionRow)),
    ...runs
      .filter((run) => run.invalid !== undefined)
      .map((run) => `! ${run.stack}, round ${run.round}, does not count: ${run.invalid}`),
    ...failures.map((failure) => `! ${failure}`),
  ].join('\n');
}

function together(stack: string, all: readonly MillionRun[]): Together {
  const runs = all.filter((run) => run.invalid === undefined);
  const sum = (read: (run: MillionRun) => number) => runs.reduce((to, run) => to + read(run), 0);
  return {
    stack,
    runs,
    calls: sum((run) => run.calls),
    wallUs: sum((run) => run.wallUs),
    cpuUs: {
      edge: sum((run) => run.cpuUs.edge),
      origin: sum((run) => run.cpuUs.origin),
      partner: sum((run) => run.cpuUs.partner),
      load: sum((run) => run.cpuUs.load),
    },
  };
}

function costRow({ stack, runs, calls, cpuUs }: Together, ours: readonly MillionRun[]): string[] {
  if (calls === 0) return [stack, 'invalid'];
  const ratios = runs.flatMap((theirs) => {
    const our = ours.find((run) => run.round === theirs.round);
    return our ? [stackUs(our) / stackUs(theirs)] : [];
  });
  const { min, max } = spread(runs.map(stackUs));
  return [
    stack,
    ...ROLES.map((role) => (cpuUs[role] / calls).toFixed(0)),
    withRange({ median: stackUs({ cpuUs, calls }), min, max }, 0),
    ratios.length > 0 ? withRange(spread(ratios), 2) : '-',
    (spread(runs.map((run) => run.othersShare)).median * 100).toFixed(0),
  ];
}

function millionRow({ stack, runs, calls, wallUs, cpuUs }: Together): string[] {
  if (calls === 0) return [stack, 'invalid'];
  const median = (read: (run: MillionRun) => number) => spread(runs.map(read)).median.toFixed(1);
  const sign = calls < MILLION ? '≈ ' : '';
  const ofMillion = (us: number) => `${sign}${minutes((us / calls) * MILLION)}`;
  const allUs = ROLES.reduce((sum, role) => sum + cpuUs[role], 0);
  return [
    stack,
    `${calls}`,
    `${runs.reduce((sum, run) => sum + run.failed, 0)}`,
    ((calls / wallUs) * 1e6).toFixed(0),
    median((run) => run.p50Ms),
    median((run) => run.p99Ms),
    ofMillion(wallUs),
    ofMillion(cpuUs.edge + cpuUs.origin),
    ofMillion(allUs),
  ];
}

/** What the stack itself takes for a call, partner and load left out. */
function stackUs({ cpuUs, calls }: Pick<MillionRun, 'cpuUs' | 'calls'>): number {
  return (cpuUs.edge + cpuUs.origin) / calls;
}

/** As `2 min 57 s`. */
function minutes(durationUs: number): string {
  const seconds = Math.round(durationUs / 1e6);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
