import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ask } from './policies/policy.test-support.ts';
import { nextTrial, trialsDue } from './trials.ts';
import { createUpstream, type Upstream } from './upstream.ts';

/** Long enough for anything to be due, and requests enough. */
const LONG_MS = 60_000;
const MANY_PICKS = 10_000;

function avoided(key = 'a'): Upstream {
  const upstream = createUpstream({ key });
  upstream.correction = 10;
  upstream.pickedMs = 0;
  upstream.slowSinceMs = -LONG_MS;
  upstream.latency.answers = 1_000;
  return upstream;
}

function ejected(key = 'a'): Upstream {
  const upstream = createUpstream({ key });
  upstream.ejection.eject(0, () => 0.5);
  return upstream;
}

const isDue = (upstream: Upstream, nowMs = LONG_MS, picks = MANY_PICKS) =>
  trialsDue([upstream], picks, nowMs).includes(upstream);

describe('trials', () => {
  it('are due for one ejected whose time is up', () => {
    const upstream = ejected();
    assert.equal(isDue(upstream, upstream.ejection.untilMs - 1), false);
    assert.equal(isDue(upstream, upstream.ejection.untilMs), true);
  });

  it('are due for one avoided for long, not for one that is picked like any other', () => {
    const upstream = avoided();
    assert.equal(isDue(upstream, 10), false);
    assert.equal(isDue(upstream), true);
    upstream.correction = 1;
    assert.equal(isDue(upstream), false);
  });

  it('come sooner the more requests there are, but come', () => {
    const upstream = avoided();
    const firstMs = (picks: number) => {
      let nowMs = 0;
      while (!isDue(upstream, nowMs, picks)) nowMs += 100;
      return nowMs;
    };
    assert.ok(firstMs(MANY_PICKS) < firstMs(1));
    assert.ok(firstMs(1) <= LONG_MS);
  });

  it('come sooner while few answers are known, unless it is failing', () => {
    const upstream = avoided();
    upstream.latency.answers = 6;
    assert.equal(isDue(upstream, 200, 20), true);
    upstream.detector.run = 1;
    assert.equal(isDue(upstream, 200, 20), false);
    upstream.detector.run = 0;
    upstream.latency.answers = 60;
    assert.equal(isDue(upstream, 200, 20), false);
  });

  it('come soon after it has become slow, and then at longer intervals', () => {
    const upstream = avoided();
    upstream.slowSinceMs = 0;
    const due: number[] = [];
    for (let nowMs = 0; nowMs < 10_000; nowMs += 5) {
      if (!isDue(upstream, nowMs)) continue;
      due.push(nowMs);
      upstream.pickedMs = nowMs;
    }
    const [first, second, ...later] = due as [number, number, ...number[]];
    assert.ok(first <= 200 && second - first <= 400, `${due}`);
    assert.ok(later.length <= 12, `${due}`);
  });

  it('are left to those that wait, unless these get no answer either', () => {
    const upstream = avoided();
    upstream.waiting = 1;
    upstream.waitingSinceMs = 0;
    upstream.latency.hear(0, 4_900);
    assert.equal(isDue(upstream, 5_000), false);
    upstream.pickedMs = 5_000;
    const due: number[] = [];
    for (let nowMs = 5_000; nowMs < 35_000; nowMs += 100) {
      if (!isDue(upstream, nowMs)) continue;
      due.push(nowMs);
      upstream.pickedMs = nowMs;
    }
    assert.ok(due.length >= 2 && due.length <= 10, `${due}`);
  });

  it('are for nobody who is disabled, draining or unhealthy', () => {
    const upstreams = ['a', 'b', 'c'].flatMap((key) => [ejected(key), avoided(`${key}2`)]);
    const [a, a2, b, b2, c, c2] = upstreams as [
      Upstream,
      Upstream,
      Upstream,
      Upstream,
      Upstream,
      Upstream,
    ];
    for (const one of [a, a2]) one.isDisabled = true;
    for (const one of [b, b2]) one.isDraining = true;
    for (const one of [c, c2]) one.health.observe(false, 'refused', 0);
    assert.deepEqual(trialsDue(upstreams, MANY_PICKS, LONG_MS), []);
  });

  it('take a request that can be repeated, until they are overdue', () => {
    const upstream = ejected();
    const { untilMs } = upstream.ejection;
    const take = (isRepeatable: boolean, nowMs: number) =>
      nextTrial([upstream], ask({ isRepeatable, nowMs }), false);
    assert.equal(take(true, untilMs), upstream);
    assert.equal(take(false, untilMs), undefined);
    assert.equal(take(false, 10 * untilMs), upstream);
  });

  it('take any request for one that is only slow', () => {
    const upstream = avoided();
    assert.equal(nextTrial([upstream], ask({ isRepeatable: false }), false), upstream);
    upstream.detector.run = 1;
    assert.equal(nextTrial([upstream], ask({ isRepeatable: false }), false), undefined);
  });

  it('take no request that was tried there, and go to nobody who is full', () => {
    const [a, b] = [avoided('a'), avoided('b')];
    assert.equal(nextTrial([a, b], ask(), false), a);
    assert.equal(nextTrial([a, b], ask({ tried: [a] }), false), b);
    a.inFlight = a.maxInFlight = 1;
    assert.equal(nextTrial([a, b], ask(), false), b);
    assert.equal(nextTrial([a], ask(), false), undefined);
  });

  it('where the policy is blind to how upstreams are, are for those that are out', () => {
    const slow = avoided('a');
    const out = ejected('b');
    assert.equal(nextTrial([slow, out], ask({ nowMs: LONG_MS }), false), slow);
    assert.equal(nextTrial([slow, out], ask({ nowMs: LONG_MS }), true), out);
    assert.equal(nextTrial([slow], ask({ nowMs: LONG_MS }), true), undefined);
  });
});
