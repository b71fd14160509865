/** What is wrong is wrong with all: then nobody is to blame, and nothing should move. */
import { type Measured, mostAtOnceOut, shareDeviation } from '../measured.ts';
import type { Fault } from '../origin.ts';
import { atMost, type Goal, originsOf, type Scenario, usualServiceTime } from '../scenario.ts';

const FROM_MS = 10_000;
const TO_MS = 30_000;
const LENGTH_MS = 40_000;

const control = {
  serviceTime: usualServiceTime,
  fromMs: FROM_MS,
  toMs: LENGTH_MS,
  edge: {},
  boundWorkers: 40,
} satisfies Partial<Scenario>;

function originsWith(fault: Fault) {
  return originsOf(10, () => [fault]);
}

function noneBlamed(measured: Measured): Goal[] {
  return [
    atMost('out at once', mostAtOnceOut(measured), 5),
    atMost('deviation of shares', shareDeviation(measured, FROM_MS + 2_000, TO_MS), 0.1),
  ];
}

/** Requests that came 1 s after the end of the fault or later and got no good answer. */
function lateFailures({ recording: { arrivalMs, outcome } }: Measured): number {
  return outcome.reduce(
    (sum, how, i) => sum + (how !== 0 && (arrivalMs[i] as number) > TO_MS + 1_000 ? 1 : 0),
    0,
  );
}

export const controls: readonly Scenario[] = [
  {
    ...control,
    name: 'all-slow',
    about: 'all of ten origins are 3 times slower from 10 s to 30 s, at 20 % load',
    origins: originsWith({ kind: 'slow', fromMs: FROM_MS, toMs: TO_MS, factor: 3 }),
    phases: [{ untilMs: LENGTH_MS, ratePerSecond: 400 }],
    goals: (measured) => [
      ...noneBlamed(measured),
      atMost('client errors', measured.counts.error + measured.counts.shed, 0),
    ],
  },
  {
    ...control,
    name: 'all-slow-parallel',
    about: 'what ten origins of 100 workers each wait for is 10 times slower from 10 s to 30 s',
    origins: originsWith({ kind: 'slow', fromMs: FROM_MS, toMs: TO_MS, factor: 10 }).map(
      (plan) => ({ ...plan, workers: 100 }),
    ),
    phases: [{ untilMs: LENGTH_MS, ratePerSecond: 1_200 }],
    boundWorkers: 1_000,
    goals: (measured) => [
      ...noneBlamed(measured),
      atMost('client errors', measured.counts.error + measured.counts.shed, 0),
    ],
  },
  {
    ...control,
    name: 'all-failing',
    about: 'all of ten origins fail half of their requests from 10 s to 30 s, at 60 % load',
    origins: originsWith({ kind: 'failing', fromMs: FROM_MS, toMs: TO_MS, share: 0.5 }),
    phases: [{ untilMs: LENGTH_MS, ratePerSecond: 1_200 }],
    goals: noneBlamed,
  },
  {
    ...control,
    name: 'all-dead',
    about: 'all of ten origins fail all of their requests from 10 s to 30 s, at 60 % load',
    origins: originsWith({ kind: 'failing', fromMs: FROM_MS, toMs: TO_MS, share: 1 }),
    phases: [{ untilMs: LENGTH_MS, ratePerSecond: 1_200 }],
    goals: (measured) => [
      atMost('out at once', mostAtOnceOut(measured), 5),
      atMost('failures from 1 s after the end', lateFailures(measured), 0),
    ],
  },
];
