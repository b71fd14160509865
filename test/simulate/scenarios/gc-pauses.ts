/** Every origin stops for a while now and then. */
import { percentile } from '../measured.ts';
import type { Fault } from '../origin.ts';
import { atMost, originsOf, type Scenario, usualServiceTime } from '../scenario.ts';

const LENGTH_MS = 60_000;
const EVERY_MS = 5_000;
const PAUSE_MS = 200;

const gcPauses = {
  origins: originsOf(10, (i) => pausesFrom((i * EVERY_MS) / 10)),
  serviceTime: usualServiceTime,
  phases: [{ untilMs: LENGTH_MS, ratePerSecond: 1_200 }],
  fromMs: 10_000,
  toMs: LENGTH_MS,
  boundWorkers: 40,
} satisfies Partial<Scenario>;

function pausesFrom(firstMs: number): Fault[] {
  const pauses: Fault[] = [];
  for (let fromMs = firstMs; fromMs < LENGTH_MS; fromMs += EVERY_MS) {
    pauses.push({ kind: 'paused', fromMs, toMs: fromMs + PAUSE_MS });
  }
  return pauses;
}

export const gcPauseScenarios: readonly Scenario[] = [
  {
    ...gcPauses,
    name: 'gc-pauses',
    about: 'each of ten origins stops for 200 ms every 5 s, one after another, at 60 % load',
    edge: {},
    goals: () => [],
  },
  {
    ...gcPauses,
    name: 'gc-pauses-hedging',
    about: 'each of ten origins stops for 200 ms every 5 s; late requests are sent a second time',
    edge: { isHedging: true },
    goals: (measured) => [
      atMost('p99, ms', percentile(measured.latencies, 0.99), 110),
      atMost('p99.9, ms', percentile(measured.latencies, 0.999), 170),
      atMost(
        'extra requests, %',
        (100 * measured.recording.hedges) / measured.recording.accepted,
        2,
      ),
    ],
  },
];
