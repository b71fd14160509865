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
