/**
 * Config → the immutable view requests run under: router and services. State that is a fact about
 * an address (requests in flight, verdict, open connections) is carried over from the snapshot
 * before, by key, so that a reload forgets nothing and drops nothing.
 */
import {
  createHealth,
  createHedging,
  createPolicy,
  createRetryBudget,
  createService,
  createUpstream,
  type Health,
  type Hedging,
  note,
  type RetryBudget,
  rendezvousSubset,
  type Service,
  type Upstream,
  type UpstreamEvent,
} from '@headgate/balancer';
import { type UpstreamAddress, upstreamAddressOf } from './address.ts';
import { Admission } from './admission.ts';
import { tokenOf } from './ask.ts';
import type { EffectiveConfig, EffectiveService, UpstreamConfig } from './config.ts';
import { cachePolicyOf } from './config-cache.ts';
import { type ConnectionSettings, Connections, sameSettings } from './connections.ts';
import type { CachePolicy } from './edge-cache/policy.ts';
import type { ExchangeTimeouts } from './exchange.ts';
import { createTrustedProxies, type TrustedProxies } from './forwarded.ts';
import type { ProxyMetrics, ServiceMetrics } from './metrics.ts';
import { type Probe, startProbe } from './probe.ts';
import { createRouter, type Router } from './router.ts';
import type { TimerWheel } from './timer-wheel.ts';

export interface UpstreamRuntime {
  readonly upstream: Upstream;
  readonly address: UpstreamAddress;
  readonly connections: Connections;
  readonly probe: Probe | undefined;
}

export interface ServiceRuntime {
  readonly name: string;
  readonly config: EffectiveService;
  /** These three live on over reloads, as long as the service has its name. */
  readonly balancer: Service;
  readonly admission: Admission;
  readonly retryBudget: RetryBudget;
  readonly exchangeTimeouts: ExchangeTimeouts;
  /** By the balancer's upstream key, which is the upstream's URL. */
  readonly upstreams: ReadonlyMap<string, UpstreamRuntime>;
  /** What stands for an upstream in a cookie, to its key. */
  readonly upstreamOfToken: ReadonlyMap<string, string>;
  readonly metrics: ServiceMetrics;
}

export interface Snapshot {
  readonly config: EffectiveConfig;
  readonly router: Router;
  readonly services: ReadonlyMap<string, ServiceRuntime>;
  readonly trustedProxies: TrustedProxies;
  /** By the place of the route, for those that hedge. */
  readonly hedging: readonly (Hedging | undefined)[];
  /** By the place of the route, for those that cache. */
  readonly caching: readonly (CachePolicy | undefined)[];
}

export interface SnapshotDeps {
  readonly now: () => number;
  readonly random: () => number;
  readonly timers: TimerWheel;
  readonly metrics: Pick<ProxyMetrics, 'forService'>;
  /** What this edge is called among others that face the same upstreams. */
  readonly instance: string;
  readonly onEvent: (service: string, upstream: string, event: UpstreamEvent) => void;
}

/** Builds the view for `config`; `previous` is left as it is until it is retired. */
export function buildSnapshot(
  config: EffectiveConfig,
  previous: Snapshot | undefined,
  deps: SnapshotDeps,
): Snapshot {
  const services = new Map<string, ServiceRuntime>();
  for (const [name, service] of Object.entries(config.services)) {
    services.set(name, buildService(name, service, config, previous?.services.get(name), deps));
  }
  return {
    config,
    router: createRouter(config.routes),
    services,
    trustedProxies: createTrustedProxies(config.trustedProxies),
    caching: config.routes.map((route) => cachePolicyOf(route.cache)),
    hedging: config.routes.map((route, index) => {
      if (!route.hedge) return undefined;
      const before = previous?.config.routes[index];
      const isSame = JSON.stringify(before) === JSON.stringify(route);
      return (isSame ? previous?.hedging[index] : undefined) ?? createHedging();
    }),
  };
}

/** Stops and closes what `next` did not carry over; attempts under way finish first. */
export async function retireSnapshot(
  previous: Snapshot,
  next: Snapshot | undefined,
): Promise<void> {
  const kept = new Set<Connections>();
  for (const service of next?.services.values() ?? []) {
    for (const { connections } of service.upstreams.values()) kept.add(connections);
  }
  const closing: Promise<void>[] = [];
  for (const service of previous.services.values()) {
    for (const { connections, probe } of service.upstreams.values()) {
      probe?.stop();
      if (!kept.has(connections)) closing.push(connections.close());
    }
  }
  await Promise.all(closing);
}

