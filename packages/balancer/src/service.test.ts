import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ask } from './policies/policy.test-support.ts';
import { failUntilOut, lease, served, serviceOf, three } from './service.test-support.ts';
import { createUpstream, type Upstream } from './upstream.ts';

describe('who may get requests', () => {
  it('not an unhealthy upstream, until it is healthy again', () => {
    const [a, b, c] = three();
    const service = serviceOf([a, b, c]);
    a.health.observe(false, 'refused', 0);
    service.refresh(0);
    assert.equal(served(service), 'bc');
    a.health.observe(true, 'answered', 1);
    service.refresh(1);
    assert.equal(served(service), 'abc');
  });

  it('not draining and disabled upstreams, however healthy', () => {
    const [a, b, c] = three();
    a.isDraining = true;
    b.isDisabled = true;
    for (const upstream of [a, b, c]) upstream.health.observe(true, 'answered', 0);
    const service = serviceOf([a, b, c]);
    assert.equal(served(service), 'c');
    c.isDraining = true;
    service.refresh(0);
    assert.equal(served(service), 'none');
    assert.equal(service.isPanicking, false);
  });

  it('is decided in refresh only', () => {
    const [a, b, c] = three();
    const service = serviceOf([a, b, c]);
    a.isDisabled = true;
    assert.equal(served(service), 'abc');
    service.refresh(0);
    assert.equal(served(service), 'bc');
  });

  it('health excludes half of the weight, and not an ounce more', () => {
    const [a, b, c] = three();
    a.weight = 2;
    const service = serviceOf([a, b, c]);
    a.health.observe(false, 'refused', 0);
    service.refresh(0);
    assert.equal(service.isPanicking, false);
    assert.equal(served(service), 'bc');

    a.weight = 2.01;
    service.refresh(0);
    assert.equal(service.isPanicking, true);
    assert.equal(served(service), 'abc');
  });

  it('a panic leaves out what is disabled or draining', () => {
    const [a, b, c] = three();
    for (const upstream of [a, b, c]) upstream.health.observe(false, 'refused', 0);
    a.isDisabled = true;
    b.isDraining = true;
    const service = serviceOf([a, b, c]);
    assert.equal(service.isPanicking, true);
    assert.equal(served(service), 'c');
  });

  it('a panic brings back what was ejected, as well', () => {
    const [a, b, c] = three();
    const service = serviceOf([a, b, c]);
    const nowMs = failUntilOut(service, a, 0);
    for (const upstream of [b, c]) upstream.health.observe(false, 'refused', nowMs);
    service.refresh(nowMs);
    assert.equal(service.isPanicking, true);
    assert.equal(served(service, { nowMs, tried: [b, c] }), 'a');
  });

  it('candidates carry their places, nobody else has one', () => {
    const [a, b, c] = three();
    const service = serviceOf([a, b, c]);
    assert.deepEqual([a.slot, b.slot, c.slot], [0, 1, 2]);
    b.isDisabled = true;
    service.refresh(0);
    assert.deepEqual([a.slot, b.slot, c.slot], [0, -1, 1]);
  });
});

describe('acquire', () => {
  it('does not pick again what was tried; when all were, there is nobody', () => {
    const [a, b, c] = three();
    const service = serviceOf([a, b, c]);
    assert.equal(served(service, { tried: [a] }), 'bc');
    assert.equal(served(service, { tried: [a, c] }), 'b');
    assert.equal(served(service, { tried: [a, b, c] }), 'none');
  });

  it('gives nothing without upstreams', () => {
    const service = serviceOf([]);
    assert.equal(served(service), 'none');
    assert.equal(service.isPanicking, false);
    assert.equal(service.inFlight, 0);
    service.review(10);
  });

  it('says full when those left are full, and goes on when one is not any more', () => {
    const upstreams = ['a', 'b'].map((key) => createUpstream({ key, maxInFlight: 1 }));
    const [a] = upstreams as [Upstream];
    const service = serviceOf(upstreams);
    const leases = [lease(service), lease(service)];
    assert.equal(service.acquire(ask()), 'full');
    assert.equal(service.acquire(ask({ tried: [a] })), 'full');
    assert.equal(service.acquire(ask({ tried: upstreams })), 'none');
    leases[0]?.release('success', 1);
    assert.equal(lease(service).upstream, leases[0]?.upstream);
  });

  it('says full at the most of the whole service', () => {
    const service = serviceOf(three(), { maxInFlight: 2 });
    const first = lease(service);
    lease(service);
    assert.equal(service.acquire(ask()), 'full');
    first.release('ignored', 1);
    lease(service);
  });

  it('draws ties at random', () => {
    assert.equal(served(serviceOf(three())), 'abc');
  });

  it('counts in the same turn: a burst is spread evenly', () => {
    const upstreams = three();
    const service = serviceOf(upstreams);
    for (let i = 0; i < 30; i++) lease(service);
    assert.deepEqual(
      upstreams.map(({ inFlight }) => inFlight),
      [10, 10, 10],
    );
  });

  it('works at a clock of 0, and for an upstream on its own', () => {
    const only = createUpstream({ key: 'a' });
    const service = serviceOf([only]);
    for (let i = 0; i < 200; i++) {
      const taken = lease(service, { nowMs: 0 });
      taken.answered(i % 2 === 0, 0);
      taken.release(i % 2 === 0 ? 'success' : 'failure', 0);
    }
    assert.equal(only.ejection.presence, 'in');
    assert.ok(only.share > 0 && Number.isFinite(only.correction));
    assert.equal(only.failures, 100);
  });
});

describe('a lease', () => {
  it('is counted as one failure at most, whenever that shows', () => {
    const only = createUpstream({ key: 'a' });
    const service = serviceOf([only]);
    const early = lease(service);
    early.answered(false, 1);
    early.release('failure', 2);
    assert.equal(only.failures, 1);
    const late = lease(service);
    late.answered(true, 3);
    late.release('failure', 4);
    assert.equal(only.failures, 2);
    const refused = lease(service);
    refused.release('failure', 5);
    refused.answered(false, 6);
    assert.equal(only.failures, 3);
    lease(service).release('ignored', 7);
    assert.equal(only.failures, 3);
    assert.equal(service.inFlight, 0);
  });

  it('held for hours, like a WebSocket, is load and nothing else', () => {
    const [a, b, c] = three();
    const service = serviceOf([a, b, c]);
    const sockets = Array.from({ length: 30 }, () => lease(service));
    for (const socket of sockets) socket.answered(true, 5);
    for (let nowMs = 10; nowMs < 20_000; nowMs += 10) {
      const taken = lease(service, { nowMs });
      taken.answered(true, nowMs + 5);
      taken.release('success', nowMs + 5);
    }
    for (const { correction, limit, inFlight } of [a, b, c]) {
      assert.deepEqual([correction, limit, inFlight], [1, Number.POSITIVE_INFINITY, 10]);
    }
    for (const socket of sockets) socket.release('success', 1e8);
    assert.equal(service.inFlight, 0);
    service.review(1e8);
    assert.equal(a.correction, 1);
  });
});

describe('what others have in flight', () => {
  it('counts as load at the upstream that reported it', () => {
    const [a, b, c] = three();
    const service = serviceOf([a, b, c]);
    service.reported(a, 50, 0);
    service.reported(b, 0, 0);
    service.reported(c, 0, 0);
    assert.equal(served(service), 'bc');
  });
});
