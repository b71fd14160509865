/** What goes wrong in each scenario of the faults contest, under which load, and what is hoped for. */
import { type CentralQueue, quantileMs } from './fault-oracle.ts';
import type { OriginPlan } from './fault-origin-server.ts';
import type { ServiceTimes } from './fault-queue.ts';
import type { Fault } from './fault-timeline.ts';

/** Whole seconds of a run. */
export interface Timeline {
  /** What ends before does not count. */
  readonly warmUpS: number;
  readonly faultFromS: number;
  /** The end of the run where the fault never ends. */
  readonly faultToS: number;
  readonly lengthS: number;
}

/** Settings of Headgate beside those it is shipped with; written as its configuration has them. */
export interface HeadgateSettings {
  readonly service?: Readonly<Record<string, unknown>>;
  readonly route?: Readonly<Record<string, unknown>>;
}

export interface FaultScenario {
  readonly name: string;
  readonly summary: string;
  readonly goal: string;
  readonly timeline: Timeline;
  readonly origins: number;
  /** The first so many origins are the ones that go wrong; 0: all or none. */
  readonly faulty: number;
  readonly service: ServiceTimes;
  /** Requests per second; the second one while the fault lasts. */
  readonly ratePerS: readonly [usual: number, during: number];
  readonly client: { readonly timeoutMs: number; readonly retries: number };
  /** What goes wrong with origin number `index`. */
  faults(index: number, timeline: Timeline): readonly Fault[];
  /** What the best balancer there can be would reach. */
  readonly oracle: { readonly p99Ms: number; readonly p999Ms: number } | undefined;
  /** Proxies the load is spread over. */
  readonly proxies: number;
  /** Share of requests that fails all the time. */
  readonly noise: number;
  readonly hasSlowClients: boolean;
  /** Names of Headgate's entries and what they add to the configuration. */
  readonly headgate: Readonly<Record<string, HeadgateSettings>>;
}

export const WORKERS = 4;
const FULL: Timeline = { warmUpS: 10, faultFromS: 20, faultToS: 40, lengthS: 60 };
const THROUGHOUT: Timeline = { ...FULL, faultFromS: FULL.warmUpS, faultToS: FULL.lengthS };
const USUAL_MEAN_MS = 20;

const USUAL = {
  timeline: FULL,
  origins: 10,
  faulty: 0,
  service: [{ share: 1, meanMs: USUAL_MEAN_MS }],
  ratePerS: [1_200, 1_200],
  client: { timeoutMs: 10_000, retries: 0 },
  faults: () => [],
  oracle: undefined,
  proxies: 1,
  noise: 0,
  hasSlowClients: false,
  headgate: { headgate: {} },
} as const satisfies Partial<FaultScenario>;

const FAILING_SETTINGS = {
  'headgate-no-retry': { service: { retries: 0 } },
  'headgate-retry': { service: { retryStatuses: [500, 502, 503, 504] } },
};

