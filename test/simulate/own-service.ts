/** A scenario from somebody's own configuration and a described load. */
import type { PolicyName } from '@headgate/balancer';
import type { ProxyConfig } from '@headgate/proxy';
import type { DescribedFault } from './described-load.ts';
import type { Phase } from './load.ts';
import { guess } from './nearest-name.ts';
import type { Scenario } from './scenario.ts';
import { meanMsOf, type ServiceTime } from './service-time.ts';

/** What the configuration does not say. */
export interface OwnLoad {
  /** Default the only one there is. */
  readonly service: string | undefined;
  readonly phases: readonly Phase[];
  /** As it was written. */
  readonly serviceTimeText: string;
  readonly serviceTime: ServiceTime;
  /** Requests that one upstream works on at once, and that of some by their URL. */
  readonly workers: number;
  readonly workersOf: ReadonlyMap<string, number>;
  readonly faults: readonly DescribedFault[];
  /** What a failing upstream answers. */
  readonly errorStatus: number;
  /** How much longer a request and its answer take to another zone and back, in milliseconds. */
  readonly crossZoneMs: number;
  readonly proxies: number;
  readonly hasLoadReports: boolean;
}

/** A scenario without goals, and the policy the service has. */
export interface OwnService {
  readonly scenario: Scenario;
  readonly policy: PolicyName;
}

type Service = ProxyConfig['services'][string];

/**
 * Takes upstreams, weights, zones, limits, retries, subsets and policy from the service, and
 * deadline and hedging from the first route that leads to it. Throws what to tell the user.
 */
export function ownServiceOf(config: ProxyConfig, load: OwnLoad): OwnService {
  const { phases, serviceTime, faults } = load;
  const [name, service] = chosenService(config, load.service);
  const upstreams = writtenUpstreams(name, service);
  const urls = upstreams.map(({ url }) => url);
  for (const { text, target } of faults) {
    if (target !== 'all') checkUrl(`--fault "${text}"`, target, urls, name);
  }
  for (const url of load.workersOf.keys()) checkUrl('--workers', url, urls, name);
  const route = config.routes.find((one) => one.service === name);
  const origins = upstreams.map(({ url, weight, zone, maxInFlight }) => ({
    key: url,
    weight,
    zone,
    maxInFlight,
    workers: load.workersOf.get(url) ?? load.workers,
    networkMs: config.zone && zone && zone !== config.zone ? load.crossZoneMs : 0,
    faults: faults
      .filter(({ target }) => target === 'all' || target === url)
      .map(({ fault }) => fault),
  }));
  const boundWorkers = origins.reduce((sum, { workers }) => sum + workers, 0);
  const capacity = (1_000 * boundWorkers) / meanMsOf(serviceTime);
  const highest = Math.max(...phases.map(({ ratePerSecond }) => ratePerSecond));
  const lengthMs = phases.at(-1)?.untilMs ?? 0;
  const about = [
    `${origins.length} upstreams with ${boundWorkers} workers, requests of ${load.serviceTimeText}`,
    `${highest} requests per second at most, ${Math.round((100 * highest) / capacity)} % of what the workers can do, for ${lengthMs / 1_000} s`,
    ...faults.map(({ text }) => text),
  ];
  return {
    policy: service.policy,
    scenario: {
      name,
      about: about.join('; '),
      origins,
      serviceTime,
      phases,
      fromMs: 0,
      toMs: lengthMs,
      edge: {
        retries: service.retries,
        retriesErrors: service.retryStatuses.includes(load.errorStatus),
        isHedging: Boolean(route?.hedge),
        hedgeDelayMs: typeof route?.hedge === 'object' ? route.hedge.delay : undefined,
        hasLoadReports: load.hasLoadReports,
        maxInFlight: service.maxInFlight,
        zone: config.zone,
      },
      edges: load.proxies,
      subsetSize: service.subsetSize,
      deadlineMs: route?.deadline,
      boundWorkers,
      goals: () => [],
    },
  };
}

/** What is discovered when a proxy runs, nobody knows here. */
function writtenUpstreams(name: string, { upstreams }: Service) {
  return upstreams.map(({ url, ...rest }, i) => {
    if (url !== undefined) return { url, ...rest };
    const { dns, srv, file } = rest;
    throw new Error(
      `services.${name}.upstreams[${i}] (${dns ?? srv ?? file}) is discovered when the proxy runs; write the upstreams to simulate as url`,
    );
  });
}

function chosenService({ services }: ProxyConfig, wanted: string | undefined): [string, Service] {
  const names = Object.keys(services);
  const [only] = names;
  const name = wanted ?? (names.length === 1 ? only : undefined);
  const all = names.join(', ');
  if (name === undefined) {
    throw new Error(`the configuration has several services; say --service and one of ${all}`);
  }
  const service = services[name];
  if (!service) {
    throw new Error(
      `--service ${name}: the configuration has no such service${guess(name, names)}; there are ${all}`,
    );
  }
  return [name, service];
}

function checkUrl(where: string, url: string, urls: readonly string[], service: string): void {
  if (urls.includes(url)) return;
  throw new Error(
    `${where}: service ${service} has no upstream ${url}${guess(url, urls)}; there are ${urls.join(', ')}`,
  );
}
