import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createUpstream, isFull, note } from './upstream.ts';

describe('upstream', () => {
  it('is new, idle, of weight 1 and not known to be ill', () => {
    const upstream = createUpstream({ key: 'http://a' });
    assert.equal(upstream.health.verdict, 'unknown');
    assert.equal(upstream.ejection.presence, 'in');
    assert.equal(upstream.weight, 1);
    assert.equal(upstream.share, 1);
    assert.equal(upstream.correction, 1);
    assert.equal(upstream.inFlight + upstream.waiting + upstream.requests + upstream.failures, 0);
    assert.equal(upstream.isDraining || upstream.isDisabled || upstream.isSlow, false);
    assert.equal(upstream.slot, -1);
    assert.equal(isFull(upstream), false);
  });

  it('is not made of a weight that could not be a share', () => {
    for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => createUpstream({ key: 'http://a', weight }), /upstream "http:\/\/a"/);
    }
  });

  it('is full with all it may have in flight, or all it may keep waiting', () => {
    const upstream = createUpstream({ key: 'a', maxInFlight: 3 });
    upstream.inFlight = 2;
    assert.equal(isFull(upstream), false);
    upstream.inFlight = 3;
    assert.equal(isFull(upstream), true);
    upstream.inFlight = 2;
    upstream.limit = 1;
    assert.equal(isFull(upstream), false);
    upstream.waiting = 1;
    assert.equal(isFull(upstream), true);
  });

  it('remembers its latest twenty events', () => {
    const upstream = createUpstream({ key: 'a' });
    for (let i = 0; i < 30; i++) note(upstream, { what: 'slow', reason: `${i}`, atMs: i });
    assert.equal(upstream.history.length, 20);
    assert.equal(upstream.history[0]?.reason, '10');
    assert.equal(upstream.history.at(-1)?.reason, '29');
  });
});
