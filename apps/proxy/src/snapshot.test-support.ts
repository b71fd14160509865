/** Snapshots one after the other, as reloads make them. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Ask, Lease } from '@headgate/balancer';
import { type ProxyConfigInput, proxySchema, staticConfig } from './config.ts';
import { Connections } from './connections.ts';
import {
  buildSnapshot,
  retireSnapshot,
  type ServiceRuntime,
  type Snapshot,
  type SnapshotDeps,
  type UpstreamRuntime,
} from './snapshot.ts';
import { TimerWheel } from './timer-wheel.ts';

export type ServiceInput = ProxyConfigInput['services'][string];

/** Nothing listens there; without a health check nobody tries. */
export const A = 'http://127.0.0.1:1';
export const B = 'http://127.0.0.1:2';

export interface Told {
  readonly service: string;
  readonly upstream: string;
  readonly what: string;
  readonly reason: string;
}

/** Builds snapshots one after the other and retires all of them when the test is over. */
export function createReloads(
  t: TestContext,
  onEvent: (told: Told) => void = () => {},
  instance = 'edge-1',
) {
  const deps: SnapshotDeps = {
    now: () => performance.now(),
    random: () => 0.5,
    timers: new TimerWheel(() => performance.now()),
    metrics: { forService: () => ({ finished() {}, attempted() {}, retried() {}, hedged() {} }) },
    instance,
    onEvent: (service, upstream, { what, reason }) => onEvent({ service, upstream, what, reason }),
  };
  const close = t.mock.method(Connections.prototype, 'close');
  let current: Snapshot | undefined;
  let retiring = Promise.resolve();
  t.after(async () => {
    if (current) await retireSnapshot(current, undefined);
    await retiring;
  });
  return {
    /** Swaps to a snapshot of `services`, as a reload does. */
    load(
      services: Record<string, ServiceInput>,
      limits: ProxyConfigInput['limits'] = {},
      routes = routesTo(services),
    ) {
      const config = proxySchema.parse({
        listeners: [{ address: '127.0.0.1:0' }],
        services,
        routes,
        limits,
      });
      const previous = current;
      current = buildSnapshot(staticConfig(config), previous, deps);
      if (previous) retiring = retireSnapshot(previous, current);
      return current;
    },
    /** Resolves when the snapshot before the current one has been closed. */
    retired: () => retiring,
    /** Whether the connections to an upstream have been closed. */
    isClosed: ({ connections }: UpstreamRuntime) =>
      close.mock.calls.some((call) => call.this === connections),
  };
}

function routesTo(services: Record<string, ServiceInput>): ProxyConfigInput['routes'] {
  return Object.keys(services).map((service) => ({ match: { path: `/${service}` }, service }));
}

export function serviceOf(snapshot: Snapshot): ServiceRuntime {
  const service = snapshot.services.get('items');
  assert.ok(service);
  return service;
}

export function only(snapshot: Snapshot, url = A, service = 'items'): UpstreamRuntime {
  const found = snapshot.services.get(service)?.upstreams.get(url);
  assert.ok(found, `${service} has no upstream ${url}`);
  return found;
}

export function acquire(snapshot: Snapshot, ask: Partial<Ask> = {}, service = 'items'): Lease {
  const lease = snapshot.services.get(service)?.balancer.acquire({
    nowMs: performance.now(),
    tried: [],
    isRepeatable: true,
    hash: undefined,
    stickTo: undefined,
    ...ask,
  });
  assert.ok(lease && typeof lease !== 'string', `there is no lease but ${lease}`);
  return lease;
}

export function items(...urls: string[]): ServiceInput {
  return { upstreams: urls.map((url) => ({ url })) };
}