export const faultScenarios: readonly FaultScenario[] = [
  {
    ...USUAL,
    name: 'slow-origin',
    summary: '1 of 10 origins takes 10x as long; 1274/s, 64 % of all workers',
    goal: 'p99 <= 1.05x, p99.9 <= 1.25x of the bound; full share within 5 s of recovery',
    faulty: 1,
    ratePerS: [1_274, 1_274],
    faults: (index, fault) => (index === 0 ? [{ kind: 'slow', ...window(fault), factor: 10 }] : []),
    oracle: bound({ workers: 36, ratePerS: 1_274 }),
  },
  {
    ...USUAL,
    name: 'black-hole',
    summary: '1 of 10 origins answers 500 in 1 ms; 1200/s',
    goal: 'at most 5 errors without retry, 0 with; its share below 0.1 % after 1 s',
    faulty: 1,
    faults: (index, fault) => (index === 0 ? [{ kind: 'fail', ...window(fault), share: 1 }] : []),
    oracle: bound({ workers: 36, ratePerS: 1_200 }),
    headgate: FAILING_SETTINGS,
  },
  {
    ...USUAL,
    name: 'black-hole-noise',
    summary: '1 of 10 origins answers 500 in 1 ms, all others 1 % of the time; 1200/s',
    goal: 'errors of the noise only; no healthy origin loses its share',
    faulty: 1,
    noise: 0.01,
    faults: (index, fault) => [
      { kind: 'fail', fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, share: 0.01 },
      ...(index === 0 ? [{ kind: 'fail' as const, ...window(fault), share: 1 }] : []),
    ],
    oracle: bound({ workers: 36, ratePerS: 1_200 }),
    headgate: FAILING_SETTINGS,
  },
  {
    ...USUAL,
    name: 'half-failing',
    summary: '1 of 10 origins answers half of its requests 500 in 1 ms; 1200/s',
    goal: 'at most 0.02 % errors',
    faulty: 1,
    faults: (index, fault) => (index === 0 ? [{ kind: 'fail', ...window(fault), share: 0.5 }] : []),
    oracle: bound({ workers: 36, ratePerS: 1_200 }),
    headgate: FAILING_SETTINGS,
  },
  {
    ...USUAL,
    name: 'gc-pauses',
    summary: 'every origin stops 200 ms every 5 s, one after the other; 1200/s',
    goal: 'p99 <= 110 ms, p99.9 <= 170 ms with 2 % more requests',
    timeline: THROUGHOUT,
    faults: (index, { lengthS }) =>
      Array.from({ length: Math.ceil(lengthS / 5) }, (_, turn) => {
        const fromMs = turn * 5_000 + index * 500;
        return { kind: 'pause', fromMs, toMs: fromMs + 200 };
      }),
    // A request caught in a pause can only be overtaken by a second one, at once.
    oracle: { ...bound({ workers: 40, ratePerS: 1_200 }), p999Ms: 160 },
    headgate: { headgate: {}, 'headgate-hedge': { route: { hedge: true } } },
  },
  {
    ...USUAL,
    name: 'flash-crowd',
    summary: '4 origins (800/s); 560/s, then 2400/s, then 560/s; clients give up after 1 s',
    goal: 'goodput >= 95 % of 800/s meanwhile, p99 of the served <= 300 ms, recovery <= 1 s',
    timeline: { ...FULL, faultToS: 30 },
    origins: 4,
    ratePerS: [560, 2_400],
    client: { timeoutMs: 1_000, retries: 0 },
  },
  {
    ...USUAL,
    name: 'retry-storm',
    summary: '2 of 4 origins (40 ms, 400/s) stall 5 s at 340/s; clients try 4 times, 1 s each',
    goal: 'normal again <= 2 s after the stall; <= 1.10 attempts per request of a client',
    timeline: { ...FULL, faultToS: 25 },
    origins: 4,
    faulty: 2,
    // Half as fast as elsewhere: in a storm every attempt is a new connection, and four times as many.
    service: [{ share: 1, meanMs: 2 * USUAL_MEAN_MS }],
    ratePerS: [340, 340],
    client: { timeoutMs: 1_000, retries: 3 },
    faults: (index, fault) => (index < 2 ? [{ kind: 'pause', ...window(fault) }] : []),
  },
  {
    ...USUAL,
    name: 'slow-clients',
    summary: '1000 slow heads, 200 slow bodies and 50 slow readers beside 500/s',
    goal: 'p99 <= 1.05x of the bound; origins see no request that is cut short',
    timeline: THROUGHOUT,
    ratePerS: [500, 500],
    oracle: bound({ workers: 40, ratePerS: 500 }),
    hasSlowClients: true,
  },
  {
    ...USUAL,
    name: 'rolling-restart',
    summary: 'an origin every 6 s drains, refuses for 2 s and takes 5x as long for 3 s; 1200/s',
    goal: 'no errors; p99 <= 1.2x of the bound',
    timeline: THROUGHOUT,
    faults(index, { faultFromS, lengthS }) {
      const fromMs = faultFromS * 1_000 + index * 6_000;
      const upMs = fromMs + 2_000;
      if (upMs >= lengthS * 1_000) return [];
      return [
        { kind: 'down', fromMs, toMs: upMs },
        { kind: 'slow', fromMs: upMs, toMs: upMs + 3_000, factor: 5 },
      ];
    },
    oracle: bound({ workers: 36, ratePerS: 1_200 }),
  },
  {
    ...USUAL,
    name: 'heavy-tail',
    summary: '1 % of the requests take 500 ms on average, the others 10 ms; 1880/s (70 %)',
    goal: 'p99 <= 1.05x of the bound: no price for all the rest where nothing is wrong',
    timeline: THROUGHOUT,
    service: [
      { share: 0.99, meanMs: 10 },
      { share: 0.01, meanMs: 500 },
    ],
    ratePerS: [1_880, 1_880],
    // Simulated: M/G/k has no formula. The tests repeat it.
    oracle: { p99Ms: 63, p999Ms: 1_150 },
  },
  {
    ...USUAL,
    name: 'fleet',
    summary: '4 proxies before 50 origins of 200 ms; 850/s (85 %) spread over them',
    goal: 'p99 <= 1.10x of the bound',
    timeline: THROUGHOUT,
    origins: 50,
    service: [{ share: 1, meanMs: 200 }],
    ratePerS: [850, 850],
    oracle: bound({ workers: 200, ratePerS: 850, meanMs: 200 }),
    proxies: 4,
  },
  {
    ...USUAL,
    name: 'all-slow',
    summary: 'control: all origins take 3x as long; 400/s (60 % then)',
    goal: 'nobody is ejected: shares as even as before',
    ratePerS: [400, 400],
    faults: (_, fault) => [{ kind: 'slow', ...window(fault), factor: 3 }],
    oracle: bound(
      { workers: 40, ratePerS: 400, weight: 30 },
      { workers: 40, ratePerS: 400, meanMs: 3 * USUAL_MEAN_MS, weight: 20 },
    ),
  },
  {
    ...USUAL,
    name: 'all-failing',
    summary: 'control: all origins answer half of their requests 500 in 1 ms; 1200/s',
    goal: 'at least half of the answers stay good',
    faults: (_, fault) => [{ kind: 'fail', ...window(fault), share: 0.5 }],
  },
];