function buildService(
  name: string,
  config: EffectiveService,
  root: EffectiveConfig,
  previous: ServiceRuntime | undefined,
  deps: SnapshotDeps,
): ServiceRuntime {
  const records = usedUpstreams(config, deps.instance).map((entry) =>
    carryUpstream(
      entry,
      config,
      previous?.upstreams.get(upstreamAddressOf(entry.url).key),
      previous?.config,
    ),
  );
  const options = {
    name,
    policy: createPolicy(config.policy),
    upstreams: records.map((record) => record.upstream),
    random: deps.random,
    maxInFlight: config.maxInFlight,
    zone: root.zone,
    onEvent: (upstream: Upstream, event: UpstreamEvent) => deps.onEvent(name, upstream.key, event),
  };
  previous?.balancer.reconfigure(options, deps.now());
  const balancer = previous?.balancer ?? createService(options);
  const upstreams = new Map<string, UpstreamRuntime>();
  for (const { upstream, address, before } of records) {
    const settings = connectionSettings(address, config, root);
    const connections =
      before && sameSettings(before.connections.settings, settings)
        ? before.connections
        : new Connections(settings, deps.timers);
    const probe =
      config.healthCheck && !upstream.isDisabled
        ? startProbe({
            connection: {
              address,
              connectTimeoutMs: config.timeouts.connect,
              headSizeBytes: root.limits.responseHeadSize,
            },
            health: upstream.health,
            traffic: () => ({
              successes: upstream.successes,
              failures: upstream.failures,
              serviceRequests: balancer.requests,
              serviceInFlight: balancer.inFlight,
            }),
            check: {
              ...config.healthCheck,
              intervalMs: config.healthCheck.interval,
              timeoutMs: config.healthCheck.timeout,
            },
            now: deps.now,
            random: deps.random,
            onChange(change) {
              if (change.to === 'unknown') return;
              balancer.refresh(change.atMs);
              const event = { what: change.to, reason: change.reason, atMs: change.atMs };
              note(upstream, event);
              deps.onEvent(name, upstream.key, event);
            },
          })
        : undefined;
    upstreams.set(upstream.key, { upstream, address, connections, probe });
  }
  const { firstByte, idle } = config.timeouts;
  const exchangeTimeouts = { firstByteMs: firstByte, idleMs: idle };
  const metrics = deps.metrics.forService(name);
  return {
    name,
    config,
    balancer,
    admission: previous?.admission ?? new Admission(balancer, deps.now, deps.random),
    retryBudget: previous?.retryBudget ?? createRetryBudget(),
    exchangeTimeouts,
    upstreams,
    upstreamOfToken: new Map([...upstreams.keys()].map((key) => [tokenOf(key), key])),
    metrics,
  };
}

/** All of them, or as many as one edge of many is to use. */
function usedUpstreams(
  { upstreams, subsetSize }: EffectiveService,
  instance: string,
): readonly UpstreamConfig[] {
  if (subsetSize === undefined) return upstreams;
  const keys = upstreams.map(({ url }) => upstreamAddressOf(url).key);
  const used = new Set(rendezvousSubset(keys, subsetSize, instance));
  return upstreams.filter((_, i) => used.has(keys[i] as string));
}

function carryUpstream(
  entry: UpstreamConfig,
  config: EffectiveService,
  before: UpstreamRuntime | undefined,
  configBefore: EffectiveService | undefined,
): { upstream: Upstream; address: UpstreamAddress; before: UpstreamRuntime | undefined } {
  const address = upstreamAddressOf(entry.url, entry.tlsName);
  const { key } = address;
  if (!before) {
    const { weight, zone, maxInFlight } = entry;
    const health = newHealth(config);
    const upstream = createUpstream({ key, weight, zone, maxInFlight, health });
    operate(upstream, entry);
    return { upstream, address, before };
  }
  // What is in flight is a fact about the address; a verdict is one about the address and the
  // check that reached it.
  const { upstream } = before;
  upstream.weight = entry.weight;
  upstream.zone = entry.zone;
  upstream.maxInFlight = entry.maxInFlight ?? Number.POSITIVE_INFINITY;
  const isSameCheck =
    JSON.stringify(config.healthCheck) === JSON.stringify(configBefore?.healthCheck);
  if (!isSameCheck) upstream.health = newHealth(config);
  operate(upstream, entry);
  return { upstream, address, before };
}

function operate(upstream: Upstream, { state }: UpstreamConfig): void {
  upstream.isDraining = state === 'draining';
  upstream.isDisabled = state === 'disabled';
}

function connectionSettings(
  address: UpstreamAddress,
  { timeouts, maxConnecting }: EffectiveService,
  { limits }: EffectiveConfig,
): ConnectionSettings {
  return {
    address,
    connectTimeoutMs: timeouts.connect,
    keepAliveMs: timeouts.upstreamKeepAlive,
    lifetimeMs: timeouts.upstreamLifetime,
    maxConnecting,
    limits: {
      headSizeBytes: limits.responseHeadSize,
      headerCount: limits.responseHeaderCount,
      targetLength: 0,
      chunkExtensionBytes: limits.chunkExtensionSize,
      trailerSizeBytes: limits.trailerSize,
    },
  };
}

function newHealth(config: EffectiveService): Health {
  return createHealth({
    rise: config.healthCheck?.rise ?? 1,
    fall: config.healthCheck?.fall ?? 1,
  });
}
