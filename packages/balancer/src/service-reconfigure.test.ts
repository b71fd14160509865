import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPolicy, policyNames } from './policy.ts';
import { seededRandom } from './seeded-random.test.ts';
import { failUntilOut, lease, served, serviceOf, three } from './service.test-support.ts';
import type { ServiceOptions } from './service.ts';
import { createUpstream, type Upstream } from './upstream.ts';

describe('reconfigure', () => {
  const options = (upstreams: readonly Upstream[]): ServiceOptions => ({
    name: 'items',
    policy: createPolicy('least-connections'),
    upstreams,
    random: seededRandom(2),
  });

  it('keeps what is known of upstreams that stay: in flight, out, in', () => {
    const [a, b, c] = three();
    const service = serviceOf([a, b, c]);
    const nowMs = failUntilOut(service, a, 0);
    const open = lease(service, { nowMs, tried: [c] });
    assert.equal(open.upstream, b);
    service.reconfigure(options([c, b, a]), nowMs);
    assert.equal(a.ejection.presence, 'out');
    assert.equal(b.ejection.presence, 'in');
    assert.equal(c.ejection.presence, 'in');
    assert.deepEqual([a.slot, b.slot, c.slot], [-1, 1, 0]);
    assert.equal(service.inFlight, 1);
    assert.equal(lease(service, { nowMs }).upstream, c);
    open.release('success', nowMs + 1);
    assert.equal(service.inFlight, 1);
  });

  it('lets new upstreams in by steps, beside those there are', () => {
    const [a, b, c] = three();
    const service = serviceOf([a, b]);
    service.reconfigure(options([a, b, c]), 1_000);
    assert.deepEqual(
      [a, b, c].map(({ ejection }) => ejection.presence),
      ['in', 'in', 'returning'],
    );
    const taken = Array.from({ length: 9 }, () => lease(service, { nowMs: 1_000 }));
    assert.equal(taken.filter(({ upstream }) => upstream === c).length, 1);
  });

  it('lets all in at once when all are new', () => {
    const [a, b, c] = three();
    const service = serviceOf([]);
    service.reconfigure(options([a, b, c]), 1_000);
    for (let i = 0; i < 9; i++) lease(service, { nowMs: 1_000 });
    assert.deepEqual(
      [a, b, c].map(({ inFlight }) => inFlight),
      [3, 3, 3],
    );
  });

  it('gives a new upstream more with every good answer until it has its full share', () => {
    const [a, b, c] = three();
    const service = serviceOf([a, b]);
    service.reconfigure(options([a, b, c]), 1_000);
    const shares: number[] = [];
    for (let nowMs = 1_000; nowMs < 1_200; nowMs += 10) {
      const open = Array.from({ length: 30 }, () => lease(service, { nowMs }));
      shares.push(c.inFlight);
      for (const one of open) one.answered(true, nowMs + 5);
      for (const one of open) one.release('success', nowMs + 5);
    }
    assert.deepEqual(
      shares,
      [...shares].sort((x, y) => x - y),
    );
    assert.equal(shares[0], 1);
    assert.equal(shares.at(-1), 10);
    assert.equal(c.ejection.presence, 'in');
  });

  it('lets all in at once when they replace all there were', () => {
    const [a, b, c] = three();
    const service = serviceOf([a]);
    service.reconfigure(options([b, c]), 1_000);
    assert.deepEqual([b.ejection.presence, c.ejection.presence], ['in', 'in']);
    for (let i = 0; i < 8; i++) lease(service, { nowMs: 1_000 });
    assert.deepEqual([b.inFlight, c.inFlight], [4, 4]);
  });

  it('can lose all its upstreams and get others later', () => {
    const [a, b, c] = three();
    const service = serviceOf([a]);
    const open = lease(service, { nowMs: 0 });
    service.reconfigure(options([]), 1_000);
    const ask = {
      nowMs: 1_000,
      tried: [],
      isRepeatable: true,
      hash: undefined,
      stickTo: undefined,
    };
    assert.equal(service.acquire(ask), 'none');
    open.release('success', 1_001);
    assert.equal(service.inFlight, 0);
    service.reconfigure(options([b, c]), 2_000);
    assert.deepEqual([b.ejection.presence, c.ejection.presence], ['in', 'in']);
    assert.equal(service.upstreams.includes(lease(service, { nowMs: 2_000 }).upstream), true);
  });

  it('sends nothing more to what was removed, and counts what it still holds', () => {
    for (const name of policyNames) {
      const [a, b, c] = three();
      const service = serviceOf([a, b, c], { policy: createPolicy(name) });
      const open = lease(service, { tried: [b, c], stickTo: 'a', hash: 1 });
      service.reconfigure({ ...options([b, c]), policy: createPolicy(name) }, 10);
      assert.equal(a.slot, -1);
      assert.equal(served(service, { nowMs: 10, stickTo: 'a', hash: 1 }).includes('a'), false);
      open.answered(true, 20);
      open.release('failure', 30);
      assert.deepEqual([a.inFlight, a.waiting, service.inFlight], [0, 0, 0]);
      assert.equal(a.slot, -1);
    }
  });

  it('sends no trial to what was removed', () => {
    const [a, b, c] = three();
    const service = serviceOf([a, b, c]);
    failUntilOut(service, a, 0);
    const due = a.ejection.untilMs + 100;
    served(service, { nowMs: due, isRepeatable: false });
    service.reconfigure(options([b, c]), due);
    assert.equal(served(service, { nowMs: due }), 'bc');
  });

  it('is refused with the same key twice, and so is making one', () => {
    const twice = [createUpstream({ key: 'http://a' }), createUpstream({ key: 'http://a' })];
    const message = /service "items" lists upstream "http:\/\/a" twice/;
    assert.throws(() => serviceOf(twice), message);
    const service = serviceOf(three());
    assert.throws(() => service.reconfigure(options(twice), 0), message);
    assert.equal(served(service), 'abc');
  });
});
