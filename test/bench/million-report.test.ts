import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millionTables } from './million-report.ts';
import type { MillionRun } from './million-run.ts';

const run = (stack: string, round: number, calls: number, given: Partial<MillionRun> = {}) => ({
  stack,
  round,
  invalid: undefined,
  calls,
  failed: 0,
  partnerCalls: 2 * calls,
  wallUs: calls * 100,
  cpuUs: { edge: calls * 10, origin: calls * 40, partner: calls * 20, load: calls * 5 },
  othersShare: 0,
  p50Ms: 1,
  p99Ms: 2,
  ...given,
});

test('a million that was made is told as it is, fewer calls are multiplied up and marked', () => {
  const theirs = { cpuUs: { edge: 1_000, origin: 499_000, partner: 0, load: 0 } };
  const text = millionTables(
    [run('ours', 1, 400_000), run('theirs', 1, 5_000, theirs), run('ours', 2, 600_000)],
    [],
  );
  assert.match(text, /^ours +1000000 +0 +10000 +1\.0 +2\.0 +1 min 40 s +0 min 50 s +1 min 15 s$/m);
  assert.match(text, /^theirs +5000 .* ≈ 1 min 40 s +≈ 1 min 40 s +≈ 1 min 40 s$/m);
});

test('costs are per call by role, and compared within a round', () => {
  const theirs = { cpuUs: { edge: 10_000, origin: 90_000, partner: 20_000, load: 5_000 } };
  const text = millionTables([run('ours', 1, 1_000), run('theirs', 1, 1_000, theirs)], []);
  assert.match(text, /^ours +10 +40 +20 +5 +50 \(50-50\) +1\.00 /m);
  assert.match(text, /^theirs +10 +90 +20 +5 +100 \(100-100\) +0\.50 /m);
});

test('what did not count is in no figure and is named', () => {
  const invalid = run('ours', 2, 10, { invalid: '3 of 13 calls failed', wallUs: 1e12 });
  const text = millionTables([run('ours', 1, 1_000), invalid], ['other failed: it exited']);
  assert.match(text, /^ours +1000 +0 +10000 /m);
  assert.match(text, /^! ours, round 2, does not count: 3 of 13 calls failed$/m);
  assert.match(text, /^! other failed: it exited$/m);
});

test('a stack of which nothing counted has no figures', () => {
  const text = millionTables([run('ours', 1, 10, { invalid: 'it exited' })], []);
  assert.equal(text.match(/^ours +invalid$/gm)?.length, 2);
});
