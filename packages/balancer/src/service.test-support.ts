/** A service of three upstreams, and how its tests ask it. */
import assert from 'node:assert/strict';
import type { Lease } from './lease.ts';
import { ask } from './policies/policy.test-support.ts';
import { type Ask, createPolicy } from './policy.ts';
import { seededRandom } from './seeded-random.test.ts';
import { createService, type Service, type ServiceOptions } from './service.ts';
import { createUpstream, type Upstream } from './upstream.ts';

/** Least connections over `upstreams`, unless told otherwise. */
export function serviceOf(
  upstreams: readonly Upstream[],
  more: Partial<ServiceOptions> = {},
): Service {
  const policy = createPolicy('least-connections');
  return createService({ name: 'items', policy, upstreams, random: seededRandom(1), ...more });
}

/** Three idle upstreams: a, b, c. */
export function three(): [Upstream, Upstream, Upstream] {
  return [createUpstream({ key: 'a' }), createUpstream({ key: 'b' }), createUpstream({ key: 'c' })];
}

/** A lease, where there must be one. */
export function lease(service: Service, wanted: Partial<Ask> = {}): Lease {
  const taken = service.acquire(ask(wanted));
  assert.ok(typeof taken !== 'string', `refused: ${taken}`);
  return taken;
}

/** Who gets requests: the upstreams picked, in the order of their keys. */
export function served(service: Service, wanted: Partial<Ask> = {}): string {
  const keys = new Set<string>();
  for (let i = 0; i < 50; i++) {
    const taken = service.acquire(ask(wanted));
    if (typeof taken === 'string') return taken;
    keys.add(taken.upstream.key);
    taken.release('ignored', wanted.nowMs ?? 0);
  }
  return [...keys].sort().join('');
}

/** Requests one after the other that `upstream` fails and the others answer, until it is out. */
export function failUntilOut(service: Service, upstream: Upstream, fromMs: number): number {
  const others = service.upstreams.filter((one) => one !== upstream);
  let nowMs = fromMs;
  for (let i = 0; upstream.ejection.presence !== 'out'; i++) {
    assert.ok(i < 100, 'never taken out');
    nowMs += 1;
    const good = lease(service, { nowMs, tried: [upstream] });
    assert.ok(others.includes(good.upstream));
    good.answered(true, nowMs);
    good.release('success', nowMs);
    const bad = service.acquire(ask({ nowMs, tried: others }));
    if (typeof bad !== 'string') bad.release('failure', nowMs);
  }
  return nowMs;
}