/** All times multiplied by `scale`, in whole seconds, a second at least each. */
export function scaled(timeline: Timeline, scale: number): Timeline {
  const warmUpS = Math.max(1, Math.round(timeline.warmUpS * scale));
  const later = (earlier: number, original: number, after: number) =>
    original === after ? earlier : Math.max(earlier + 1, Math.round(original * scale));
  const faultFromS = later(warmUpS, timeline.faultFromS, timeline.warmUpS);
  const faultToS = later(faultFromS, timeline.faultToS, timeline.faultFromS);
  const lengthS = later(faultToS, timeline.lengthS, timeline.faultToS);
  return { warmUpS, faultFromS, faultToS, lengthS };
}

/** What the origins of one run are told; the same `seed` gives everybody the same sizes. */
export function originPlans(
  scenario: FaultScenario,
  timeline: Timeline,
  ports: readonly number[],
  seed: number,
): OriginPlan[] {
  return ports.map((port, index) => ({
    port,
    seed: seed * 1_000 + index,
    workers: WORKERS,
    service: scenario.service,
    faults: scenario.faults(index, timeline),
  }));
}

function window({ faultFromS, faultToS }: Timeline): { fromMs: number; toMs: number } {
  return { fromMs: faultFromS * 1_000, toMs: faultToS * 1_000 };
}

function bound(...phases: (Omit<CentralQueue, 'meanMs'> & { readonly meanMs?: number })[]) {
  const all = phases.map((phase) => ({ meanMs: USUAL_MEAN_MS, ...phase }));
  return { p99Ms: quantileMs(all, 0.99), p999Ms: quantileMs(all, 0.999) };
}
