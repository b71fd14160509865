/** One origin answers every request with an error at once. */
import { shareOf } from '../measured.ts';
import { atMost, originsOf, type Scenario, usualServiceTime } from '../scenario.ts';

const FROM_MS = 10_000;

const blackHole = {
  origins: originsOf(10, (i) =>
    i === 0 ? [{ kind: 'failing', fromMs: FROM_MS, toMs: 40_000, share: 1 }] : [],
  ),
  serviceTime: usualServiceTime,
  phases: [{ untilMs: 50_000, ratePerSecond: 1_200 }],
  fromMs: FROM_MS,
  toMs: 50_000,
  boundWorkers: 36,
} satisfies Partial<Scenario>;

export const blackHoles: readonly Scenario[] = [
  {
    ...blackHole,
    name: 'black-hole',
    about: 'one of ten origins answers 500 within 1 ms from 10 s to 40 s; the proxy may not retry',
    edge: { retriesErrors: false },
    goals: (measured) => [
      atMost('client errors', measured.counts.error + measured.counts.shed, 5),
      atMost('share of the failing one after 1 s', shareOf(measured, 0, 11_000, 40_000), 0.001),
    ],
  },
  {
    ...blackHole,
    name: 'black-hole-retry',
    about: 'one of ten origins answers 500 within 1 ms from 10 s to 40 s; the proxy may retry',
    edge: {},
    goals: (measured) => [atMost('client errors', measured.counts.error + measured.counts.shed, 0)],
  },
  {
    ...blackHole,
    name: 'black-hole-noise',
    about:
      'one of ten origins fails from 10 s to 40 s, without retries; the others fail 1 % of theirs',
    origins: originsOf(10, (i) => [
      i === 0
        ? { kind: 'failing', fromMs: FROM_MS, toMs: 40_000, share: 1 }
        : { kind: 'failing', fromMs: 0, toMs: 50_000, share: 0.01 },
    ]),
    edge: { retriesErrors: false },
    goals: ({ recording }) => [
      atMost(
        'healthy origins ejected',
        recording.events.filter(({ what, key }) => what === 'ejected' && key !== 'origin-1').length,
        0,
      ),
    ],
  },
  {
    ...blackHole,
    name: 'half-failing',
    about: 'one of ten origins fails half of its requests from 10 s to 40 s; the proxy may retry',
    origins: originsOf(10, (i) =>
      i === 0 ? [{ kind: 'failing', fromMs: FROM_MS, toMs: 40_000, share: 0.5 }] : [],
    ),
    edge: {},
    goals: (measured) => [
      atMost(
        'client errors, %',
        (100 * (measured.counts.error + measured.counts.shed)) / measured.count,
        0.02,
      ),
    ],
  },
];
