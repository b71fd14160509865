/** One origin becomes slow for a while. */

import type { Measured } from '../measured.ts';
import { ratioToBound, shareOf } from '../measured.ts';
import { atMost, originsOf, type Scenario, usualServiceTime } from '../scenario.ts';

const FROM_MS = 10_000;
const TO_MS = 50_000;

function slowOrigin(factor: number): Scenario {
  return {
    name: `slow-origin-${factor}x`,
    about: `one of ten origins is ${factor} times slower from 10 s to 50 s, at 70 % load`,
    origins: originsOf(10, (i) =>
      i === 0 ? [{ kind: 'slow', fromMs: FROM_MS, toMs: TO_MS, factor }] : [],
    ),
    serviceTime: usualServiceTime,
    phases: [{ untilMs: 60_000, ratePerSecond: 1_274 }],
    fromMs: FROM_MS,
    toMs: TO_MS,
    edge: {},
    boundWorkers: 36,
    goals: (measured) => [
      atMost('p99 / bound', ratioToBound(measured, 0.99), 1.05),
      atMost('p99.9 / bound', ratioToBound(measured, 0.999), 1.25),
      atMost('seconds to full share', secondsToFullShare(measured), 5),
    ],
  };
}

/** From the recovery to the first second with at least nine tenths of a fair share. */
function secondsToFullShare(measured: Measured): number {
  for (let seconds = 0; seconds < 9; seconds += 0.25) {
    const fromMs = TO_MS + seconds * 1_000;
    if (shareOf(measured, 0, fromMs, fromMs + 1_000) >= 0.09) return seconds;
  }
  return Number.POSITIVE_INFINITY;
}

export const slowOrigins: readonly Scenario[] = [slowOrigin(10), slowOrigin(3)];
