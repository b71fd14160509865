/** Whether results can be compared at all, and what to know before one believes it. */
import { RESULT_VERSION, type RunResult } from './result.ts';

/** With fewer seconds, too few blocks are left to draw from. */
const FEW_SECONDS = 20;

/** Throws a TypeError for results that do not compare; returns what else is different. */
export function comparisonWarnings(
  base: readonly RunResult[],
  next: readonly RunResult[],
): string[] {
  for (const [side, runs] of [
    ['base', base],
    ['next', next],
  ] as const) {
    if (runs.length === 0) throw new TypeError(`compare: there is no run of ${side}`);
    runs.forEach((run, i) => {
      checkRun(run, labelOf(side, i, runs.length));
    });
  }
  const [ofBase, ofNext] = [base, next].map((runs) => distinct(runs.map(modelOf)).join(' and '));
  if (ofBase !== ofNext || ofBase?.includes(' and ')) {
    throw new TypeError(
      `compare: runs of the open and the closed model do not compare, since users wait for answers and arrivals do not; base is ${ofBase}, next is ${ofNext}`,
    );
  }
  return [
    ...differences('load', base, next, ({ load }) => load),
    ...differences('seed', base, next, ({ seed }) => `${seed}`),
    ...differences('machine', base, next, ({ machine }) => machine),
    ...runWarnings('base', base),
    ...runWarnings('next', next),
    ...missingSeries(base, next),
  ];
}

function checkRun({ version, slices }: RunResult, label: string): void {
  if (version !== RESULT_VERSION) {
    throw new TypeError(
      `compare: ${label} is a result of version ${version}, and this compares version ${RESULT_VERSION}; run it again`,
    );
  }
  if (!slices.some(({ completed }) => completed > 0)) {
    throw new TypeError(`compare: in ${label} nothing completed`);
  }
}

/** The profile asks for arrivals in the open model only. */
function modelOf({ slices }: RunResult): 'open' | 'closed' {
  return slices.some(({ askedPerS }) => askedPerS !== null) ? 'open' : 'closed';
}

/** Several seeds on both sides are a good thing, as long as they are the same ones. */
function differences(
  what: string,
  base: readonly RunResult[],
  next: readonly RunResult[],
  propertyOf: (run: RunResult) => string,
): string[] {
  const textOf = (runs: readonly RunResult[]) =>
    distinct(runs.map(propertyOf)).sort().join(' and ');
  const [ofBase, ofNext] = [textOf(base), textOf(next)];
  return ofBase === ofNext ? [] : [`DIFFERENT ${what}: base ${ofBase}; next ${ofNext}`];
}

function runWarnings(side: string, runs: readonly RunResult[]): string[] {
  return runs.flatMap(({ totals, slices, end, problem }, i) => {
    const label = labelOf(side, i, runs.length);
    const found: string[] = [];
    if (end !== 'complete') found.push(`${label} ended early: ${problem ?? end}`);
    if (totals.saturatedSlices > 0) {
      found.push(
        `${label}: the generator was saturated in ${totals.saturatedSlices} of ${slices.length} seconds; its latencies are partly its own`,
      );
    }
    if (slices.length < FEW_SECONDS) {
      found.push(`${label} has ${slices.length} seconds only; the intervals are rough`);
    }
    return found;
  });
}

function missingSeries(base: readonly RunResult[], next: readonly RunResult[]): string[] {
  const namesOf = (runs: readonly RunResult[]) =>
    distinct(runs.flatMap(({ series }) => series.map(({ name }) => name)));
  const [ofBase, ofNext] = [namesOf(base), namesOf(next)];
  return [
    ...ofBase.filter((name) => !ofNext.includes(name)).map((name) => `only base has ${name}`),
    ...ofNext.filter((name) => !ofBase.includes(name)).map((name) => `only next has ${name}`),
  ];
}

function distinct<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)];
}

function labelOf(side: string, index: number, count: number): string {
  return count === 1 ? side : `${side} run ${index + 1}`;
}
