/** Half of the origins are in another zone. */

import type { Measured } from '../measured.ts';
import { goodputPerSecond, shareOf } from '../measured.ts';
import { atLeast, atMost, originsOf, type Scenario, usualServiceTime } from '../scenario.ts';

const BUSY_FROM_MS = 20_000;
const LENGTH_MS = 40_000;

export const zones: Scenario = {
  name: 'zones',
  about: 'five origins here, five 4 ms away; 25 % load of all, then 75 %',
  origins: originsOf(10).map((plan, i) =>
    i < 5 ? { ...plan, zone: 'here' } : { ...plan, zone: 'there', networkMs: 4 },
  ),
  serviceTime: usualServiceTime,
  phases: [
    { untilMs: BUSY_FROM_MS, ratePerSecond: 500 },
    { untilMs: LENGTH_MS, ratePerSecond: 1_500 },
  ],
  fromMs: 5_000,
  toMs: LENGTH_MS,
  edge: { zone: 'here' },
  boundWorkers: 40,
  goals: (measured) => [
    atLeast('share of this zone while quiet', shareHere(measured, 5_000, BUSY_FROM_MS), 0.85),
    atMost('share of this zone while busy', shareHere(measured, 25_000, LENGTH_MS), 0.667),
    atLeast('goodput while busy', goodputPerSecond(measured, 25_000, LENGTH_MS), 1_450),
  ],
};

function shareHere(measured: Measured, fromMs: number, toMs: number): number {
  return [0, 1, 2, 3, 4].reduce((sum, i) => sum + shareOf(measured, i, fromMs, toMs), 0);
}
