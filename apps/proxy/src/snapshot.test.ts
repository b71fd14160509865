import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { answering, silent, startFakeUpstream } from './fake-upstream.test-support.ts';
import { A, acquire, B, createReloads, items, only, type Told } from './snapshot.test-support.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

describe('a snapshot', () => {
  it('routes to its services and keeps upstreams by their origin', (t) => {
    const snapshot = createReloads(t).load({ items: items(`${A}/`, 'HTTP://LocalHost:80') });
    const result = snapshot.router.match({
      method: 'GET',
      hostname: '',
      path: '/items',
      header: () => undefined,
    });
    assert.equal(result.kind, 'found');
    assert.deepEqual(
      [...(snapshot.services.get('items')?.upstreams.keys() ?? [])],
      [A, 'http://localhost'],
    );
  });
});

describe('a reload', () => {
  it('keeps the record and the connections of an upstream that did not change', async (t) => {
    const reloads = createReloads(t);
    const before = only(reloads.load({ items: items(A) }));
    const after = only(reloads.load({ items: { ...items(A, B), policy: 'random', retries: 0 } }));
    await reloads.retired();
    assert.equal(after.upstream, before.upstream);
    assert.equal(after.connections, before.connections);
    assert.equal(reloads.isClosed(after), false);
  });

  it('forgets no request in flight, and counts it down wherever it was counted', (t) => {
    const reloads = createReloads(t);
    const lease = acquire(reloads.load({ items: items(A) }));
    const after = reloads.load({ items: items(A, B) });
    const balancer = after.services.get('items')?.balancer;
    assert.equal(balancer?.inFlight, 1);
    assert.equal(acquire(after).upstream.key, B, 'the busier one was picked');
    lease.release('success', performance.now());
    assert.equal(balancer.inFlight, 1);
    assert.equal(only(reloads.load({ items: items(A) })).upstream.inFlight, 0);
  });

  it('applies a new weight to the same record', (t) => {
    const reloads = createReloads(t);
    const before = only(reloads.load({ items: items(A) }));
    const after = only(reloads.load({ items: { upstreams: [{ url: A, weight: 5 }] } }));
    assert.equal(after.upstream, before.upstream);
    assert.equal(after.upstream.weight, 5);
  });

  it('keeps a verdict while the check is the same', (t) => {
    const reloads = createReloads(t);
    const checked = { ...items(A), healthCheck: { interval: '1h' } };
    const { upstream } = only(reloads.load({ items: checked }));
    upstream.health.observe(false, 'refused', 0);
    const after = only(reloads.load({ items: { ...checked, healthCheck: { interval: '60m' } } }));
    assert.equal(after.upstream.health.verdict, 'unhealthy');
    assert.equal(after.upstream.health.history.length, 1);
  });

  for (const [what, healthCheck] of [
    ['another path', { interval: '1h', path: '/up' }],
    ['another fall', { interval: '1h', fall: 1 }],
    ['no check', undefined],
  ] as const) {
    it(`takes a verdict back for ${what}`, (t) => {
      const reloads = createReloads(t);
      const { upstream } = only(
        reloads.load({ items: { ...items(A), healthCheck: { interval: '1h' } } }),
      );
      upstream.health.observe(false, 'refused', 0);
      upstream.inFlight = 3;
      const after = only(
        reloads.load({ items: { ...items(A), ...(healthCheck && { healthCheck }) } }),
      );
      assert.equal(after.upstream.health.verdict, 'unknown');
      assert.equal(after.upstream.inFlight, 3);
    });
  }

  it('opens new connections when they have to be different ones', async (t) => {
    const reloads = createReloads(t);
    const before = only(reloads.load({ items: items(A) }));
    const slower = { ...items(A), timeouts: { connect: '9s' } };
    const between = only(reloads.load({ items: slower }));
    await reloads.retired();
    assert.equal(between.upstream, before.upstream);
    assert.equal(reloads.isClosed(before), true);
    const after = only(reloads.load({ items: slower }, { responseHeadSize: '64KiB' }));
    await reloads.retired();
    assert.equal(reloads.isClosed(between), true);
    assert.equal(reloads.isClosed(after), false);
  });

  it('keeps connections that only what is done on them changes', async (t) => {
    const reloads = createReloads(t);
    const before = only(reloads.load({ items: items(A) }));
    const patient = { ...items(A), timeouts: { firstByte: '9s', idle: '8s' } };
    const snapshot = reloads.load({ items: patient });
    await reloads.retired();
    assert.equal(only(snapshot).connections, before.connections);
    assert.equal(reloads.isClosed(before), false);
    const timeouts = snapshot.services.get('items')?.exchangeTimeouts;
    assert.deepEqual(timeouts, { firstByteMs: 9_000, idleMs: 8_000 });
  });

  it('closes the connections of an upstream that is gone, and of a service that is gone', async (t) => {
    const reloads = createReloads(t);
    const before = reloads.load({ items: items(A, B), users: items(A) });
    const after = reloads.load({ items: items(A) });
    await reloads.retired();
    assert.equal(reloads.isClosed(only(before, B)), true);
    assert.equal(reloads.isClosed(only(before, A, 'users')), true);
    assert.equal(reloads.isClosed(only(after)), false);
  });

  it('begins anew with an upstream that comes back', async (t) => {
    const reloads = createReloads(t);
    const before = only(reloads.load({ items: items(A, B) }), B);
    reloads.load({ items: items(A) });
    await reloads.retired();
    const after = only(reloads.load({ items: items(A, B) }), B);
    assert.notEqual(after.upstream, before.upstream);
    assert.equal(reloads.isClosed(after), false);
  });

  it('keeps the same address apart in two services', (t) => {
    const snapshot = createReloads(t).load({ items: items(A), users: items(A) });
    assert.notEqual(only(snapshot).upstream, only(snapshot, A, 'users').upstream);
  });

  it('lets an attempt finish before it closes the connections under it', async (t) => {
    const fake = await startFakeUpstream(silent);
    t.after(() => fake.close());
    const reloads = createReloads(t);
    const { connections } = only(reloads.load({ items: items(fake.url) }), fake.url);
    const connection = await new Promise<UpstreamConnection>((resolve, reject) => {
      connections.take({ connected: resolve, notConnected: reject });
    });

    reloads.load({ items: items(A) });
    let isRetired = false;
    const retired = reloads.retired().then(() => {
      isRetired = true;
    });
    for (let i = 0; i < 5; i++) await turn();
    assert.equal(isRetired, false);

    connections.becameFree(connection);
    await retired;
  });
});

