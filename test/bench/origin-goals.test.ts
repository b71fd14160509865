import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goalLine, judgeCost } from './origin-goals.ts';
import type { Window } from './window.ts';

const windows = [
  window('kit', 1, 20),
  window('kit', 2, 40),
  window('kit', 3, 22),
  window('fastapi', 1, 100),
  window('fastapi', 2, 400),
  window('fastapi', 3, 110),
  window('falcon', 1, 90),
  window('falcon', 2, 360),
  window('falcon', 3, 99),
];

test('a goal compares windows of the same round, and says how many times less it is', () => {
  const verdict = judgeCost({ entry: 'kit', beside: ['fastapi'], maxRatio: 1 / 4 }, windows);
  assert.equal(
    goalLine(verdict),
    'goal: kit at least 4 × less than fastapi: 5.0 × less than fastapi: reached',
  );
});

test('of several peers the cheaper one counts', () => {
  const goal = { entry: 'kit', beside: ['fastapi', 'falcon'], maxRatio: 1 / 5 };
  assert.equal(
    goalLine(judgeCost(goal, windows)),
    'goal: kit at least 5 × less than the better of fastapi, falcon: 4.5 × less than falcon: missed',
  );
});

test('a goal may allow more than the other takes', () => {
  const goal = { entry: 'fastapi', beside: ['falcon'], maxRatio: 1.35 };
  assert.equal(
    goalLine(judgeCost(goal, windows)),
    'goal: fastapi at most 1.35 × falcon: 1.11 × falcon: reached',
  );
});

test('without a figure of both in one round nothing is claimed', () => {
  const goal = { entry: 'kit', beside: ['fastapi'], maxRatio: 1 / 4 };
  const invalid = windows.map((one) =>
    one.contestant === 'fastapi' ? { ...one, invalid: 'it went away' } : one,
  );
  for (const some of [[], windows.slice(0, 4).slice(1), invalid]) {
    const verdict = judgeCost(goal, some);
    assert.equal(verdict.isReached, false);
    assert.equal(goalLine(verdict), 'goal: kit at least 4 × less than fastapi: not measured');
  }
});

function window(contestant: string, round: number, costUs: number): Window {
  return {
    contestant,
    round,
    invalid: undefined,
    requests: 10,
    requestsPerSecond: 10,
    p50Us: 1,
    p99Us: 1,
    userUs: costUs * 9,
    systemUs: costUs,
    rssBytes: 1,
    coreShare: 1,
    othersShare: 0,
  };
}
