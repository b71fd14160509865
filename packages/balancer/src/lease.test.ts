import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Lease, type LeaseOwner } from './lease.ts';
import { createUpstream } from './upstream.ts';

/** An owner that writes down what it is told. */
function owner(): LeaseOwner & { readonly told: unknown[] } {
  const told: unknown[] = [];
  return {
    told,
    answered: (_, latencyMs, isGood, nowMs) => told.push({ latencyMs, isGood, nowMs }),
    released: (_, outcome, heldMs, nowMs) => told.push({ outcome, heldMs, nowMs }),
  };
}

function counts({ inFlight, waiting, requests }: ReturnType<typeof createUpstream>) {
  return { inFlight, waiting, requests };
}

describe('lease', () => {
  it('is in flight until its release, and waits until its answer', () => {
    const upstream = createUpstream({ key: 'a' });
    const told = owner();
    const first = new Lease(told, upstream, false, 100);
    const second = new Lease(told, upstream, false, 110);
    assert.deepEqual(counts(upstream), { inFlight: 2, waiting: 2, requests: 2 });
    first.answered(true, 120);
    assert.deepEqual(counts(upstream), { inFlight: 2, waiting: 1, requests: 2 });
    first.release('success', 150);
    second.release('ignored', 160);
    assert.deepEqual(counts(upstream), { inFlight: 0, waiting: 0, requests: 2 });
    assert.deepEqual(told.told, [
      { latencyMs: 20, isGood: true, nowMs: 120 },
      { outcome: 'success', heldMs: 50, nowMs: 150 },
      { outcome: 'ignored', heldMs: 50, nowMs: 160 },
    ]);
  });

  it('counts its first release only', () => {
    const upstream = createUpstream({ key: 'a' });
    const told = owner();
    const lease = new Lease(told, upstream, false, 0);
    assert.equal(lease.isReleased, false);
    lease.release('failure', 1);
    lease.release('failure', 2);
    lease.release('success', 3);
    assert.equal(lease.isReleased, true);
    assert.deepEqual(counts(upstream), { inFlight: 0, waiting: 0, requests: 1 });
    assert.deepEqual(told.told, [{ outcome: 'failure', heldMs: 1, nowMs: 1 }]);
  });

  it('counts its first answer only, and none after its release', () => {
    const upstream = createUpstream({ key: 'a' });
    const told = owner();
    const answered = new Lease(told, upstream, false, 0);
    answered.answered(true, 1);
    answered.answered(false, 2);
    const released = new Lease(told, upstream, false, 0);
    released.release('ignored', 3);
    released.answered(true, 4);
    assert.deepEqual(counts(upstream), { inFlight: 1, waiting: 0, requests: 2 });
    assert.equal(told.told.length, 2);
    assert.equal(released.isAnswered, false);
  });

  it('knows how many waited before it, and its upstream since when somebody does', () => {
    const upstream = createUpstream({ key: 'a' });
    const told = owner();
    const first = new Lease(told, upstream, false, 5);
    const second = new Lease(told, upstream, false, 6);
    assert.deepEqual([first.waitingBefore, second.waitingBefore], [0, 1]);
    assert.equal(upstream.waitingSinceMs, 5);
    first.answered(true, 7);
    second.answered(true, 8);
    assert.equal(new Lease(told, upstream, false, 9).waitingBefore, 0);
    assert.equal(upstream.waitingSinceMs, 9);
  });
});
