import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spread, summarise } from './summary.ts';
import type { Window } from './window.ts';

const window = (contestant: string, round: number, cpuUs: number, invalid?: string): Window => ({
  contestant,
  round,
  invalid,
  requests: 100,
  requestsPerSecond: 50,
  p50Us: 1,
  p99Us: 2,
  userUs: cpuUs / 4,
  systemUs: (cpuUs * 3) / 4,
  rssBytes: 1024,
  coreShare: 0.5,
  othersShare: 0,
});

test('a spread has the middle, the least and the greatest', () => {
  assert.deepEqual(spread([5, 1, 3]), { median: 3, min: 1, max: 5 });
  assert.deepEqual(spread([4, 1, 2, 9]), { median: 3, min: 1, max: 9 });
  assert.ok(Number.isNaN(spread([]).median));
});

test('CPU is per request, user and system apart', () => {
  const [summary] = summarise([window('a', 1, 4000)], 'a');
  assert.equal(summary?.userUs.median, 10);
  assert.equal(summary?.systemUs.median, 30);
  assert.equal(summary?.totalUs.median, 40);
  assert.equal(summary?.ratio?.median, 1);
});

test('ratios are taken within rounds, so that a slow round for all changes nothing', () => {
  const windows = [window('a', 1, 1000), window('a', 2, 3000)];
  const [, theirs] = summarise([...windows, window('b', 1, 2000), window('b', 2, 6000)], 'a');
  assert.deepEqual(theirs?.ratio, { median: 0.5, min: 0.5, max: 0.5 });
});

test('an invalid window is counted and told, and its figures are not used', () => {
  const windows = [window('a', 1, 1000), window('b', 1, 9000, 'errors'), window('b', 2, 2000)];
  const [, theirs] = summarise(windows, 'a');
  assert.equal(theirs?.validWindows, 1);
  assert.equal(theirs?.windows, 2);
  assert.equal(theirs?.invalid, 'errors');
  assert.equal(theirs?.totalUs.median, 20);
  assert.equal(theirs?.ratio, undefined);
});
