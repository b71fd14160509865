/** The table of a scenario: one line per contestant, with everything that did not count below. */
import type { Failure } from './contest.ts';
import type { FaultFigures } from './fault-figures.ts';
import type { FaultScenario, Timeline } from './fault-scenarios.ts';
import { formatTable } from './table.ts';

const HEAD = [
  'contestant',
  'p50 ms',
  'p99',
  'p99.9',
  ':bound p99',
  'p99.9',
  'p99 in fault',
  'p99.9',
  'served p99',
  '503 p50',
  'p99',
  'errors',
  '%',
  'good/s in fault',
  'after',
  'recovery s',
  'attempts',
  'faulty share',
  'spread %',
  'core %',
  'others %',
];

/** The beginning says it; the whole is in the JSON. */
const REASON_LENGTH = 300;

/** Its last lines name what did not count, and why. */
export function faultTable(
  scenario: FaultScenario,
  timeline: Timeline,
  figures: readonly FaultFigures[],
  failures: readonly Failure[],
): string {
  const { warmUpS, faultFromS, faultToS, lengthS } = timeline;
  const { oracle } = scenario;
  const rows = figures.map((one) => (one.validRuns === 0 ? [one.contestant, 'invalid'] : row(one)));
  return [
    `${scenario.name}: ${scenario.summary}`,
    `goal: ${scenario.goal}`,
    `${lengthS} s, measured from ${warmUpS} s, fault from ${faultFromS} s to ${faultToS} s; bound: ${
      oracle ? `p99 ${fixed(oracle.p99Ms, 1)}, p99.9 ${fixed(oracle.p999Ms, 1)} ms` : 'none'
    }`,
    formatTable(HEAD, rows),
    ...figures
      .filter(({ invalid }) => invalid !== undefined)
      .map(
        ({ contestant, runs, validRuns, invalid }) =>
          `! ${contestant}: ${runs - validRuns} of ${runs} runs do not count: ${invalid}`,
      ),
    ...figures
      .filter(({ cutShort }) => cutShort > 0)
      .map(({ contestant, cutShort }) => `! ${contestant}: origins saw ${cutShort} cut requests`),
    ...failures.map(
      ({ contestant, reason }) =>
        `! ${contestant} takes no part: ${reason.slice(0, REASON_LENGTH)}`,
    ),
  ].join('\n');
}

function row(one: FaultFigures): string[] {
  return [
    one.contestant,
    fixed(one.p50Ms, 1),
    fixed(one.p99Ms, 0),
    fixed(one.p999Ms, 0),
    fixed(one.p99Ratio, 2),
    fixed(one.p999Ratio, 2),
    fixed(one.faultP99Ms, 0),
    fixed(one.faultP999Ms, 0),
    fixed(one.servedP99Ms, 0),
    fixed(one.refusalP50Ms, 1),
    fixed(one.refusalP99Ms, 1),
    String(one.errors),
    fixed(one.errorShare * 100, 2),
    fixed(one.goodputDuring, 0),
    fixed(one.goodputAfter, 0),
    one.recoveryS === Number.POSITIVE_INFINITY ? 'never' : fixed(one.recoveryS, 1),
    fixed(one.attemptsPerRequest, 3),
    fixed(one.faultyShare, 2),
    fixed(one.shareDeviation * 100, 1),
    fixed(one.proxyCores * 100, 0),
    fixed(one.othersShare * 100, 0),
  ];
}

function fixed(value: number, digits: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(digits);
}
