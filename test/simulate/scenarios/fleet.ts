/** Many proxies share the origins, and each sees little of the load. */
import { ratioToBound } from '../measured.ts';
import { atMost, originsOf, type Scenario, usualServiceTime } from '../scenario.ts';

const fleet = {
  origins: originsOf(50),
  serviceTime: usualServiceTime,
  phases: [{ untilMs: 20_000, ratePerSecond: 8_500 }],
  fromMs: 4_000,
  toMs: 20_000,
  edges: 64,
  boundWorkers: 200,
} satisfies Partial<Scenario>;

export const fleets: readonly Scenario[] = [
  {
    ...fleet,
    name: 'fleet',
    about: '64 proxies, 50 origins at 85 % load that say how much they have in flight',
    edge: { hasLoadReports: true },
    goals: (measured) => [atMost('p99 / bound', ratioToBound(measured, 0.99), 1.1)],
  },
  {
    ...fleet,
    name: 'fleet-subset',
    about:
      '64 proxies, each with 20 of 50 origins at 85 % load that say how much they have in flight',
    subsetSize: 20,
    edge: { hasLoadReports: true },
    goals: (measured) => [atMost('p99 / bound', ratioToBound(measured, 0.99), 1.1)],
  },
  {
    ...fleet,
    name: 'fleet-silent',
    about: '64 proxies, 50 origins at 85 % load that say nothing',
    edge: {},
    goals: () => [],
  },
];
