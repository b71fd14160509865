import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Breaker, createBreaker, type Pass } from './breaker.ts';
import type { LeaseOutcome } from './lease.ts';

const options = { minRequests: 4, failureRatio: 0.5, windowMs: 1_000, openMs: 100 };

function settleOne(breaker: Breaker, outcome: LeaseOutcome, nowMs: number): void {
  breaker.settle(breaker.admit(nowMs) as Pass, outcome, nowMs);
}

function opened(): Breaker {
  const breaker = createBreaker(options);
  for (let i = 0; i < 4; i++) settleOne(breaker, 'failure', 0);
  assert.equal(breaker.state, 'open');
  return breaker;
}

test('it opens when enough have been asked and too many of them failed', () => {
  const breaker = createBreaker(options);
  for (const outcome of ['failure', 'success', 'success'] as const) settleOne(breaker, outcome, 0);
  assert.equal(breaker.state, 'closed');
  settleOne(breaker, 'failure', 0);
  assert.deepEqual([breaker.state, breaker.openings], ['open', 1]);
  assert.equal(breaker.admit(99), undefined);
  assert.equal(breaker.waitMs(40), 60);
});

test('fewer failures than the ratio leave it closed for ever', () => {
  const breaker = createBreaker(options);
  for (let i = 0; i < 300; i++) settleOne(breaker, i % 3 === 2 ? 'failure' : 'success', i);
  assert.equal(breaker.state, 'closed');
});

test('when its time is up one request is tried, and no other beside it', () => {
  const breaker = opened();
  const pass = breaker.admit(100);
  assert.notEqual(pass, undefined);
  assert.equal(breaker.state, 'half-open');
  assert.equal(breaker.admit(100), undefined);
  breaker.settle(pass as Pass, 'success', 110);
  assert.equal(breaker.state, 'closed');
});

test('a trial that fails opens it again for as long', () => {
  const breaker = opened();
  settleOne(breaker, 'failure', 150);
  assert.deepEqual([breaker.state, breaker.waitMs(150), breaker.openings], ['open', 100, 2]);
});

test('a trial that was given up lets another one try', () => {
  const breaker = opened();
  settleOne(breaker, 'ignored', 100);
  assert.equal(breaker.state, 'half-open');
  settleOne(breaker, 'success', 101);
  assert.equal(breaker.state, 'closed');
});

test('what was sent before it opened decides nothing afterwards', () => {
  const breaker = createBreaker(options);
  const early = breaker.admit(0) as Pass;
  for (let i = 0; i < 4; i++) settleOne(breaker, 'failure', 0);
  breaker.settle(early, 'success', 50);
  assert.equal(breaker.state, 'open');
  const trial = breaker.admit(100) as Pass;
  breaker.settle(early, 'failure', 110);
  assert.equal(breaker.state, 'half-open');
  breaker.settle(trial, 'success', 120);
  assert.equal(breaker.state, 'closed');
});

test('failures are forgotten when the window is over', () => {
  const breaker = createBreaker(options);
  for (let i = 0; i < 3; i++) settleOne(breaker, 'failure', 0);
  settleOne(breaker, 'failure', 1_000);
  assert.equal(breaker.state, 'closed');
});

test('numbers that make no sense are refused by name', () => {
  for (const name of Object.keys(options)) {
    for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => createBreaker({ [name]: value }), new RegExp(`breaker: ${name} is`));
    }
  }
  assert.throws(() => createBreaker({ failureRatio: 1.1 }), /failureRatio is 1.1/);
});

test('property: while open nobody passes, and never more than one on trial at a time', () => {
  const step = fc.record({
    pauseMs: fc.nat(80),
    what: fc.constantFrom('admit', 'success', 'failure', 'ignored'),
    which: fc.nat(20),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const breaker = createBreaker(options);
      const passes: Pass[] = [];
      let nowMs = 0;
      let openedMs = Number.NEGATIVE_INFINITY;
      let trial: Pass | undefined;
      for (const { pauseMs, what, which } of steps) {
        nowMs += pauseMs;
        if (what === 'admit') {
          const pass = breaker.admit(nowMs);
          if (pass === undefined) continue;
          assert.ok(nowMs >= openedMs + options.openMs, 'let through while open');
          passes.push(pass);
          if (breaker.state !== 'half-open') continue;
          assert.equal(trial, undefined, 'two on trial at once');
          trial = pass;
        } else {
          const [pass] = passes.splice(which % Math.max(1, passes.length), 1);
          if (pass === undefined) continue;
          const { openings, state } = breaker;
          breaker.settle(pass, what as LeaseOutcome, nowMs);
          if (breaker.openings > openings) openedMs = nowMs;
          if (state === 'open') assert.equal(breaker.state, 'open', 'only time ends it');
          if (pass === trial) trial = undefined;
          else if (state === 'half-open') assert.equal(breaker.state, 'half-open');
        }
      }
    }),
  );
});
