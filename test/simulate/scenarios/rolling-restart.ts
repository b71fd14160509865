/** One origin after another is restarted. */
import { ratioToBound } from '../measured.ts';
import { atMost, originsOf, type Scenario, usualServiceTime } from '../scenario.ts';

const EVERY_MS = 6_000;
const AWAY_MS = 2_000;
const COLD_MS = 3_000;

export const rollingRestart: Scenario = {
  name: 'rolling-restart',
  about: 'every 6 s one of ten origins refuses for 2 s and is 5 times slower for 3 s after that',
  origins: originsOf(10, (i) => {
    const fromMs = 5_000 + i * EVERY_MS;
    const backMs = fromMs + AWAY_MS;
    return [
      { kind: 'down', fromMs, toMs: backMs },
      { kind: 'slow', fromMs: backMs, toMs: backMs + COLD_MS, factor: 5 },
    ];
  }),
  serviceTime: usualServiceTime,
  phases: [{ untilMs: 70_000, ratePerSecond: 1_200 }],
  fromMs: 5_000,
  toMs: 65_000,
  edge: {},
  boundWorkers: 36,
  goals: (measured) => [
    atMost('client errors', measured.counts.error + measured.counts.shed, 0),
    atMost('p99 / bound', ratioToBound(measured, 0.99), 1.2),
  ],
};
