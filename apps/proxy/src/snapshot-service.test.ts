/** What a service knows, and how much of a fleet it uses, over reloads. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tokenOf } from './ask.ts';
import { A, acquire, B, createReloads, items, only, serviceOf } from './snapshot.test-support.ts';
import type { Snapshot } from './snapshot.ts';

describe('a service over reloads', () => {
  const now = () => performance.now();

  it('goes on with its queue, its retries and what it knows of its upstreams', (t) => {
    const reloads = createReloads(t);
    const before = serviceOf(reloads.load({ items: items(A, B) }));
    const after = serviceOf(
      reloads.load({ items: { ...items(A, B), policy: 'round-robin', maxInFlight: 1 } }),
    );
    assert.equal(after.balancer, before.balancer);
    assert.equal(after.admission, before.admission);
    assert.equal(after.retryBudget, before.retryBudget);
  });

  it('begins anew when it was gone in between', (t) => {
    const reloads = createReloads(t);
    const before = serviceOf(reloads.load({ items: items(A), users: items(A) }));
    reloads.load({ users: items(A) });
    const after = serviceOf(reloads.load({ items: items(A), users: items(A) }));
    assert.notEqual(after.balancer, before.balancer);
  });

  it('keeps out whom it has ejected, and the limit it has found', (t) => {
    const reloads = createReloads(t);
    const { upstream } = only(reloads.load({ items: items(A, B) }));
    upstream.ejection.eject(now(), () => 0.5);
    upstream.found.value = 7;
    const snapshot = reloads.load({ items: { ...items(A, B), retries: 1 } });
    for (let i = 0; i < 5; i++) assert.equal(acquire(snapshot).upstream.key, B);
    assert.equal(only(snapshot).upstream.found.value, 7);
    assert.equal(only(snapshot).upstream.ejection.presence, 'out');
  });

  it('keeps to new limits at once', (t) => {
    const reloads = createReloads(t);
    const unlimited = reloads.load({ items: items(A, B) });
    for (let i = 0; i < 3; i++) acquire(unlimited);
    const ask = {
      nowMs: now(),
      tried: [],
      isRepeatable: true,
      hash: undefined,
      stickTo: undefined,
    };
    const limits = {
      upstreams: [
        { url: A, maxInFlight: 1 },
        { url: B, maxInFlight: 2 },
      ],
    };
    const { balancer } = serviceOf(reloads.load({ items: limits }));
    assert.equal(balancer.acquire(ask), 'full');
    assert.equal(only(reloads.load({ items: items(A, B) })).upstream.maxInFlight, Infinity);
    assert.notEqual(balancer.acquire(ask), 'full');
    reloads.load({ items: { ...items(A, B), maxInFlight: 4 } });
    assert.equal(balancer.acquire(ask), 'full');
  });

  it('gives requests of before only what is there now', (t) => {
    const reloads = createReloads(t);
    const before = reloads.load({ items: items(A) });
    reloads.load({ items: items(B) });
    assert.equal(acquire(before).upstream.key, B);
  });

  it('lets a newcomer in by steps', (t) => {
    const reloads = createReloads(t);
    reloads.load({ items: items(A) });
    const snapshot = reloads.load({ items: items(A, B) });
    assert.equal(only(snapshot).upstream.ejection.presence, 'in');
    assert.equal(only(snapshot, B).upstream.ejection.presence, 'returning');
  });

  it('finds upstreams by their cookies', (t) => {
    const service = serviceOf(createReloads(t).load({ items: items(A, B) }));
    assert.deepEqual(
      [...service.upstreamOfToken],
      [A, B].map((key) => [tokenOf(key), key]),
    );
  });
});

describe('one edge of many', () => {
  const urls = Array.from({ length: 20 }, (_, i) => `http://127.0.0.1:${i + 1}`);
  const used = (snapshot: Snapshot) => [...serviceOf(snapshot).upstreams.keys()];

  it('uses as many upstreams as it is told, the same ones after a reload', (t) => {
    const reloads = createReloads(t);
    const subset = { ...items(...urls), subsetSize: 5 };
    const first = used(reloads.load({ items: subset }));
    assert.equal(first.length, 5);
    assert.deepEqual(used(reloads.load({ items: { ...subset, retries: 0 } })), first);
  });

  it('uses others than its neighbours', (t) => {
    const subset = { ...items(...urls), subsetSize: 5 };
    const usedBy = (instance: string) =>
      used(createReloads(t, undefined, instance).load({ items: subset })).join();
    assert.equal(new Set(['a', 'b', 'c', 'd'].map(usedBy)).size, 4);
  });

  it('exchanges no more than it must when an upstream goes', (t) => {
    const reloads = createReloads(t);
    const first = used(reloads.load({ items: { ...items(...urls), subsetSize: 5 } }));
    const left = urls.filter((url) => url !== first[0]);
    const second = used(reloads.load({ items: { ...items(...left), subsetSize: 5 } }));
    assert.equal(second.filter((url) => first.includes(url)).length, 4);
    assert.equal(second.length, 5);
  });
});

describe('what is late on a route', () => {
  it('is remembered over reloads, as long as the route is the same', (t) => {
    const reloads = createReloads(t);
    const route = { match: { path: '/items' }, service: 'items', hedge: true };
    const [before] = reloads.load({ items: items(A) }, {}, [route]).hedging;
    assert.ok(before);
    const [same] = reloads.load({ items: items(A, B) }, {}, [route]).hedging;
    assert.equal(same, before);
    const other = { ...route, match: { path: '/other' } };
    const [changed] = reloads.load({ items: items(A, B) }, {}, [other]).hedging;
    assert.notEqual(changed, before);
    const [none] = reloads.load({ items: items(A) }, {}, [{ ...route, hedge: false }]).hedging;
    assert.equal(none, undefined);
  });
});
