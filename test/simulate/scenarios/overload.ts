/** More load than the origins can bear, from without and from clients that ask again. */
import { goodputPerSecond } from '../measured.ts';
import { atLeast, atMost, originsOf, type Scenario, usualServiceTime } from '../scenario.ts';

/** Four origins of four workers, 20 ms each. */
const CAPACITY = 800;

const BURST_FROM_MS = 10_000;
const BURST_TO_MS = 20_000;

/** When the rate of good answers is back at `rate` for a second, in seconds after `fromMs`. */
function secondsUntil(
  rate: number,
  measured: Parameters<typeof goodputPerSecond>[0],
  fromMs: number,
) {
  for (let seconds = 0; seconds < 9; seconds += 0.25) {
    const at = fromMs + seconds * 1_000;
    if (goodputPerSecond(measured, at, at + 1_000) >= rate) return seconds;
  }
  return Number.POSITIVE_INFINITY;
}

export const overloads: readonly Scenario[] = [
  {
    name: 'flash-crowd',
    about: 'three times the capacity for 10 s; clients wait for 1 s and then ask once more',
    origins: originsOf(4),
    serviceTime: usualServiceTime,
    phases: [
      { untilMs: BURST_FROM_MS, ratePerSecond: 560 },
      { untilMs: BURST_TO_MS, ratePerSecond: 2_400 },
      { untilMs: 30_000, ratePerSecond: 560 },
    ],
    fromMs: BURST_FROM_MS,
    toMs: BURST_TO_MS,
    edge: {},
    deadlineMs: 1_000,
    clientRetries: 1,
    boundWorkers: 16,
    goals: (measured) => [
      atLeast(
        'goodput in the burst, % of capacity',
        (100 * goodputPerSecond(measured, BURST_FROM_MS, BURST_TO_MS)) / CAPACITY,
        95,
      ),
      atMost('errors other than refusals', measured.counts.error + measured.counts.abandoned, 0),
      atMost('seconds until good again', lastFailureSeconds(measured, BURST_TO_MS), 1),
    ],
  },
  {
    name: 'retry-storm',
    about:
      'two of four origins stop for 5 s at 85 % load; clients wait for 1 s and ask 3 times more',
    origins: originsOf(4, (i) => (i < 2 ? [{ kind: 'paused', fromMs: 10_000, toMs: 15_000 }] : [])),
    serviceTime: usualServiceTime,
    phases: [{ untilMs: 30_000, ratePerSecond: 680 }],
    fromMs: 10_000,
    toMs: 30_000,
    edge: {},
    deadlineMs: 1_000,
    clientRetries: 3,
    boundWorkers: 16,
    goals: (measured) => [
      atMost('seconds to normal goodput', secondsUntil(0.97 * 680, measured, 15_000), 2),
      atMost('seconds until good again', lastFailureSeconds(measured, 15_000), 2),
      atMost(
        'attempts per request',
        measured.recording.attempts / measured.recording.accepted,
        1.1,
      ),
      atLeast(
        'goodput in the stall, % of the rest',
        (100 * goodputPerSecond(measured, 11_000, 15_000)) / (CAPACITY / 2),
        90,
      ),
    ],
  },
];

/** From `fromMs` to the last second in which more than 1 % of those that came had no good answer. */
function lastFailureSeconds(
  { recording: { arrivalMs, outcome } }: Parameters<typeof goodputPerSecond>[0],
  fromMs: number,
): number {
  let last = 0;
  for (let seconds = 0; seconds < 10; seconds += 0.25) {
    let count = 0;
    let failed = 0;
    for (let i = 0; i < arrivalMs.length; i++) {
      const since = (arrivalMs[i] as number) - fromMs - seconds * 1_000;
      if (since < 0 || since >= 250) continue;
      count++;
      if (outcome[i] !== 0) failed++;
    }
    if (failed > 0.01 * count) last = seconds + 0.25;
  }
  return last;
}
