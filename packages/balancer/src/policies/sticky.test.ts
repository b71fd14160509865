import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Upstream } from '../upstream.ts';
import { ask, hold, idle, offer } from './policy.test-support.ts';
import { createSticky } from './sticky.ts';

function three() {
  const policy = createSticky();
  const upstreams = idle(1, 1, 1) as [Upstream, Upstream, Upstream];
  offer(policy, upstreams);
  const pick = (stickTo?: string, tried: readonly Upstream[] = []) =>
    policy.pick(ask({ stickTo, tried }), () => 0)?.key;
  return { policy, upstreams, pick };
}

describe('sticky', () => {
  it('stays with the upstream of the client though others have less to do', () => {
    const { policy, upstreams, pick } = three();
    hold(policy, upstreams[2], 10);
    assert.equal(pick('c'), 'c');
  });

  it('goes by least connections for a client without one, or with one nobody knows', () => {
    const { policy, upstreams, pick } = three();
    hold(policy, upstreams[0]);
    hold(policy, upstreams[2]);
    assert.equal(pick(), 'b');
    assert.equal(pick('gone'), 'b');
  });

  it('leaves an upstream that was tried, is full or is no candidate any more', () => {
    const { policy, upstreams, pick } = three();
    const [a, b, c] = upstreams;
    assert.equal(pick('c', [c]), 'a');
    c.limit = 0;
    policy.update?.(c);
    assert.equal(pick('c'), 'a');
    c.limit = 1;
    policy.update?.(c);
    assert.equal(pick('c'), 'c');
    offer(policy, [a, b]);
    assert.equal(pick('c'), 'a');
  });

  it('leaves an upstream that has much more than its share to do, and comes back to it', () => {
    const { policy, upstreams, pick } = three();
    const [a, b, c] = upstreams;
    hold(policy, a, 20);
    hold(policy, b, 20);
    // The mean is (40 + x) / 3, so that x is within 2 means + 10 up to 110.
    hold(policy, c, 110);
    assert.equal(pick('c'), 'c');
    hold(policy, c);
    assert.equal(pick('c'), 'a');
    hold(policy, c, -1);
    assert.equal(pick('c'), 'c');
  });

  it('lets a heavier upstream keep more', () => {
    const policy = createSticky();
    const upstreams = idle(1, 3) as [Upstream, Upstream];
    offer(policy, upstreams);
    hold(policy, upstreams[1], 100);
    const pick = (stickTo: string) => policy.pick(ask({ stickTo }), () => 0)?.key;
    assert.equal(pick('b'), 'b');
    hold(policy, upstreams[1], -100);
    hold(policy, upstreams[0], 100);
    assert.equal(pick('a'), 'b');
  });
});