describe('health checks of a snapshot', () => {
  const healthCheck = { interval: '10ms', fall: 1, rise: 1 };

  it('take an upstream out, tell about it, and bring it back', async (t) => {
    const good = await startFakeUpstream(answering(200));
    const bad = await startFakeUpstream(answering(500));
    t.after(() => Promise.all([good.close(), bad.close()]));
    const told: Told[] = [];
    const reloads = createReloads(t, (event) => told.push(event));
    const snapshot = reloads.load({ items: { ...items(bad.url, good.url), healthCheck } });

    // By the third question the verdict of the first two answers is in.
    await Promise.all([bad.asked(3), good.asked(3)]);
    const byUpstream = (url: string) =>
      told
        .filter(({ upstream }) => upstream === url)
        .map(({ what, reason }) => `${what} ${reason}`);
    assert.deepEqual(byUpstream(bad.url), ['unhealthy /health answered 500']);
    assert.deepEqual(byUpstream(good.url), ['healthy answered']);
    assert.equal(acquire(snapshot).upstream.key, good.url);
    assert.equal(acquire(snapshot).upstream.key, good.url);

    bad.answer = answering(200);
    await bad.asked(bad.requests.length + 2);
    assert.equal(acquire(snapshot).upstream.key, bad.url);
  });

  it('end with their snapshot and go on in the next', async (t) => {
    const kept = await startFakeUpstream(answering(200));
    const gone = await startFakeUpstream(answering(200));
    t.after(() => Promise.all([kept.close(), gone.close()]));
    const reloads = createReloads(t);
    reloads.load({ items: { ...items(kept.url, gone.url), healthCheck } });
    await Promise.all([kept.asked(2), gone.asked(2)]);

    reloads.load({ items: { ...items(kept.url), healthCheck } });
    await reloads.retired();
    // One question may have been on its way.
    const askedAtMost = gone.requests.length + 1;
    await kept.asked(kept.requests.length + 10);
    assert.ok(gone.requests.length <= askedAtMost);
  });
});
