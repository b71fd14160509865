/** Nothing is wrong: what the remedies must not make worse. */
import { type Measured, percentile, ratioToBound } from '../measured.ts';
import { atMost, originsOf, type Scenario, usualServiceTime } from '../scenario.ts';

function ratioToPlain(measured: Measured, plain: Measured): number {
  return percentile(measured.latencies, 0.99) / percentile(plain.latencies, 0.99);
}

export const equals: readonly Scenario[] = [
  {
    name: 'equal',
    about: 'ten equal origins at 85 % load',
    origins: originsOf(10),
    serviceTime: usualServiceTime,
    phases: [{ untilMs: 60_000, ratePerSecond: 1_700 }],
    fromMs: 5_000,
    toMs: 60_000,
    edge: {},
    boundWorkers: 40,
    goals: (measured, plain) => [
      atMost('p99 / bound', ratioToBound(measured, 0.99), 1.05),
      atMost('p99 / plain', ratioToPlain(measured, plain()), 1.02),
      atMost('errors', measured.counts.error + measured.counts.shed, 0),
    ],
  },
  {
    name: 'heavy-tail',
    about: 'ten equal origins at 70 % load; 1 % of the requests takes fifty times as long',
    origins: originsOf(10),
    serviceTime: { kind: 'mix', meanMs: 10, rareShare: 0.01, rareMeanMs: 500 },
    phases: [{ untilMs: 60_000, ratePerSecond: 1_880 }],
    fromMs: 5_000,
    toMs: 60_000,
    edge: {},
    boundWorkers: 40,
    goals: (measured, plain) => [
      atMost('p99 / bound', ratioToBound(measured, 0.99), 1.05),
      atMost('p99 / plain', ratioToPlain(measured, plain()), 1.02),
      atMost('errors', measured.counts.error + measured.counts.shed, 0),
    ],
  },
];
